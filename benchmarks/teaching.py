"""What fifty answers and fifty corrections save among other people, and whether they teach thresholds.

    python benchmarks/teaching.py INDEX...

Takes collections of ``benchmarks/shapes.py`` whose people are known; T and R are its halves. Somebody answers
the first 50 questions, or goes through the largest people and names them, takes wrong faces out and gives
fragments the same name, 50 times. Printed are the faces that are wrong (not with most of their person, or
among others) before and after, all of them and those of people nobody spoke of, and the yeses among the next
50 questions. Then the same where the decisions also move the evidence that groups need, and where they move
the chance of questions: by the offset of a logistic regression of what was said (answers; people named alike
and differently) on the evidence there was before, with a normal prior about the shipped offset.

Then what names teach about the space of embeddings of a model that was not calibrated, for which those of
casia-webface stand without its mean and directions: a calibration on the people of one half, as ``photoclust
calibrate --labels people`` makes one, judged on everybody of the other half.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from albums import STRANGER, Album
from chances import whose
from scipy.optimize import minimize_scalar
from shapes import DEV, LARGE, MODEL, WEB, Pool, read

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import pairwise_scores
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.measuring import measured
from photoclust.people.calibration.unlabelled import people_of_photos
from photoclust.people.clustering import joining
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.prepared import PreparedFaces, density_labels
from photoclust.people.clustering.required import evidence_for_groups
from photoclust.people.clustering.verify import candidates
from photoclust.people.decisions.file import Decisions
from photoclust.people.decisions.line import DIFFERENT, MERGE, NAME, REJECT, SAME, Decision
from photoclust.people.decisions.resolving import Resolution, resolve
from photoclust.people.graph.near_duplicates import near_duplicates
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.identity import near as chances_of
from photoclust.people.identity import suggest
from photoclust.people.identity.near import Grouped, Near
from photoclust.workflows.snapshot.grouping import exclusions_of

MANY, ANCHORS, NOBODY = 50, 12, -1
NAMED, UNKNOWN = (30, 60, 120, 300, 2000), "another model"
PRIOR, BOUND = 1.0, 4.0  # standard deviation of the offset in log odds, and how far it may move
NOBODY_ELSE = np.zeros(0, np.int64)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SHIPPED = float(chances_of._GROUP[0]), chances_of._OFFSET


class Collection:
    """Faces that are grouped again and again."""

    def __init__(self, album: Album, calibration: Calibration) -> None:
        self.truth, self.config, self.calibration = album.truth, ClusterConfig(), calibration
        graph = neighbours(album.faces.embeddings, self.config.k)
        prepared = PreparedFaces.of(album.faces, graph, self.config, self.calibration)
        self.prepared = replace(prepared, labels=density_labels(graph, self.config))
        self.near_duplicates = near_duplicates(graph)
        self.ids = [f"{row:08d}" for row in range(len(self.truth))]

    def grouped(self, said: Said, more: float = 0.0) -> Grouped:
        """People, where groups need so much more evidence to join."""
        resolution: Resolution = resolve(Decisions(tuple(said.lines)), self.ids, self.near_duplicates)
        faces = candidates(self.prepared, self.config, self.calibration, resolution.constraints)
        joining.evidence_for_groups = lambda *of: evidence_for_groups(*of) + more
        found = cluster_faces(faces)[1]
        apart = exclusions_of(self.prepared.photos, resolution)
        group, clear = found.group.astype(np.int64), ~faces.low
        return Grouped(faces.embeddings, faces.graph, group, found.confidence, clear, apart, faces.uncounted)

    def wrong(self, group: np.ndarray, among: np.ndarray) -> int:
        """Main faces that are not with most of their person, or with somebody else."""
        truth, own = self.truth[among], group[among]
        own = np.where(own == NOBODY, own.max(initial=NOBODY) + 1 + np.arange(len(own)), own)
        pairs, count = np.unique(np.stack([truth, own]), axis=1, return_counts=True)
        most, right = np.zeros(own.max(initial=0) + 1), np.zeros(truth.max(initial=0) + 1, np.int64)
        np.maximum.at(most, pairs[1], count)
        leads = count == most[pairs[1]]
        np.maximum.at(right, pairs[0, leads], count[leads])
        return int(len(truth) - right.sum())


class Said:
    """Decisions, in the order in which they are taken."""

    def __init__(self) -> None:
        self.lines: list[Decision] = []

    def add(self, kind: str, faces: np.ndarray, others: np.ndarray = NOBODY_ELSE, value: str = "") -> None:
        at = BEGAN + timedelta(seconds=len(self.lines))
        sides = (tuple(f"{row:08d}" for row in side) for side in (faces, others))
        self.lines.append(Decision(at, kind, *sides, value, "", len(self.lines) + 1))

    def rows(self) -> np.ndarray:
        return np.array([int(face) for line in self.lines for face in (*line.faces, *line.others)], np.int64)


def questions(faces: Collection, now: Grouped, said: Said) -> list[bool]:
    """Answer the first questions that labels can answer; tells which were right."""
    who, right = whose(now.group, faces.truth), list[bool]()
    for one in suggest.suggestions(now, faces.calibration, 2000):
        answer = _answer(faces, now, who, one, said)
        right += [] if answer is None else [answer]
        if len(right) == MANY:
            break
    return right


def _answer(
    faces: Collection, now: Grouped, who: np.ndarray, one: suggest.Suggestion, said: Said
) -> bool | None:
    rows, groups = np.array(one.rows, np.int64), [each for each in (one.group, one.other) if each != NOBODY]
    stand = [_anchors(now, group, rows) for group in groups]
    if one.kind == suggest.DOUBT:
        rows = rows[faces.truth[rows] != STRANGER]
        wrong = rows[faces.truth[rows] != who[one.group]]
        if who[one.group] == NOBODY or not len(rows) or not len(stand[0]):
            return None
        for kind, some in ((REJECT, wrong), (SAME, np.setdiff1d(rows, wrong))):
            if len(some):
                said.add(kind, some, stand[0])
        return 2 * len(wrong) > len(rows)
    sides = [*who[groups], *faces.truth[rows]]
    if min(sides) < 0:
        return None
    one_side, other = (stand + [rows[i : i + 1] for i in range(len(rows))])[::-1][:2]
    same = len(set(sides)) == 1
    said.add((MERGE if one.kind == suggest.MERGE else SAME) if same else DIFFERENT, one_side, other)
    return same


def _anchors(now: Grouped, group: int, without: np.ndarray) -> np.ndarray:
    own = np.setdiff1d(np.flatnonzero(now.group == group), without)
    return own[np.argsort(-now.confidence[own], kind="stable")][:ANCHORS]


def corrections(faces: Collection, now: Grouped, said: Said) -> None:
    """Name the largest people, take out whom they are not, and give fragments the same name."""
    who = whose(now.group, faces.truth)
    order = np.argsort(-np.bincount(now.group[now.group != NOBODY], minlength=len(who)), kind="stable")
    for group in order[who[order] != NOBODY]:
        own = np.flatnonzero(now.group == group)
        wrong = own[(faces.truth[own] != STRANGER) & (faces.truth[own] != who[group])]
        said.add(NAME, np.setdiff1d(own, wrong), value=f"n{who[group]}")
        if len(wrong):
            said.add(REJECT, wrong, _anchors(now, group, wrong))
        if len(said.lines) >= MANY:
            return


def taught(before: Near, said: Said, *, two_faces: bool = False) -> float:
    """Offset of the log odds that decisions speak for, given the evidence before anything was said."""
    left, right, same = _named(before, said)
    for line in said.lines:
        one, other = (_most(before, side) for side in (line.faces, line.others))
        if line.kind in (MERGE, SAME, DIFFERENT, REJECT) and min(one, other) > NOBODY and one != other:
            left, right = np.append(left, min(one, other)), np.append(right, max(one, other))
            same = np.append(same, line.kind in (MERGE, SAME))
    pairs = before.weigh(left, right)
    own = pairs.two_faces == two_faces
    chance, sign = np.clip(pairs.chance[own], 1e-9, 1 - 1e-9), np.where(same[own], 1, -1)
    odds = np.log(chance / (1 - chance))

    def loss(offset: float) -> float:
        return float(np.logaddexp(0, -sign * (odds + offset)).sum() + (offset / PRIOR) ** 2 / 2)

    return float(minimize_scalar(loss, bounds=(-BOUND, BOUND), method="bounded").x)


def _named(before: Near, said: Said) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of groups that were near one another and both named, and whether by one name."""
    name = np.full(len(before.size) + 1, "", object)
    for line in said.lines:
        if line.kind == NAME:
            name[_most(before, line.faces)] = line.value
    one, other = name[before.left], name[before.right]
    both = np.flatnonzero((one != "") & (other != ""))
    return before.left[both], before.right[both], (one == other)[both]


