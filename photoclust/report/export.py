"""What people take away: a table with a row for each face, or folders of links.

Tables hold ``photo, photo_id, face_id, x0, y0, x1, y1, detection_score, quality, person_id, person_name,
confidence, status`` and, where asked for, ``embedding``, ordered by photo and ``face_id``.

- A photo under two names is one photo: its faces stand once, under the first name in order.
- Boxes are in pixels of the upright photo, as detected: they may reach outside it.
- ``person_id`` of an unsure or low-quality face is the likeliest person, or empty.
- CSV is RFC 4180 in UTF-8. A text that a spreadsheet would run as a formula (it starts with ``=``, ``+``,
  ``-``, ``@``, tab or return) gets an apostrophe in front. Photos are absolute paths or URIs, so in practice
  this concerns names of people; JSON and Parquet hold them unchanged.
- Numbers of CSV and JSON are the shortest that give the same float32 back.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from photoclust.errors import OutputError, UsageError
from photoclust.records import face_embeddings
from photoclust.report.album import Album
from photoclust.report.folders import write_folders
from photoclust.report.links import Links
from photoclust.report.output import output_file

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 4096


def write_export(
    album: Album,
    fmt: str,
    output: Path,
    embeddings: bool = False,
    force: bool = False,
    links: Links | None = None,
) -> Path:
    """Write an album as a table or as folders of links, whole or not at all, for its owner's eyes only.

    Parameters
    ----------
    album
        What to write.
    fmt
        ``csv``, ``json``, ``parquet`` or ``folders``.
    output
        File, or folder for ``folders``.
    embeddings
        Add the vectors to a table: numbers between spaces in CSV, a list in JSON, a fixed-size list of
        float32 in Parquet.
    force
        Replace an existing file. A folder is replaced only if an export made it and nothing was added.
    links
        Makes the links of ``folders``; knows afterwards which photos could have none.

    Returns
    -------
    Path
        `output`.

    Raises
    ------
    UsageError
        For an unknown format, or embeddings in folders.
    OutputError
        When there is something at `output` already, or it cannot be written.
    """
    if fmt == "folders":
        if embeddings:
            raise UsageError("Folders of links hold no embeddings; choose csv, json or parquet for them.")
        return write_folders(album, output, links)
    write_file(output, fmt, force, lambda stream: write_table(album, fmt, stream, embeddings))
    return output


def write_file(output: Path, what: str, force: bool, write: Callable[[BinaryIO], None]) -> None:
    """Write a file whole or not at all; with `force` it may take the place of another.

    Raises
    ------
    OutputError
        When there is something at `output` already, or it cannot be written.
    """
    if output.exists() and not output.is_file():
        raise OutputError(f"{output} is no regular file; name a file to write the {what} to.")
    if output.exists() and not force:
        raise OutputError(
            f"{output} exists already; choose another name.",
            python="force=True replaces it.",
            cli="--force replaces it.",
        )
    with output_file(output.resolve()) as stream:
        write(stream)


def write_table(album: Album, fmt: str, stream: BinaryIO, embeddings: bool = False) -> None:
    """Write the table of faces to an open binary stream; parameters as in `write_export`."""
    if fmt not in _WRITERS:
        raise UsageError(f"The format must be csv, json, parquet or folders, not {fmt}.")
    _WRITERS[fmt](_batches(album, embeddings), _schema(album, embeddings), stream)


def face_table(album: Album, embeddings: bool = False) -> pa.Table:
    """Table of faces, as an export holds it; parameters as in `write_export`."""
    return pa.concat_tables([_schema(album, embeddings).empty_table(), *_batches(album, embeddings)])


def _schema(album: Album, embeddings: bool) -> pa.Schema:
    texts = ("person_id", "person_name")
    numbers = ("x0", "y0", "x1", "y1", "detection_score", "quality")
    fields = [(name, pa.string()) for name in ("photo", "photo_id", "face_id")]
    fields += [(name, pa.float32()) for name in numbers] + [(name, pa.string()) for name in texts]
    fields += [("confidence", pa.float32()), ("status", pa.string())]
    if embeddings:
        fields.append(
            ("embedding", pa.list_(pa.float32(), album.faces.schema.field("embedding").type.list_size))
        )
    return pa.schema(fields)


def _batches(album: Album, embeddings: bool) -> Iterator[pa.Table]:
    """Tables of a few thousand faces each, in the order of the export."""
    rows = album.face_rows()
    columns = ["box", "detection_score", "quality", *(["embedding"] if embeddings else [])]
    faces = album.faces.select(columns).combine_chunks()
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        batch = rows.slice(start, _ROWS_AT_ONCE)
        yield _joined(batch, faces.take(batch["row"]), _schema(album, embeddings))


def _joined(rows: pa.Table, faces: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = {name: rows[name] for name in rows.column_names if name in schema.names}
    columns |= {name: faces[name] for name in ("detection_score", "quality")}
    boxes = np.array(faces["box"].to_pylist(), np.float32)
    columns |= {name: pa.array(side) for name, side in zip(("x0", "y0", "x1", "y1"), boxes.T, strict=True)}
    if "embedding" in schema.names:
        vectors = face_embeddings(faces)
        columns["embedding"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _write_parquet(batches: Iterator[pa.Table], schema: pa.Schema, stream: BinaryIO) -> None:
    # dictionaries pay for repeated words and cost vectors a factor of fifteen in writing speed
    words = [field.name for field in schema if pa.types.is_string(field.type)]
    writer = pq.ParquetWriter(
        stream,
        schema,
        compression="zstd",
        use_dictionary=words,  # pyright: ignore[reportArgumentType]
    )
    with writer:
        for batch in batches:
            writer.write_table(batch)


def _write_csv(batches: Iterator[pa.Table], schema: pa.Schema, stream: BinaryIO) -> None:
    stream.write(_csv_lines([schema.names]))
    for batch in batches:
        columns = [_csv_column(batch[name]) for name in schema.names]
        stream.write(_csv_lines(zip(*columns, strict=True)))


def _csv_lines(rows: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _csv_column(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_string(column.type):
        return [f"'{text}" if text.startswith(_FORMULA) else text for text in column.to_pylist()]
    if pa.types.is_floating(column.type):
        return column.cast(pa.string()).to_pylist()
    return [" ".join(vector) for vector in _vectors(column, _flat(column).cast(pa.string()).to_pylist())]


def _write_json(batches: Iterator[pa.Table], schema: pa.Schema, stream: BinaryIO) -> None:
    stream.write(b"[")
    separator = "\n"
    for batch in batches:
        columns = [_json_column(batch[name]) for name in schema.names]
        for row in zip(*columns, strict=True):
            line = json.dumps(dict(zip(schema.names, row, strict=True)), allow_nan=False)
            stream.write(f"{separator}{line}".encode())
            separator = ",\n"
    stream.write(b"\n]\n")


def _json_column(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_string(column.type):
        return column.to_pylist()
    if pa.types.is_floating(column.type):
        return [value if math.isfinite(value) else None for value in _shortest(column)]
    return _vectors(column, _shortest(_flat(column)))


def _shortest(column: pa.ChunkedArray) -> list[float]:
    """Floats that Python prints as the shortest decimal of the float32."""
    return column.cast(pa.string()).cast(pa.float64()).to_pylist()


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([chunk.flatten() for chunk in column.chunks], pa.float32())


def _vectors(column: pa.ChunkedArray, values: list[Any]) -> list[list[Any]]:
    size = column.type.list_size
    return [values[start : start + size] for start in range(0, len(values), size)]


_WRITERS: dict[str, Callable[[Iterator[pa.Table], pa.Schema, BinaryIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}
