"""Embeddings of an index made comparable, and its neighbour graph: extended by new faces, not built anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import VectorError
from photoclust.index.graph import StoredGraph
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.graph.neighbours import Nearest, NeighbourGraph, nearest, neighbours
from photoclust.people.graph.updating import update
from photoclust.types import Floats

_DISTANCES = 1  # another number whenever a distance of the same vectors may be another, in its last bit even
_AT_ONCE = 8192  # embeddings centred at once: 32 MB of float64, as many as are multiplied at once there


def _stored(store: IndexStore, faces: pa.Table, calibration: Calibration) -> Floats:
    """Comparable embeddings of `faces`, row for row; those of one part at a time are held as stored."""
    directions = calibration.mean if calibration.basis is None else calibration.basis[0]
    found = store.scratch((len(faces), len(directions)), np.float32)
    for place, embeddings in store.column("embedding", faces["face_id"]):
        rows = _matrix(embeddings, store.settings.embed.dimension)
        found[place] = comparable(rows, faces.take(pa.array(place)), calibration)
    return found


def comparable(
    embeddings: npt.NDArray[Any], faces: pa.Table, calibration: Calibration
) -> npt.NDArray[np.float32]:
    """Centre embeddings of `faces`, row for row, as the calibration of their model asks.

    That is done block by block: what is made on the way is four times as large.

    Raises
    ------
    VectorError
        One is no unit vector; the message names its face_id.
    """
    blocks: list[npt.NDArray[np.float32]] = []
    for start in range(0, max(1, len(faces)), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        try:
            blocks.append(calibration.centred(embeddings[part]))
        except VectorError as error:
            raise _named(error, faces[part], embeddings[part]) from error
    return np.concatenate(blocks)


def neighbour_graph(
    store: IndexStore,
    faces: pa.Table,
    calibration: Calibration,
    k: int,
    keep: bool = True,
    search: Nearest = nearest,
) -> tuple[npt.NDArray[np.float32], NeighbourGraph]:
    """Comparable embeddings of `faces` of the index and their neighbour graph, row for row.

    A stored graph is brought up to date where faces have come or gone, and one is built where there is none.
    With `keep` the outcome is stored; the caller then holds the index's lock. `search` compares faces.
    """
    embeddings = _stored(store, faces, calibration)
    marks, stored = _marks(embeddings), store.read_graph()
    if stored is None or stored.indices.type.list_size != max(0, min(k, len(stored.face_ids) - 1)):
        graph, changed = neighbours(embeddings, k, "auto", search, store.scratch), True
    else:
        position = _positions(stored, faces, marks)
        graph, changed = _stored_graph(stored), not np.array_equal(position, np.arange(len(faces)))
        if changed:
            graph = update(graph, position, embeddings, k, search, store.scratch)
    if keep and changed and graph.indices.size:
        store.write_graph(_to_store(graph, faces, marks))
    return embeddings, graph


def _positions(stored: StoredGraph, faces: pa.Table, marks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Row among `faces` of each face of the stored graph, −1 where it is gone or its embedding is another."""
    found = pc.index_in(  # pyright: ignore[reportAttributeAccessIssue]
        stored.face_ids, value_set=faces["face_id"]
    )
    position = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    same = stored.marks.to_numpy() == np.append(marks, np.uint64(0))[position]
    return np.where(same, position, -1)


def _marks(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """A number for each face that follows from its comparable embedding, uint64, shape (n,).

    A face that was embedded again, on another machine say, has its old id and another vector. Multilinear
    hashing: Dietzfelbinger, Universal hashing and k-wise independent random variables via integer arithmetic
    without primes, STACS 1996. It is seeded with `_DISTANCES`, so that a graph whose distances were summed in
    another way is not mixed with this one's, but built anew.
    """
    odd = embeddings.shape[1] % 2  # two numbers make a word
    width = (embeddings.shape[1] + odd) // 2
    factors = np.random.default_rng(_DISTANCES).integers(0, 2**64, width, np.uint64) | np.uint64(1)
    marks = np.empty(len(embeddings), np.uint64)
    for start in range(0, len(embeddings), _AT_ONCE):
        rows = np.pad(embeddings[start : start + _AT_ONCE], ((0, 0), (0, odd)))
        marks[start : start + _AT_ONCE] = rows.view(np.uint64) @ factors
    return marks


def _stored_graph(stored: StoredGraph) -> NeighbourGraph:
    width = stored.indices.type.list_size
    return NeighbourGraph(
        _matrix(stored.indices, width), _matrix(stored.distances, width), stored.approximate
    )


def _matrix(lists: Any, width: int) -> npt.NDArray[Any]:
    return lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)


def _to_store(graph: NeighbourGraph, faces: pa.Table, marks: npt.NDArray[np.uint64]) -> StoredGraph:
    width = graph.indices.shape[1]
    return StoredGraph(
        faces["face_id"].combine_chunks(),
        pa.array(marks),
        pa.FixedSizeListArray.from_arrays(pa.array(graph.indices.ravel()), width),
        pa.FixedSizeListArray.from_arrays(pa.array(graph.distances.ravel()), width),
        graph.approximate,
    )


def _named(error: VectorError, faces: pa.Table, embeddings: npt.NDArray[Any]) -> VectorError:
    norms = np.linalg.norm(embeddings.astype(np.float32), axis=1)
    row = int(np.argmax(~(np.abs(norms - 1) < 0.01)))
    return VectorError(
        f"The embedding of face {faces['face_id'][row].as_py()} (photo {faces['photo_id'][row].as_py()}) "
        f"is no unit vector (its length is {norms[row]:.3g}). Index that photo again."
    )