def _most(before: Near, faces: tuple[str, ...]) -> int:
    """The group that most of some faces were in."""
    groups = before.group[[int(face) for face in faces]]
    groups = groups[groups != NOBODY]
    return int(np.bincount(groups).argmax()) if len(groups) else NOBODY


@dataclass(frozen=True)
class Outcome:
    """Faces wrong after decisions, of all and of people nobody spoke of, and the yeses to come."""

    wrong: int
    others: int
    right: int


def outcome(faces: Collection, said: Said, others: np.ndarray, more: float = 0.0) -> Outcome:
    now, main = faces.grouped(said, more), faces.truth != STRANGER
    right = questions(faces, now, Said())
    return Outcome(faces.wrong(now.group, main), faces.wrong(now.group, main & others), sum(right))


def show(name: str, faces: Collection, simulation: str) -> None:
    said, before = Said(), faces.grouped(Said())
    near = Near.of(before, faces.calibration)
    if simulation == "questions":
        right = f"{sum(questions(faces, before, said))} yes, "
    else:
        corrections(faces, before, said)
        right = ""
    main = faces.truth != STRANGER
    others = ~np.isin(faces.truth, faces.truth[said.rows()])
    offset = taught(near, said)
    plain = outcome(faces, said, others)
    moved = outcome(faces, said, others, -offset / SHIPPED[0])
    chances_of._OFFSET = SHIPPED[1] + offset
    chance = outcome(faces, said, others)
    chances_of._OFFSET = SHIPPED[1]
    print(
        f"{name:16} {simulation:11} {right}wrong {faces.wrong(before.group, main)}, of others "
        f"{faces.wrong(before.group, main & others)}; after {plain.wrong}, {plain.others}, next {plain.right}"
        f" yes; thresholds moved by {-offset / SHIPPED[0]:+.1f}: {moved.wrong}, {moved.others}, next "
        f"{moved.right}; chances moved: next {chance.right}",
        flush=True,
    )


