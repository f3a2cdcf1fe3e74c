"""``ids.parquet``: every person id that was ever given in an index, whatever became of the grouping.

A grouping that was refused, or that another was put in force for, gave ids too: none of them is given again.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from photoclust.index import files
from photoclust.records import IDENTITY_SCHEMA

_NEXT = b"next_number"  # in the metadata: it outlives the rows of people who are forgotten


def _file(folder: Path) -> Path:
    return folder / "ids.parquet"


def read_identities(folder: Path) -> tuple[pa.Table, int] | None:
    """Table of IDENTITY_SCHEMA and the number of the next id; None in an index of an earlier version.

    Raises
    ------
    IndexCorruptError
        When the file is damaged.
    """
    file = _file(folder)
    if not file.is_file():
        return None
    table = files.read_table(file, IDENTITY_SCHEMA.names)
    return table, int((table.schema.metadata or {}).get(_NEXT, b"1"))


def write_identities(folder: Path, rows: pa.Table, next_number: int) -> None:
    """Replace the file: `rows` of IDENTITY_SCHEMA, and the number of the next id that is given."""
    files.write_table(_file(folder), rows.replace_schema_metadata({_NEXT: str(next_number).encode()}))
