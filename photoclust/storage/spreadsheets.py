"""CSV files as spreadsheets write them: whatever the encoding, the separator and the quoting.

Excel writes what the country and the menu entry say: UTF-8 with a byte order mark, UTF-16 with tabs, or the
encoding of Windows with semicolons. `decoded` and `separator_of` recognise it, `rows_of` gives the cells.
Pure functions; a ValueError says in a clause why a content cannot be read.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator

UTF_8, UTF_16, UTF_32 = "UTF-8", "UTF-16", "UTF-32"
WINDOWS, MAC = "Windows-1252", "Mac Roman"
_CODECS = {WINDOWS: "cp1252", MAC: "mac_roman"}

SEPARATORS = (",", ";", "\t", "|")

_MARKS = (  # the mark of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le", UTF_32),
    (codecs.BOM_UTF32_BE, "utf-32-be", UTF_32),
    (codecs.BOM_UTF16_LE, "utf-16-le", UTF_16),
    (codecs.BOM_UTF16_BE, "utf-16-be", UTF_16),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
_LOOKED_AT = 4096  # bytes that show whether a text without a mark is UTF-16
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def decoded(content: bytes) -> tuple[str, str]:
    """Text of a file and the name of its encoding.

    Without a byte order mark it is UTF-8, or UTF-16 where every other byte is 0. A line that is not UTF-8 is
    taken for Windows-1252, a superset of what can be seen of Latin-1: line by line, as programs append UTF-8
    to what a spreadsheet wrote. Where lines end as those of the Macintosh did (CR alone), it is Mac Roman.

    Raises
    ------
    ValueError
        When it is a workbook or no text.
    """
    if content.startswith(_WORKBOOKS):
        raise ValueError("it is a workbook and not a CSV; save it as CSV from the spreadsheet program")
    for mark, codec, name in _MARKS:
        if content.startswith(mark):
            return _wide(content[len(mark) :], codec, name), name
    if codec := _unmarked_utf_16(content[:_LOOKED_AT]):
        return _wide(content, codec, UTF_16), UTF_16
    if content[:_LOOKED_AT].count(0) > len(content[:_LOOKED_AT]) / 20:
        raise ValueError("it is no text")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8"), UTF_8
    except UnicodeDecodeError:
        name = MAC if line_end(content.decode("latin-1")) == "\r" else WINDOWS
        return "".join(_line(line, _CODECS[name]) for line in content.splitlines(keepends=True)), name


def line_end(text: str) -> str:
    """What ends the lines of a text, the last character of it: CR where that is all there is, else LF."""
    return "\r" if "\r" in text and "\n" not in text else "\n"


def encoded_like(text: str, content: bytes) -> bytes:
    """Text as a part of a file that holds `content`; a line in UTF-8 where its encoding lacks a character."""
    codec = next((codec for mark, codec, _ in _MARKS if content.startswith(mark)), "")
    codec = codec or _unmarked_utf_16(content[:_LOOKED_AT])
    name = "" if codec else decoded(content)[1]
    if codec or name == UTF_8:
        return text.encode(codec or "utf-8")
    return b"".join(_encoded_line(line, _CODECS[name]) for line in text.splitlines(keepends=True))


def _encoded_line(line: str, codec: str) -> bytes:
    try:
        return line.encode(codec)
    except UnicodeEncodeError:
        return line.encode("utf-8")


def _wide(content: bytes, codec: str, name: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise ValueError(f"it begins as {name} and goes on as something else") from error


def _unmarked_utf_16(start: bytes) -> str:
    """Codec of a text with a 0 in almost every second byte, ``""`` for others."""
    pairs = len(start) // 2
    if pairs < 4 or 0 not in start:
        return ""
    even, odd = start[::2].count(0) / pairs, start[1::2].count(0) / pairs
    if max(even, odd) < 0.5 or min(even, odd) > 0.05:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _line(line: bytes, codec: str) -> str:
    for one in ("utf-8", codec):
        try:
            return line.decode(one)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")  # five bytes mean nothing in Windows-1252


def separator_of(text: str, columns: Collection[str] = ()) -> str:
    """What stands between the cells, told from the first line that holds something.

    Parameters
    ----------
    text
        Text of the file. A first line ``sep=;``, as Excel reads and writes it, says so itself.
    columns
        Names that the header may hold, in lower case: the separator that shows most of them is taken, then
        the one that makes most cells. A comma where nothing is shown.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    if (said := _said_separator(first)) is not None:
        return said

    def shown(separator: str) -> tuple[int, int]:
        cells = [column_name(cell) for cell in _cells(first, separator)]
        return len(set(cells) & set(columns)), len(cells)

    return max(SEPARATORS, key=shown)


def _said_separator(line: str) -> str | None:
    line = line.strip("\r\n").strip('"')
    return line[4:] if line[:4].lower() == "sep=" and len(line) == 5 else None


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def column_name(cell: str) -> str:
    """Name of a column as it is compared: without regard to case and to what surrounds it."""
    return cell.strip().strip("\ufeff").strip().lower().replace(" ", "_")


def rows_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Cells of each row that holds something, with the number of the line that it ends on.

    Cells are as they were written, except that empty ones at the end of a row, with which spreadsheets fill
    rows up, are left out. A row that was put into one cell, quotes and all, as happens when a CSV
    with commas is saved in a country of semicolons, is taken apart.

    Raises
    ------
    ValueError
        Where quotes do not close, with the number of the line.
    """
    first, end, rest = text.partition(line_end(text))
    said = _said_separator(first) is not None
    lines = io.StringIO(f"{end}{rest}" if said else text, newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for cells in reader:
            cells = _trimmed(_unwrapped(cells) if separator == "," else cells)
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} is no CSV: {error}") from error


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _unwrapped(cells: list[str]) -> list[str]:
    """Cells of a row; of one in a single cell, those inside it."""
    return _cells(cells[0], ",") if len(cells) == 1 and "," in cells[0] else cells


def escaped(cell: str) -> str:
    """Keep a spreadsheet from running a text as a formula: an apostrophe goes in front."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def unescaped(cell: str) -> str:
    """Take that apostrophe away again."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