def collections(pool: Pool) -> Iterator[tuple[str, Album]]:
    rng = np.random.default_rng(0)
    for half, name in enumerate("TR"):
        own = pool.half == half
        web, dev, large = (own & (pool.source == one) for one in (WEB, DEV, LARGE))
        every = web | dev | large
        whole = {"web": web, "large": large, "dev": dev, "web+large": web | large, "everything": every}
        yield from ((f"{name} {kind}", pool.some(keep)) for kind, keep in whole.items())
        yield from ((f"{name} 1,000 photos", pool.photos(every, 1000, rng)) for _ in range(3))


def show_names(pool: Pool) -> None:
    """Everybody of a half under calibrations on nobody, on people of the other half, and without names."""
    for half, name in enumerate("TR"):
        named, judged = pool.main & (pool.half != half), pool.some(pool.half == half)
        people, times = np.unique(pool.person[named], return_counts=True)
        largest = people[np.argsort(-times, kind="stable")]
        print(
            f"{name} everything, not calibrated: {_scored(judged, calibration_of(UNKNOWN, 512))}", flush=True
        )
        for count in NAMED:
            own = pool.some(named & np.isin(pool.person, largest[:count]))
            labels = LabelledInput(own.faces, np.unique(own.truth, return_inverse=True)[1].astype(np.int64))
            print(f"    by {count} people with names: {_scored(judged, measured(labels))}", flush=True)
        found = people_of_photos(pool.some(pool.half != half).faces)
        print(f"    without names: {_scored(judged, measured(found))}", flush=True)


def _scored(album: Album, calibration: Calibration) -> str:
    centred = replace(album.faces, embeddings=calibration.centred(album.faces.embeddings))
    group = Collection(Album(centred, album.truth), calibration).grouped(Said()).group
    main = album.truth != STRANGER
    scores = pairwise_scores(album.truth[main], group[main])
    return f"pairwise F {scores.f:.3f} P {scores.precision:.3f} R {scores.recall:.3f}"


def main() -> None:
    show_names(read(sys.argv[1:], UNKNOWN))
    pool = read(sys.argv[1:])
    for name, album in collections(pool):
        faces = Collection(album, calibration_of(MODEL))
        for simulation in ("questions", "corrections"):
            show(name, faces, simulation)


if __name__ == "__main__":
    main()
