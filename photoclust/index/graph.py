"""The stored graph of nearest neighbours, ``neighbours/graph.parquet``: extended run by run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from photoclust.index import files
from photoclust.index.blocks import remove_blocks
from photoclust.types import MakeArray

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


def read_graph(index: Path, make: MakeArray = np.empty) -> StoredGraph | None:
    """Read the graph of an index, if there is one that this version can use; `make` makes its arrays."""
    file = _file(index)
    if not file.is_file():
        return None
    if files.columns_of(file) != list(_COLUMNS.values()):
        return None
    known = files.read_table(file, ["face_id", "mark"]).combine_chunks()
    approximate = (known.schema.metadata or {}).get(_APPROXIMATE.encode()) == b"True"
    columns = known["face_id"].combine_chunks(), known["mark"].combine_chunks()
    return StoredGraph(*columns, _lists(file, "index", make), _lists(file, "distance", make), approximate)


def _lists(file: Path, column: str, make: MakeArray) -> pa.FixedSizeListArray:
    """A column of lists of one length, in an array made for it."""
    chunks = files.read_table(file, [column])[column]
    kind: Any = chunks.type
    values = make((len(chunks), kind.list_size), kind.value_type.to_pandas_dtype())
    start = 0
    for chunk in chunks.chunks:
        values[start : start + len(chunk)] = chunk.flatten().to_numpy().reshape(-1, kind.list_size)
        start += len(chunk)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), kind.list_size)


def drop_approximate_graph(index: Path) -> None:
    """Remove the graph of an index if neighbours may be missing from it."""
    graph = read_graph(index)
    if graph is not None and graph.approximate:
        _file(index).unlink()


def _file(index: Path) -> Path:
    return index / "neighbours" / "graph.parquet"
