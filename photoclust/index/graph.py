"""The stored graph of nearest neighbours, ``neighbours/graph.parquet``: extended run by run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from photoclust.index import files
from photoclust.index.blocks import remove_blocks

_APPROXIMATE = "approximate"
_COLUMNS = {"face_ids": "face_id", "marks": "mark", "indices": "index", "distances": "distance"}


@dataclass(frozen=True)
class StoredGraph:
    """A neighbour graph as stored: row i belongs to ``face_ids[i]`` and points to rows of the same graph.

    ``marks[i]`` (uint64) follows from the embedding that the distances of row i were measured with;
    ``approximate`` says that neighbours may have been missed.
    """

    face_ids: pa.Array
    marks: pa.Array
    indices: pa.FixedSizeListArray
    distances: pa.FixedSizeListArray
    approximate: bool = False


def write_graph(index: Path, graph: StoredGraph) -> None:
    """Replace the graph of an index; blocks of a search are then of no more use."""
    file = _file(index)
    files.make_folder(file.parent)
    columns = {column: getattr(graph, name) for name, column in _COLUMNS.items()}
    files.write_table(file, pa.table(columns, metadata={_APPROXIMATE: str(graph.approximate)}))
    remove_blocks(index)


def read_graph(index: Path) -> StoredGraph | None:
    """Read the graph of an index, if there is one that this version can use."""
    file = _file(index)
    if not file.is_file():
        return None
    table = files.read_table(file).combine_chunks()
    if table.column_names != list(_COLUMNS.values()):
        return None
    approximate = (table.schema.metadata or {}).get(_APPROXIMATE.encode()) == b"True"
    columns = {name: table[column].combine_chunks() for name, column in _COLUMNS.items()}
    return StoredGraph(**columns, approximate=approximate)


def drop_approximate_graph(index: Path) -> None:
    """Remove the graph of an index if neighbours may be missing from it."""
    graph = read_graph(index)
    if graph is not None and graph.approximate:
        _file(index).unlink()


def _file(index: Path) -> Path:
    return index / "neighbours" / "graph.parquet"
