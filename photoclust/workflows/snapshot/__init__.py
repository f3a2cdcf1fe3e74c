"""What workflows share: the faces of an index, what is worked out about them, decisions, what came before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.index.migration import read_known
from photoclust.index.store import Clustering
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.joining import Candidates
from photoclust.people.clustering.prepared import PreparedFaces
from photoclust.people.clustering.verify import candidates
from photoclust.people.decisions.file import Decisions
from photoclust.people.decisions.resolving import Resolution
from photoclust.people.identity.continuity import Past
from photoclust.types import Rows
from photoclust.workflows.snapshot.compared import ComparedFaces
from photoclust.workflows.snapshot.grouping import (
    decisions_of,
    exclusions_of,
    fingerprint,
    names_of_faces,
    resolved_among,
    with_known,
)
from photoclust.workflows.snapshot.history import carried, past_of

_SETTINGS_OF = {  # what each part follows from besides the faces
    "conflicting_photos": {"photo_copies"},
    "score_normalised": {"photo_copies"},
    "poor": {"min_quality"},
    "labels": {"min_cluster_size", "min_samples", "max_component"},
    "pairs": {"min_cluster_size", "min_samples", "max_component", "photo_copies"},
}
_SAME_ALWAYS = ("graph", "near_duplicates", "decisions", "resolution")


class Snapshot(ComparedFaces):
    """The faces of an index as they are now, with what grouping and questions about people need to know.

    See `ComparedFaces` for how one is made, and what follows from the faces alone.
    """

    # -- what decisions come to ------------------------------------------------------------------------

    @cached_property
    def decisions(self) -> Decisions:
        """What the user has decided, about the faces that are there now."""
        return decisions_of(self.store, self._followed)

    @cached_property
    def resolution(self) -> Resolution:
        """What decisions come to for the faces, and whom they were known to be."""
        found = resolved_among(self.decisions, self.face_ids, self.near_duplicates)
        return with_known(found, self.known, self.face_ids)

    @cached_property
    def known(self) -> dict[str, str]:
        """Whom faces were known to be before the model changed."""
        known, now = read_known(self.store.folder), self._followed
        return {one: person for face, person in known.items() for one in now(face)} if now else known

    @cached_property
    def exclusions(self) -> Exclusions:
        """What keeps faces apart: photos and decisions."""
        return exclusions_of(self.conflicting_photos, self.resolution)

    @cached_property
    def uncounted(self) -> Rows:
        """int64: rows of faces that are somebody's because the user said so, and do not count there."""
        return np.flatnonzero(self.poor & self.resolution.constraints.members)

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of each face that carries one."""
        return names_of_faces(self.resolution, self.face_ids)

    @property
    def candidates(self) -> Candidates:
        """What grouping looks at."""
        prepared = PreparedFaces(
            self.score_normalised, self.conflicting_photos, self.poor, self.graph, self.labels, self.pairs
        )
        constraints = self.resolution.constraints
        return candidates(prepared, self.config, self.calibration, constraints, self.store.scratch)

    @cached_property
    def fingerprint(self) -> str:
        """What a clustering of these faces follows from, summed up."""
        return fingerprint(self.table, self.config, self.decisions, self.calibration, self.known)

    # -- what came before ------------------------------------------------------------------------------

    @cached_property
    def in_force(self) -> Clustering | None:
        """The clustering in force."""
        return self.store.current_clustering()

    @cached_property
    def before(self) -> Clustering | None:
        """The clustering in force, in the faces that are there now, where photos have changed since."""
        return carried(self.in_force, self._followed) if self.in_force else None

    @cached_property
    def past(self) -> Past:
        """What the clustering in force, and those before it, called people."""
        return past_of(self.store, self.before, self._followed)

    @cached_property
    def _followed(self) -> Callable[[str], list[str]] | None:
        return self.store.followed()

    # -- other settings, the next time ----------------------------------------------------------------

    def under(self, config: ClusterConfig) -> Snapshot:
        """The same faces to be grouped in another way; what does not depend on that is not worked out again.

        Parameters
        ----------
        config
            Other settings with the same ``k``.
        """
        other = Snapshot(self.store, config, self.table)
        changed = {name for name, value in asdict(config).items() if value != getattr(self.config, name)}
        same = [name for name, settings in _SETTINGS_OF.items() if not changed.intersection(settings)]
        shared = {name: getattr(self, name) for name in (*_SAME_ALWAYS, *same)}
        shared["_compared"] = self.embeddings, self.graph
        vars(other).update(shared)
        return other
