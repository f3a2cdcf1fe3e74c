"""Tables of labels: a CSV that says who is on which photo, however a spreadsheet has saved it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from photoclust.errors import UsageError
from photoclust.storage.spreadsheets import MAC, WINDOWS, column_name, decoded, rows_of, separator_of

_PHOTO = (
    "path",
    "photo",
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "image",
    "image_path",
    "picture",
    "uri",
)
_PERSON = ("label", "person", "identity", "subject", "person_name")
_EITHER = "name"  # of the photo or of the person, whichever no other column gives
_SPLIT = ("split",)
_SHOWN = 200  # characters of what a file says


@dataclass(frozen=True)
class LabelRow:
    """A row of a table of labels.

    Attributes
    ----------
    line
        Number of the line that it ends on.
    photo, person, split
        What it says; ``""`` for nothing. Whom it means is without the spaces around it.
    too_long
        It has more cells than the header, so that none can be trusted.
    """

    line: int
    photo: str
    person: str
    split: str
    too_long: bool


@dataclass(frozen=True)
class LabelTable:
    """The rows of a table of labels, and what is to be said of how it was read."""

    rows: tuple[LabelRow, ...]
    notes: tuple[str, ...] = ()


def read_label_table(file: Path) -> LabelTable:
    """Read a table of labels.

    Parameters
    ----------
    file
        A CSV with a header: a column for the photo (``path``, ``photo``, ``file``, ``image`` ...), one for
        the person (``label``, ``person``, ``identity``, ``name`` ...), and perhaps ``split``, in any letter
        case. Encoding and separator are recognised.

    Raises
    ------
    UsageError
        The file cannot be read, or lacks a column.
    """
    try:
        text, encoding = decoded(file.read_bytes())
        rows = tuple(_rows(file, text))
    except OSError as error:
        raise UsageError(f"The labels in {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"The labels in {file} cannot be read: {error}.") from error
    note = f"{file} is not UTF-8 and was read as {encoding}; should names look wrong, save it in UTF-8."
    return LabelTable(rows, (note,) if encoding in (WINDOWS, MAC) else ())


def _rows(file: Path, text: str) -> Iterator[LabelRow]:
    found = rows_of(text, separator_of(text, {*_PHOTO, *_PERSON, *_SPLIT, _EITHER}))
    _, header = next(found, (1, []))
    photo, person, split = _columns(file, header)
    for line, cells in found:
        too_long = len(cells) > len(header)
        yield LabelRow(
            line,
            _first(cells, photo),
            _first(cells, person).strip(),
            _first(cells, split).strip(),
            too_long,
        )


def _columns(file: Path, header: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
    """Columns that hold the photo, the person and the split; of several the first that is not empty holds."""
    names = [column_name(cell) for cell in header]
    photo, person, split = (
        [names.index(one) for one in wanted if one in names] for wanted in (_PHOTO, _PERSON, _SPLIT)
    )
    either = [names.index(_EITHER)] if _EITHER in names else []
    photo, person = photo or (either if person else []), person or (either if photo else [])
    if not (photo and person):
        said = " ".join(header)[:_SHOWN]
        raise UsageError(
            f"{file} needs a header that names a column for the photo, path, and one for the person, label; "
            f"its first line is {said!r}."
        )
    return photo, person, split


def _first(cells: Sequence[str], columns: Sequence[int]) -> str:
    return next((cells[column] for column in columns if column < len(cells) and cells[column]), "")
