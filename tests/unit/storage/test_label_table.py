"""Tables of labels as people have them: every header, separator and encoding that spreadsheets write."""

from __future__ import annotations

from pathlib import Path

import pytest

from photoclust.errors import UsageError
from photoclust.storage.label_table import read_label_table

LINES = ("a b.jpg", "Zoë Müller"), ("c;d,e.jpg", "Ada, Countess")


def table(header: str, separator: str) -> str:
    quoted = [separator.join(f'"{cell}"' for cell in line) for line in LINES]
    return "\r\n".join([header.replace(",", separator), *quoted, ""])


def read(tmp_path: Path, content: bytes) -> list[tuple[str, str]]:
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    return [(row.photo, row.person) for row in read_label_table(file).rows]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_every_separator_in_every_encoding(tmp_path: Path, separator: str, encoding: str) -> None:
    assert read(tmp_path, table("Photo,Person", separator).encode(encoding)) == list(LINES)


@pytest.mark.parametrize(
    "header",
    ["path,label", "PHOTO,PERSON", " Photo , Person ", "file,name", "File Name,Identity", "name,label"],
)
def test_headers_that_people_write(tmp_path: Path, header: str) -> None:
    assert read(tmp_path, table(header, ";").encode()) == list(LINES)


def test_the_order_of_columns_does_not_matter_and_others_are_passed_over(tmp_path: Path) -> None:
    text = "Nr;Person;Weight;Photo;;;\n1;Ada;2,5;a.jpg;;;\n;;;;;;\n2;Bob;;b.jpg;;;\n"
    assert read(tmp_path, text.encode()) == [("a.jpg", "Ada"), ("b.jpg", "Bob")]


def test_an_encoding_that_was_guessed_is_told(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes("photo;person\na.jpg;Zoë\n".encode("latin-1"))
    [note] = read_label_table(file).notes
    assert "was read as Windows-1252" in note


def test_rows_with_too_many_cells_are_marked(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("photo,person\na.jpg,Lovelace, Ada\nb.jpg,Bob,,\n")
    assert [(row.line, row.too_long) for row in read_label_table(file).rows] == [(2, True), (3, False)]


@pytest.mark.parametrize("header", ["photo", "person,label", "name", "a,b", ""])
def test_a_header_that_lacks_a_column_is_refused_with_what_it_is(tmp_path: Path, header: str) -> None:
    with pytest.raises(UsageError, match="a column for the photo, path, and one for the person, label"):
        read(tmp_path, header.encode())


@pytest.mark.data
def test_the_table_of_a_user_that_was_refused(data: Path) -> None:
    rows = read_label_table(data / "field" / "label_csv" / "semicolon_bom.csv").rows
    assert [(Path(row.photo).name, row.person) for row in rows] == [(f"{n}.jpg", "P0") for n in range(3)]
