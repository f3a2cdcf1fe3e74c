"""Between the index and `PreparedFaces`: what is kept from one grouping to the next, read or worked out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from photoclust import __version__
from photoclust.config import ClusterConfig
from photoclust.errors import IndexWriteError
from photoclust.index.prepared import StoredPrepared, drop_prepared, key_of, read_prepared, write_prepared
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.prepared import PreparedFaces, density_labels
from photoclust.people.graph.neighbours import Nearest, NeighbourGraph
from photoclust.workflows.snapshot.grouping import calibration_in_bytes, verify_input

_COLUMNS = ("photos", "poor", "near_duplicates", "labels")


@dataclass(frozen=True)
class FacesInForce:
    """The faces of an index that are to be grouped.

    Attributes
    ----------
    table
        ``face_id``, ``photo_id``, ``quality`` and more columns, ordered by ``face_id``.
    kept
        What an earlier grouping worked out about the same faces with the same settings, if it is there.
    """

    table: pa.Table
    kept: StoredPrepared | None


def faces_in_force(store: IndexStore, config: ClusterConfig, calibration: Calibration) -> FacesInForce:
    """The faces to be grouped; the caller holds the index's lock."""
    kept = read_prepared(store.folder, _key(store, config, calibration))
    return FacesInForce(kept.faces if kept else store.faces(["box", "quality"]), kept)


def prepared_faces(
    store: IndexStore,
    faces: FacesInForce,
    config: ClusterConfig,
    calibration: Calibration,
    search: Nearest,
) -> tuple[PreparedFaces, float | None]:
    """What grouping needs to know of faces besides decisions, and the share of neighbours that were found.

    What is worked out is kept for the next grouping, unless the graph is cut into components, which depend on
    decisions. The share is None where the neighbours are exact. `search` compares faces.
    """
    kept = faces.kept and _from_kept(faces.kept)
    if kept:
        return kept
    drop_prepared(store.folder)
    table = store.faces(["box", "quality"]) if faces.kept else faces.table
    prepared, found = _worked_out(store, table, config, calibration, search)
    if prepared.labels is not None and len(prepared):
        columns, arrays, notes = _to_keep(table, prepared, found)
        with suppress(IndexWriteError):  # the next grouping works it out again
            write_prepared(store.folder, _key(store, config, calibration), columns, arrays, notes)
    return prepared, found


def _key(store: IndexStore, config: ClusterConfig, calibration: Calibration) -> str:
    constants = blake2b(b"".join(calibration_in_bytes(calibration)), digest_size=16).hexdigest()
    settings = {"photoclust": __version__, "calibration": constants, **asdict(config)}
    return key_of(store.folder, settings)


def _worked_out(
    store: IndexStore, faces: pa.Table, config: ClusterConfig, calibration: Calibration, search: Nearest
) -> tuple[PreparedFaces, float | None]:
    # imported when needed: a correction needs neither a search nor what approximates one
    from photoclust.index.graph import drop_approximate_graph
    from photoclust.people.graph.approximate import recall
    from photoclust.workflows.snapshot.extending import neighbour_graph

    if config.approximate_from is None or len(faces) < config.approximate_from:
        drop_approximate_graph(store.folder)
    embeddings, graph = neighbour_graph(store, faces, calibration, config.k, search=search)
    found = round(recall(graph, embeddings), 4) if graph.approximate else None
    prepared = PreparedFaces.of(verify_input(faces, embeddings), graph, config, calibration)
    return replace(prepared, labels=density_labels(graph, config)), found


def _to_keep(
    faces: pa.Table, prepared: PreparedFaces, found: float | None
) -> tuple[pa.Table, dict[str, npt.NDArray[Any]], dict[str, Any]]:
    columns = {name: getattr(prepared, name) for name in _COLUMNS}
    table = faces.select(["face_id", "photo_id", "quality"])
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    graph = prepared.graph
    arrays = {"weighed": prepared.score_normalised, "indices": graph.indices, "distances": graph.distances}
    return table, arrays, {"recall": found, "approximate": graph.approximate}


def _from_kept(kept: StoredPrepared) -> tuple[PreparedFaces, float | None] | None:
    score_normalised, indices, distances = (kept.array(name) for name in ("weighed", "indices", "distances"))
    if score_normalised is None or indices is None or distances is None:
        return None
    columns = {name: kept.faces[name].to_numpy() for name in _COLUMNS}
    graph = NeighbourGraph(indices, distances, kept.notes["approximate"])
    return PreparedFaces(score_normalised=score_normalised, graph=graph, **columns), kept.notes["recall"]
