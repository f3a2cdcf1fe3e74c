"""From density clusters to people: every join is weighed, every member is checked.

The way of a face:

1. Near-identical faces, as in a burst, count as one.
2. Faces good enough to found a person are joined while the evidence lasts (`agglomerate`), first inside the
   density clusters, then across them: a mixed cluster comes apart, and fragments of a person come together.
   At first only what is certain is joined, then in view of who else is near (`context`).
3. A member is taken out that its group speaks against, or another group much more for.
4. Faces of low quality, and those taken out, join a group that speaks for them; they found and bridge none.
5. Where the model has changed, faces stay with whom they were known to be, unless the new one contradicts.

What the user has decided holds (`Constraints`): faces put together start in one group and stay in it, be
they doubtful or of low quality; what is to be apart never joins; parts of one person become one in the end.
Those of low quality do not count in their group: nobody joins because of them, but where there are no others
they join a group as they would had nothing been said.

How much evidence a join needs follows from how many people the collection has room for; see
`required_evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.spread import SpreadModel
from photoclust.people.clustering.agglomerate import Partition, faces_in
from photoclust.people.clustering.components import bounded_components, within
from photoclust.people.clustering.constraints import Constraints
from photoclust.people.clustering.density import numbered
from photoclust.people.clustering.joining import FARTHEST, Candidates, join_large
from photoclust.people.clustering.known import FALSE_MATCH_RATE, StayRule, with_known
from photoclust.people.clustering.membership import NOBODY, Apart, Templates, attach, own_evidence, rivals
from photoclust.people.clustering.prepared import PreparedFaces
from photoclust.people.clustering.required import people_like
from photoclust.people.clustering.same_photo import once_a_photo
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.records import LOW_QUALITY, MEMBER, UNSURE
from photoclust.types import Doubles, MakeArray, Rows


@dataclass(frozen=True)
class Groups:
    """Verified groups of n faces.

    Attributes
    ----------
    group
        int32, shape (n,): group of each face, numbered by first appearance; −1 where it is nobody's.
    confidence
        float32, shape (n,), in [0, 1]: probability that the membership is right; 0 where there is none.
    status
        str, shape (n,): `MEMBER`, `UNSURE` or `LOW_QUALITY`.
    """

    group: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.float32]
    status: npt.NDArray[np.str_]


def candidates_of(
    faces: VerifyInput,
    graph: NeighbourGraph,
    config: ClusterConfig,
    calibration: Calibration | None = None,
    constraints: Constraints | None = None,
) -> Candidates:
    """What joining knows of some faces.

    Of many faces the graph is cut into components, which can be joined apart.

    Parameters
    ----------
    faces
        The n faces.
    graph
        Their nearest neighbours.
    config
        ``min_cluster_size``, ``min_quality`` and ``false_join_rate``.
    calibration
        What is known of the embedder; by default what is assumed of any.
    constraints
        What the user has decided; by default nothing.
    """
    calibration = calibration or calibration_of()
    prepared = PreparedFaces.of(faces, graph, config, calibration)
    return candidates(prepared, config, calibration, constraints or Constraints.none(len(faces)))


def candidates(
    prepared: PreparedFaces,
    config: ClusterConfig,
    calibration: Calibration,
    constraints: Constraints,
    make: MakeArray = np.empty,
) -> Candidates:
    """What joining knows of some faces that are prepared; see `candidates_of`. `make` makes large arrays."""
    graph = prepared.graph
    apart = once_a_photo(prepared.photos).also(constraints.exclusions)
    component, reach = None, None
    if len(prepared) > config.max_component:
        component, reach = bounded_components(graph, config.max_component, FARTHEST, constraints)
        graph = within(graph, component, make)
    constraints = replace(constraints, exclusions=apart)
    return Candidates(
        prepared.score_normalised,
        graph,
        component,
        reach,
        prepared.poor,
        constraints,
        calibration,
        config,
        prepared.labels,
        prepared.pairs,
        make,
    )


def settled(faces: Candidates, partition: Partition) -> Groups:
    """Join what is too large to see one another, then look at every member.

    Parameters
    ----------
    faces
        The n faces.
    partition
        Of their founders, joined (`Founders`); of its sums only those of groups of more than k faces are
        looked at.
    """
    join_large(faces, partition)
    embeddings, graph, constraints, config = faces.embeddings, faces.graph, faces.constraints, faces.config
    templates_of = partial(
        Templates.of, embeddings, part_of=constraints.part_of, uncounted=faces.uncounted, make=faces.make
    )
    alone = _known_poorly(faces)
    group = np.where((faces.low & ~constraints.members) | alone, NOBODY, partition.group)
    group = _without_small(group, config.min_cluster_size, constraints)
    templates = templates_of(group)
    group = _leave_doubtful(templates, graph, constraints, faces.model, config)
    group = _without_small(group, config.min_cluster_size, constraints)
    left = faces.low | (templates.group != NOBODY)  # others have been weighed in view of who is near
    templates = templates_of(group, before=templates)
    everyone = faces_in(partition)
    required = faces.required(everyone, np.maximum(1, templates.count))
    apart = Apart(constraints.exclusions, constraints.start)
    group = attach(templates, graph, apart, faces.model, required, left)
    group = np.where(alone & (group == NOBODY), len(group) + constraints.start, group)
    templates = templates_of(group, before=templates)
    if constraints.known is not None:
        group = _with_known(templates, constraints.known, faces)
        group = _without_small(group, config.min_cluster_size, constraints)
        templates = templates_of(group, before=templates)
    confidence = _confidence(templates, graph, faces.calibration, everyone)
    return _groups(
        templates.person, np.where(constraints.certain | _only_said(templates), 1, confidence), faces.low
    )


def _known_poorly(faces: Candidates) -> npt.NDArray[np.bool_]:
    """Faces of people who are known by faces of low quality alone, bool, shape (n,)."""
    constraints = faces.constraints
    clear = np.zeros(len(faces), bool)
    clear[constraints.start[~faces.low]] = True
    return faces.low & constraints.members & ~clear[constraints.start] & (constraints.part_of < 0)


# -- members ------------------------------------------------------------------------------------------


def _without_small(group: Rows, least: int, constraints: Constraints) -> Rows:
    """Groups of fewer faces than make a person are nobody's, unless decisions made them."""
    times = np.bincount(group[group != NOBODY], minlength=1)
    times[group[constraints.members]] = max(least, len(group))
    return np.where((group != NOBODY) & (times[group] >= least), group, NOBODY)


