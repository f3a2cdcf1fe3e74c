"""Answers the first questions of ``people suggest`` from folder names, and scores people before and after.

    python benchmarks/suggest.py INDEX [10 50 100]

INDEX holds photos in folders by person and is grouped; it is copied, not changed. A question that the labels
cannot answer, about faces that are no photo's main face, is passed over. Doubts are answered face by face. It
is grouped anew after each number of answers; the questions are those of the beginning. Last comes how many of
all questions are right.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from photoclust.config import ClusterConfig
from photoclust.evaluate.evaluation import evaluate_groups
from photoclust.index.store import IndexStore
from photoclust.people.decisions.line import Decision
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.people import correct
from photoclust.workflows.people.people_index import PeopleIndex, Ref
from photoclust.workflows.people.suggest import Question, suggest
from photoclust.workflows.snapshot.labelled import labelled_faces

ALL = 100_000  # more than there are questions


def pairwise_f(folder: Path) -> float:
    faces = labelled_faces(str(folder), "folders")
    return evaluate_groups(faces.people, faces.groups).pairwise.f


def answered(
    people_index: PeopleIndex, one: Question, truth: dict[str, str]
) -> tuple[list[Decision], bool | None]:
    """Decisions that follow from the labels, and whether the suggestion was right."""
    who = [known(people_index, person, truth) for person in one.people]
    faces = [face for face in one.faces if face in truth]
    if one.kind in ("merge", "pair"):
        sides = [*who, *(truth.get(face, "") for face in one.faces)]
        if not all(sides):
            return [], None
        refs = [*(Ref(person, "") for person in one.people), *(Ref("", face) for face in one.faces)]
        same = len(set(sides)) == 1
        return (correct.same if same else _different)(people_index, refs), same
    if not all(who) or not faces:
        return [], None
    wrong = [face for face in faces if truth[face] != who[0]]
    right = [face for face in faces if truth[face] == who[0]]
    person = one.people[0]
    said = correct.reject(people_index, person, wrong) if wrong else []
    said += correct.same(people_index, [Ref(person, ""), *(Ref("", face) for face in right)]) if right else []
    return said, bool(right) if one.kind == "join" else len(wrong) > len(right)


def _different(people_index: PeopleIndex, refs: list[Ref]) -> list[Decision]:
    return correct.different(people_index, *refs)


def known(people_index: PeopleIndex, person: str, truth: dict[str, str]) -> str:
    """Label of most of a person's labelled faces."""
    labels = Counter(truth[face] for face in people_index.faces_of(person) if face in truth)
    return labels.most_common(1)[0][0] if labels else ""


def main() -> None:
    index, counts = Path(sys.argv[1]), [int(n) for n in sys.argv[2:]] or [10, 50, 100]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(index, Path(place) / "index", symlinks=True))
        store = IndexStore.open(folder)
        ids = store.faces([])["face_id"].to_pylist()
        labels = labelled_faces(str(folder), "folders")
        truth = {ids[row]: person for row, person in zip(labels.rows, labels.people, strict=True)}
        print(f"before: pairwise F {pairwise_f(folder):.4f}")
        people_index, outcomes, said = PeopleIndex(store), Counter(), []
        asked = iter(suggest(store, ALL))
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
        outcomes.update(answered(people_index, one, truth)[1] for one in asked)
        print(f"of {outcomes[True] + outcomes[False]} questions in all {outcomes[True]} suggestions right")


if __name__ == "__main__":
    main()
