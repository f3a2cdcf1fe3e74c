"""Answers the first questions of ``people suggest`` from folder names, and scores people before and after.

    python benchmarks/suggest.py INDEX [10 50 100]

INDEX holds photos in folders by person and is grouped; it is copied, not changed. A question that the labels
cannot answer, about faces that are no photo's main face, is passed over. Doubts are answered
face by face.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from photoclust.config import ClusterConfig
from photoclust.evaluate.evaluation import evaluate_groups
from photoclust.index.store import IndexStore
from photoclust.people.clustering.membership import NOBODY, Templates
from photoclust.people.clustering.required import people_like
from photoclust.people.decisions.line import Decision
from photoclust.people.identity.facts import nearby
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex, Ref
from photoclust.workflows.people.suggest import Question, grouped_faces, suggest
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.labelled import labelled_faces


def pairwise_f(folder: Path) -> float:
    faces = labelled_faces(str(folder), "folders")
    return evaluate_groups(faces.people, faces.groups).pairwise.f


def answered(
    people_index: PeopleIndex, one: Question, truth: dict[str, str]
) -> tuple[list[Decision], bool | None]:
    """Decisions that follow from the labels, and whether the suggestion was right."""
    who = [known(people_index, person, truth) for person in one.people]
    faces = [face for face in one.faces if face in truth]
    if not all(who) or (one.kind != "merge" and not faces):
        return [], None
    if one.kind == "merge":
        same = who[0] == who[1]
        refs = [Ref(person, "") for person in one.people]
        said = correct.merge(people_index, one.people) if same else correct.different(people_index, *refs)
        return said, same
    wrong = [face for face in faces if truth[face] != who[0]]
    right = [face for face in faces if truth[face] == who[0]]
    person = one.people[0]
    said = correct.reject(people_index, person, wrong) if wrong else []
    said += correct.same(people_index, [Ref(person, ""), *(Ref("", face) for face in right)]) if right else []
    return said, bool(right) if one.kind == "join" else len(wrong) > len(right)


def known(people_index: PeopleIndex, person: str, truth: dict[str, str]) -> str:
    """Label of most of a person's labelled faces."""
    labels = Counter(truth[face] for face in people_index.faces_of(person) if face in truth)
    return labels.most_common(1)[0][0] if labels else ""


def fit(store: IndexStore, truth: dict[str, str]) -> str:
    """Logistic regression of "one person" on evidence, for pairs of nearby people and unsure faces."""
    faces = Snapshot.load(store)
    grouped, calibration = grouped_faces(faces, faces.in_force), faces.calibration
    group = grouped.group.copy()
    alone = np.flatnonzero((group == NOBODY) & grouped.clear)
    group[alone] = 1 + group.max() + np.arange(len(alone))
    templates = Templates.of(grouped.embeddings, group, np.full(len(group), NOBODY))
    labels: dict[int, Counter] = {}
    for face, number in zip(store.faces([])["face_id"].to_pylist(), group.tolist(), strict=True):
        if face in truth and number != NOBODY:
            labels.setdefault(number, Counter())[truth[face]] += 1
    score_normalised = calibration.score_normalised(grouped.embeddings, grouped.photos)
    pairs = nearby(templates, grouped.exclusions, score_normalised)
    keep = np.array([a in labels and b in labels for a, b in zip(pairs.left, pairs.right, strict=True)])
    pairs = pairs.take(keep)
    who = {number: counts.most_common(1)[0][0] for number, counts in labels.items()}
    same = np.array([who[a] == who[b] for a, b in zip(pairs.left, pairs.right, strict=True)])
    larger = np.maximum(templates.count[pairs.left], templates.count[pairs.right])
    x = pairs.evidence - np.log(people_like(len(group), larger))

    def loss(line: np.ndarray) -> float:
        return float(np.logaddexp(0, -(line[0] * x + line[1]) * (2 * same - 1)).mean())

    slope, offset = minimize(loss, [1.0, 0.0]).x
    return f"{same.sum()} of {len(same)} pairs are one person: slope {slope:.2f}, offset {offset:.2f}"


def main() -> None:
    index, counts = Path(sys.argv[1]), [int(n) for n in sys.argv[2:]] or [10, 50, 100]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(index, Path(place) / "index", symlinks=True))
        store = IndexStore.open(folder)
        ids = store.faces([])["face_id"].to_pylist()
        labels = labelled_faces(str(folder), "folders")
        truth = {ids[row]: person for row, person in zip(labels.rows, labels.people, strict=True)}
        print(fit(store, truth))
        print(f"before: pairwise F {pairwise_f(folder):.4f}")
        people_index, outcomes, said = PeopleIndex(store), Counter(), []
        asked = iter(suggest(store, 2000))
        for count in sorted(counts):
            while outcomes[True] + outcomes[False] < count and (one := next(asked, None)):
                lines, right = answered(people_index, one, truth)
                outcomes[right] += 1
                said += lines
            correct.write(store, PeopleIndex(store), said)
            said = []
            group_faces(store, ClusterConfig())
            print(
                f"after {outcomes[True] + outcomes[False]} answers: pairwise F {pairwise_f(folder):.4f}; "
                f"{outcomes[True]} suggestions right, {outcomes[None]} passed over",
                flush=True,
            )


if __name__ == "__main__":
    main()