def _leave_doubtful(
    templates: Templates,
    graph: NeighbourGraph,
    constraints: Constraints,
    model: SpreadModel,
    config: ClusterConfig,
) -> Rows:
    """Take members out whose group speaks against them, or another so much more for them as to move them."""
    own, other = own_evidence(templates, model), rivals(templates, graph, model)
    stays = (own > 0) & (other.evidence < own - np.log(config.false_join_rate))
    return np.where(stays | constraints.members, templates.group, NOBODY)


def _with_known(templates: Templates, known: Rows, faces: Candidates) -> Rows:
    """Let faces stay with whom they were known to be before the model changed."""
    least = float(faces.calibration.evidence_at(FALSE_MATCH_RATE))
    rule = StayRule(faces.model, least, -float(np.log(faces.config.false_join_rate)))
    asked = ~faces.constraints.members
    return with_known(templates, known, asked, faces.graph, faces.constraints.exclusions, rule)


def _confidence(
    templates: Templates, graph: NeighbourGraph, calibration: Calibration, everyone: float
) -> Doubles:
    """Say how sure each membership is, among so many faces."""
    model = calibration.weighed
    own, other = own_evidence(templates, model), rivals(templates, graph, model)
    count = np.append(np.maximum(1, templates.count), 1)[templates.group]
    against = np.log(people_like(everyone, count))  # what is to be said before the faces are looked at
    return calibration.confidence(own - np.maximum(0, other.evidence) - against)


def _only_said(templates: Templates) -> npt.NDArray[np.bool_]:
    """Faces whose group has none that counts, bool, shape (n,): they are there because the user said so."""
    return (np.append(templates.count, 1) == 0)[templates.group]


def _groups(person: Rows, confidence: npt.NDArray[np.float64], low: npt.NDArray[np.bool_]) -> Groups:
    """Number the groups by first appearance."""
    member = person != NOBODY
    status = np.where(member, MEMBER, np.where(low, LOW_QUALITY, UNSURE))
    certainty = np.where(member, confidence, 0).astype(np.float32)
    return Groups(numbered(person).astype(np.int32), certainty, status)
