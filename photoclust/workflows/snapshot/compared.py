"""What follows from the faces of an index alone, whatever the user has decided about them."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.config import ClusterConfig
from photoclust.errors import IndexWriteError
from photoclust.index.prepared import StoredPrepared, read_prepared, write_prepared
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.clustering.agglomerate import Pairs
from photoclust.people.clustering.joining import single_pairs
from photoclust.people.clustering.prepared import density_labels, too_poor
from photoclust.people.clustering.same_photo import conflicting_photos
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.near_duplicates import near_duplicates
from photoclust.people.graph.neighbours import Nearest, NeighbourGraph, nearest
from photoclust.types import Floats, Rows
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.history import config_of
from photoclust.workflows.snapshot.kept import discard, key_of_parts

_COLUMNS = ("box", "quality")
_KEPT_COLUMNS = {
    "photos": "conflicting_photos",
    "poor": "poor",
    "near_duplicates": "near_duplicates",
    "labels": "labels",
}


class ComparedFaces:
    """The faces of an index as they are now, compared with each other.

    Every part is read or worked out when it is first asked for, and then kept: whoever asks for decisions
    alone reads no embedding. Rows of all parts are those of `table`. Make one with `load`.

    Parameters
    ----------
    store
        The index.
    config
        How faces are grouped.
    table
        Its faces: ``face_id``, ``photo_id``, ``quality`` and more columns, ordered by ``face_id``.
    kept
        What an earlier grouping worked out about the same faces with the same settings, if it is there.
    writes
        Whether the neighbour graph is stored where it has changed; the caller then holds the index's lock.
    search
        What compares faces.
    """

    def __init__(
        self,
        store: IndexStore,
        config: ClusterConfig,
        table: pa.Table,
        kept: StoredPrepared | None = None,
        writes: bool = False,
        search: Nearest = nearest,
    ) -> None:
        self.store, self.config, self.table = store, config, table
        self._kept, self._writes, self._search = kept, writes, search

    @classmethod
    def load(
        cls,
        store: IndexStore,
        config: ClusterConfig | None = None,
        writes: bool = False,
        search: Nearest = nearest,
        columns: tuple[str, ...] = _COLUMNS,
    ) -> Self:
        """Read the faces of an index.

        Parameters
        ----------
        store, config, writes, search
            As above; by default the settings are those of the clustering in force.
        columns
            What to read of each face besides its id and its photo; other columns than the default ones are
            always read anew.
        """
        if config is None:
            run_id = store.clusterings.current()
            config = config_of(store.clusterings.run(run_id) if run_id else {})
        kept = None
        if columns == _COLUMNS:
            kept = read_prepared(
                store.folder,
                key_of_parts(
                    store, config, calibration_of(store.settings.embed.model, store.settings.embed.dimension)
                ),
            )
        table = kept.faces if kept else store.faces(list(columns))
        return cls(store, config, table, kept, writes, search)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def face_ids(self) -> list[str]:
        """Ids of the faces, ascending."""
        return self.table["face_id"].to_pylist()

    @cached_property
    def calibration(self) -> Calibration:
        """What is known of the embedder of the index."""
        return calibration_of(self.store.settings.embed.model, self.store.settings.embed.dimension)

    @cached_property
    def _compared(self) -> tuple[Floats, NeighbourGraph]:
        """Embeddings and graph from the index: the graph extended by new faces, not built anew."""
        # imported when needed: a correction needs no search
        from photoclust.workflows.snapshot.extending import neighbour_graph

        return neighbour_graph(
            self.store, self.table, self.calibration, self.config.k, self._writes, self._search
        )

    @cached_property
    def graph(self) -> NeighbourGraph:
        """Nearest neighbours of the faces."""
        indices, distances = self._kept_array("indices"), self._kept_array("distances")
        if self._kept is None or indices is None or distances is None:
            return self._compared[1]
        return NeighbourGraph(indices, distances, self._kept.notes["approximate"])

    @property
    def embeddings(self) -> Floats:
        """float32, shape (n, c): unit rows, centred as the calibration asks."""
        if "score_normalised" in vars(self) or self._kept is not None:
            return self.score_normalised[:, :-1]
        return self._compared[0]

    @cached_property
    def score_normalised(self) -> Floats:
        """float32, shape (n, c + 1): embeddings as evidence sees them (`Calibration.score_normalised`)."""
        kept = self._kept_array("weighed")
        if kept is not None:
            return kept
        embeddings, graph = self._compared
        found, _ = self.calibration.score_normalised(embeddings, self.conflicting_photos, self.store.scratch)
        self._compared = found[:, :-1], graph  # the same embeddings, which are then not held twice
        return found

    @cached_property
    def conflicting_photos(self) -> Rows:
        """int64, shape (n,): see `conflicting_photos`."""
        kept = self._kept_column("photos")
        return self._conflicting_photos() if kept is None else kept

    def _conflicting_photos(self) -> Rows:
        embeddings, graph = self._compared
        return conflicting_photos(self._verify_input(embeddings), graph, self.config.photo_copies)

    def _verify_input(self, embeddings: Floats) -> VerifyInput:
        whole = "box" in self.table.column_names
        return verify_input(self.table if whole else self.store.faces(list(_COLUMNS)), embeddings)

    @cached_property
    def poor(self) -> npt.NDArray[np.bool_]:
        """bool, shape (n,): faces too poor to found a person."""
        kept = self._kept_column("poor")
        quality = self.table["quality"].to_numpy()
        return too_poor(quality, self.embeddings, self.config, self.calibration) if kept is None else kept

    @cached_property
    def near_duplicates(self) -> Rows:
        """int64, shape (n,): burst of each face, from `near_duplicates`."""
        kept = self._kept_column("near_duplicates")
        return near_duplicates(self.graph) if kept is None else kept

    @cached_property
    def labels(self) -> npt.NDArray[np.int32] | None:
        """int32, shape (n,): density clusters; None where the graph is to be cut into components first."""
        kept = self._kept_column("labels")
        return density_labels(self.graph, self.config) if kept is None else kept

    @cached_property
    def pairs(self) -> Pairs | None:
        """From `single_pairs`; None where there are no density clusters of the whole."""
        left, right, evidence = (self._kept_array(name) for name in ("left", "right", "evidence"))
        if left is not None and right is not None and evidence is not None:
            return Pairs(left.astype(np.int64), right.astype(np.int64), evidence)
        if self.labels is None:
            return None
        return single_pairs(self.score_normalised, self.graph, self.labels, self.calibration.weighed)

    @cached_property
    def neighbour_recall(self) -> float | None:
        """Share of the nearest neighbours that the graph holds, in [0, 1]; None where it is exact."""
        if self._kept is not None:
            return self._kept.notes["recall"]
        if not self.graph.approximate:
            return None
        from photoclust.people.graph.approximate import recall

        return round(recall(self.graph, self.embeddings), 4)

    # -- kept for the next grouping -------------------------------------------------------------------

    def prepare(self) -> None:
        """Work out what decisions do not change, unless it is kept, and keep it for the next grouping.

        Not of a graph that is cut into components, which depend on decisions.
        """
        if self._kept is not None:
            return
        discard(self.store, self.config, len(self))
        if self.labels is not None and len(self):
            key = key_of_parts(self.store, self.config, self.calibration)
            with suppress(IndexWriteError):  # the next grouping works it out again
                write_prepared(self.store.folder, key, **self._parts)

    @property
    def _parts(self) -> dict[str, Any]:
        """What decisions do not change, as `write_prepared` takes it and `_kept_column` and so on find it."""
        table = self.table.select(["face_id", "photo_id", "quality"])
        for column, name in _KEPT_COLUMNS.items():
            table = table.append_column(column, pa.array(getattr(self, name)))
        graph, pairs = self.graph, self.pairs
        assert pairs is not None, "only of faces that are not cut into components"
        return {
            "faces": table,
            "arrays": {
                "weighed": self.score_normalised,
                "indices": graph.indices,
                "distances": graph.distances,
                "left": pairs.left.astype(np.int32),
                "right": pairs.right.astype(np.int32),
                "evidence": pairs.evidence,
            },
            "notes": {"recall": self.neighbour_recall, "approximate": graph.approximate},
        }

    def _kept_column(self, name: str) -> npt.NDArray[Any] | None:
        return self._kept.faces[name].to_numpy() if self._kept else None

    def _kept_array(self, name: str) -> npt.NDArray[Any] | None:
        """An array that is kept; of a damaged one, and all others then, None."""
        found = self._kept.array(name) if self._kept else None
        if found is None:
            self._kept = None
        return found
