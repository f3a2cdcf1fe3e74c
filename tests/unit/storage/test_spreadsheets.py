"""What spreadsheets make of a CSV, and that it is read as it was meant."""

from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.storage.spreadsheets import (
    MAC,
    SEPARATORS,
    UTF_8,
    UTF_16,
    UTF_32,
    WINDOWS,
    decoded,
    encoded_like,
    escaped,
    rows_of,
    separator_of,
    unescaped,
)

TEXT = "Photo;Person\r\nmüller.jpg;Jürgen Müller\r\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), UTF_8),
        (codecs.BOM_UTF8 + TEXT.encode(), UTF_8),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), UTF_16),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), UTF_16),
        (TEXT.encode("utf-16-le"), UTF_16),
        (TEXT.encode("utf-16-be"), UTF_16),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), UTF_32),
        (TEXT.encode("cp1252"), WINDOWS),
        (TEXT.encode("latin-1"), WINDOWS),
    ],
)
def test_the_encodings_that_spreadsheets_write(content: bytes, encoding: str) -> None:
    assert decoded(content) == (TEXT, encoding)


def test_line_ends_of_the_macintosh_mean_its_encoding() -> None:
    text = "Photo;Person\rmüller.jpg;Jürgen Müßig\r"
    assert decoded(text.encode("mac_roman")) == (text, MAC)
    assert encoded_like("Łódź\rKöln\r", text.encode("mac_roman")) == "Łódź\r".encode() + b"K\x9aln\r"
    assert list(rows_of(f"sep=;\r{text}", ";"))[1][1] == ["müller.jpg", "Jürgen Müßig"]


def test_utf_8_appended_to_what_a_spreadsheet_wrote() -> None:
    assert decoded("Köln\n".encode("cp1252") + "Łódź\n".encode()) == ("Köln\nŁódź\n", WINDOWS)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04\x14\x00", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "workbook"),
        (b"\0" * 100, "no text"),
        (codecs.BOM_UTF16_LE + b"a\0b", "UTF-16"),
    ],
)
def test_what_is_no_csv_says_so(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decoded(content)


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("photo,person", ","),
        ("Photo;Person", ";"),
        ("photo\tperson", "\t"),
        ("photo|person", "|"),
        ("\n\n photo ; person", ";"),
        ('"photo, as it is called";person;photo', ";"),
        ("photo;person;a,b,c,d,e,f", ";"),
        ("sep=|\nphoto;person", "|"),
        ("", ","),
    ],
)
def test_the_separator_is_told_from_the_header(header: str, separator: str) -> None:
    assert separator_of(header, ("photo", "person")) == separator


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a;b\r\n1;2\r\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        ("a;b;;\n\n;;;\n1;2;;\n", [(1, ["a", "b"]), (4, ["1", "2"])]),
        ("sep=;\na;b\n", [(2, ["a", "b"])]),
        ('a;b\n"x;y";"l 1\nl 2"\n', [(1, ["a", "b"]), (3, ["x;y", "l 1\nl 2"])]),
        ('a,b\n"x;y.jpg,""Ada, L."""\n', [(1, ["a", "b"]), (2, ["x;y.jpg", "Ada, L."])]),
        ("a;b\nDoe, J.jpg;\n", [(1, ["a", "b"]), (2, ["Doe, J.jpg"])]),
    ],
)
def test_rows_with_the_number_of_their_line(text: str, rows: list[tuple[int, list[str]]]) -> None:
    assert list(rows_of(text, separator_of(text))) == rows


@pytest.mark.parametrize(("text", "line"), [('a,b\n"1"x,2\n', 2), ('a,b\n"1,2\n3,4\n', 3)])
def test_a_quote_that_is_not_closed_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"line {line} is no CSV"):
        list(rows_of(text, ","))


@given(st.text())
def test_an_escaped_cell_is_no_formula_and_comes_back(cell: str) -> None:
    assert not escaped(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescaped(escaped(cell)) == cell


@given(
    st.lists(st.lists(st.text("aé;,\t|\"' \n", min_size=1).filter(str.strip), min_size=2), min_size=1),
    st.sampled_from(SEPARATORS),
)
def test_every_table_comes_back(rows: list[list[str]], separator: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows(rows)
    content = stream.getvalue().encode("utf-16")
    assert [cells for _, cells in rows_of(decoded(content)[0], separator)] == rows
