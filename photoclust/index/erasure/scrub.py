"""Files without what is to be forgotten: rows that are its own go, mentions elsewhere become empty.

The same few rules hold for every file, whoever wrote it:

- A row of a Parquet file, or an object of a JSON file, belongs to its ``face_id``, else to its ``person_id``,
  and goes with it. Elsewhere ids and names of what is gone become empty, or leave the list they stand in.
- A line of a CSV file goes when it names somebody who is gone, or when a column speaks of nobody else. Lines
  that are not concerned stay as they are, byte for byte.
- A file of another kind goes as a whole if it names an id or holds a picture of what is gone.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import IndexCorruptError
from photoclust.index import files
from photoclust.storage.spreadsheets import UTF_8, WINDOWS, decoded, encoded_like, line_end, separator_of

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{16,32}(?![0-9a-f])")
_INLINE_IMAGE = re.compile(rb"base64,([A-Za-z0-9+/=]+)")
_BETWEEN = " \t;,|"  # what may stand between ids of one CSV column
_DROPPED = object()


@dataclass(frozen=True)
class Gone:
    """What is to be forgotten.

    Attributes
    ----------
    faces, photos, people
        Ids; `photos` are those that go whole.
    names
        Names that nobody bears who stays.
    thumbnails
        The JPEG images of the faces.
    """

    faces: frozenset[str]
    photos: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    thumbnails: frozenset[bytes] = field(default=frozenset(), repr=False)

    @property
    def ids(self) -> frozenset[str]:
        """Ids of every kind."""
        return self.faces | self.photos | self.people

    @property
    def words(self) -> frozenset[str]:
        """Ids and names."""
        return self.ids | self.names


def scrub_file(path: Path, gone: Gone) -> str:
    """Rewrite a file without what is gone, or remove it.

    Returns
    -------
    str
        ``rewritten``, ``removed``, or nothing where the file stays as it is.

    Raises
    ------
    IndexWriteError
        When it cannot be written.
    """
    scrub = {".parquet": _scrub_parquet, ".json": _scrub_json, ".csv": _scrub_csv}.get(path.suffix)
    try:
        if scrub is not None:
            return "rewritten" if scrub(path, gone) else ""
    except (IndexCorruptError, ValueError):
        pass  # not what its name says
    if not _shows(path.read_bytes(), gone):
        return ""
    with files.writing(path):
        path.unlink()
    return "removed"


def _shows(content: bytes, gone: Gone) -> bool:
    """Tell whether a file of any kind names an id or holds a picture, plain or inline."""
    if gone.ids.intersection(_ID.findall(content.decode("latin-1"))):
        return True
    inline = {base64.b64encode(image) for image in gone.thumbnails}
    return bool(inline.intersection(_INLINE_IMAGE.findall(content))) or any(
        image in content for image in gone.thumbnails
    )


# -- Parquet ------------------------------------------------------------------------------------------


def _scrub_parquet(path: Path, gone: Gone) -> bool:
    table = files.read_table(path)
    kept = scrub_table(table, gone)
    if kept.equals(table):
        return False
    files.write_table(path, kept)
    return True


def among(column: str, values: Iterable[str]) -> pc.Expression:
    """Whether a text column holds one of some values, of which there may be none."""
    return pc.field(column).isin(pa.array(sorted(values), pa.string()))


def scrub_table(table: pa.Table, gone: Gone) -> pa.Table:
    """Leave the rows out that belong to what is gone, and empty the cells that speak of it."""
    owner = next((name for name in ("face_id", "person_id") if name in table.column_names), None)
    if owner is not None:
        table = table.filter(~among(owner, gone.ids))
    words = pa.array(sorted(gone.words), pa.string())
    for number, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            said = pc.is_in(table[column.name], value_set=words)  # pyright: ignore[reportAttributeAccessIssue]
            cells = pc.if_else(said, "", table[column.name])  # pyright: ignore[reportAttributeAccessIssue]
        elif pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
            lists = table[column.name].to_pylist()
            left = [None if cell is None else [x for x in cell if x not in gone.words] for cell in lists]
            cells = pa.array(left, column.type)
        else:
            continue
        table = table.set_column(number, column, cells)
    return table


# -- JSON ---------------------------------------------------------------------------------------------


def _scrub_json(path: Path, gone: Gone) -> bool:
    values = json.loads(path.read_bytes())
    kept = _without(values, gone)
    if kept == values:
        return False
    kept = type(values)() if kept is _DROPPED else kept
    if files.CHECKSUM in values:
        files.write_json(path, kept)
        return True
    files.write_bytes(path, (json.dumps(kept, indent=2) + "\n").encode())
    return True


def _without(value: Any, gone: Gone) -> Any:
    """The same JSON value without what is gone; `_DROPPED` where nothing is left of it."""
    if isinstance(value, dict):
        if value.get("face_id", value.get("person_id")) in gone.words:
            return _DROPPED
        kept = {key: _without(item, gone) for key, item in value.items() if key not in gone.words}
        emptied = {key: "" for key, item in kept.items() if item is _DROPPED and isinstance(value[key], str)}
        return {key: item for key, item in (kept | emptied).items() if item is not _DROPPED}
    if isinstance(value, list):
        return [item for item in (_without(item, gone) for item in value) if item is not _DROPPED]
    if isinstance(value, str):
        return _DROPPED if value in gone.words else _without_ids(value, gone)
    return value


def _without_ids(text: str, gone: Gone) -> str:
    return _ID.sub(lambda found: "" if found[0] in gone.ids else found[0], text)


# -- CSV ----------------------------------------------------------------------------------------------


def _scrub_csv(path: Path, gone: Gone) -> bool:
    content = path.read_bytes()
    wide = decoded(content)[1] not in (UTF_8, WINDOWS)
    text = decoded(content)[0] if wide else content.decode("utf-8", "surrogateescape")
    with _fields_of_any_size():
        kept = _kept_lines(text, gone)
    if kept == text:
        return False
    new = encoded_like(kept, content) if wide else kept.encode("utf-8", "surrogateescape")
    files.write_bytes(path, new)
    return True


@contextmanager
def _fields_of_any_size() -> Generator[None]:
    """Let csv read whatever a file holds; its limit is one for the whole process, and is put back."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _kept_lines(text: str, gone: Gone) -> str:
    lines = list(io.StringIO(text, newline=""))
    separator = separator_of(text)
    reader, start, kept = csv.reader(lines, delimiter=separator), 0, io.StringIO(newline="")
    for row in reader:
        cells = [_without_ids(cell, gone) for cell in row]
        if cells == row and not gone.names.intersection(cell.strip() for cell in row):
            kept.write("".join(lines[start : reader.line_num]))
        elif not _is_spent(row, cells, gone):
            writer = csv.writer(kept, delimiter=separator, lineterminator=line_end(text))
            writer.writerow(cell.strip(_BETWEEN) for cell in cells)
        start = reader.line_num
    return kept.getvalue()


def _is_spent(row: list[str], cells: list[str], gone: Gone) -> bool:
    """Tell whether a line names somebody who is gone, or a column of it spoke of nobody else."""
    named = any(cell.strip() in gone.names for cell in row)
    return named or any(
        before and not after.strip(_BETWEEN) for before, after in zip(row, cells, strict=True)
    )
