"""Labels held against faces drawn from the model that the calibration describes."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.config import AuditConfig
from photoclust.dedupe.audited import NOBODY, AuditedFaces
from photoclust.dedupe.bystanders import meant_instead
from photoclust.dedupe.findings import MislabelledFace, mislabelled_faces, one_person, strays
from photoclust.dedupe.judgement import Judgement, judge
from photoclust.dedupe.templates import WeightedTemplates, evidence_blocks, evidence_of
from photoclust.people.calibration.evidence import calibration_of

CALIBRATION = calibration_of("casia-webface")
EVIDENCE = CALIBRATION.plain.evidence_of_means
CONFIG = AuditConfig()
SIZE = 55


def embeddings(persons: list[int], seed: int = 0, share: float = 0.75) -> np.ndarray:
    """One unit vector for each entry, about the identity that it names."""
    rng = np.random.default_rng(seed)
    identity = rng.normal(size=(max(persons) + 1, SIZE))
    rows = np.sqrt(share) * identity[persons] + np.sqrt(1 - share) * rng.normal(size=(len(persons), SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def labelled(persons: list[int], labels: list[int], **changes: np.ndarray) -> AuditedFaces:
    """Faces whose parts are the people under each label."""
    n = len(persons)
    _, part = np.unique(np.stack([labels, persons]), axis=1, return_inverse=True)
    values = {
        "embeddings": embeddings(persons),
        "quality": np.full(n, 0.97),
        "label": np.array(labels, np.int64),
        "part": part.ravel().astype(np.int64),
        "weight": np.ones(n),
        "copy": np.full(n, -1, np.int64),
    }
    return AuditedFaces(**{**values, **changes})


def judged(faces: AuditedFaces) -> Judgement:
    return judge(faces, EVIDENCE, CONFIG)


def found(faces: AuditedFaces) -> list[MislabelledFace]:
    return mislabelled_faces(faces, judged(faces), CONFIG.min_confidence)


PERSONS = [p for p in range(20) for _ in range(5)]


def test_a_clean_data_set_is_left_alone() -> None:
    faces = labelled(PERSONS, PERSONS)
    judgement = judged(faces)
    assert judgement.same == ()
    assert (judgement.wrong == 0).all()


def test_a_label_split_in_two_is_one_person() -> None:
    labels = [20 if row in (3, 4) else label for row, label in enumerate(PERSONS)]
    faces = labelled(PERSONS, labels)
    [one] = one_person(faces, judged(faces))
    assert one.labels == (0, 20)
    assert one.confidence > 0.95


def test_a_label_split_in_three_is_one_person() -> None:
    labels = [{3: 20, 4: 21}.get(row, label) for row, label in enumerate(PERSONS)]
    faces = labelled(PERSONS, labels)
    [one] = one_person(faces, judged(faces))
    assert set(one.labels) == {0, 20, 21}


def test_a_face_under_the_wrong_label_is_sent_home() -> None:
    labels = PERSONS.copy()
    labels[0] = 7
    [one] = found(labelled(PERSONS, labels))
    assert (one.label, one.faces.tolist(), one.home) == (7, [0], 0)
    assert one.confidence > 0.95
    assert not one.mixes


def test_half_of_a_folder_may_be_wrong_if_it_has_a_home() -> None:
    """Two faces of person 0 came to the two of person 1: the label still means person 1."""
    persons = [0] * 6 + [1, 1] + [p for p in range(2, 20) for _ in range(4)]
    labels = [1, 1, *persons[2:]]
    [one] = found(labelled(persons, labels))
    assert (one.label, sorted(one.faces.tolist()), one.home) == (1, [0, 1], 0)


def test_a_stranger_has_no_home() -> None:
    [one] = found(labelled([*PERSONS, 20], [*PERSONS, 3]))
    assert (one.label, one.faces.tolist(), one.home) == (3, [100], NOBODY)
    assert not one.mixes


def test_two_strangers_make_a_mixed_label() -> None:
    [one] = found(labelled([*PERSONS, 20, 20], [*PERSONS, 3, 3]))
    assert one.mixes
    assert not one.undecided
    assert one.faces.tolist() == [100, 101]


def test_one_face_each_leaves_open_whom_the_label_means() -> None:
    [one] = found(labelled([*PERSONS, 20, 21], [*PERSONS, 20, 20]))
    assert one.undecided
    assert one.mixes
    assert len(one.owners) == 1


def test_a_face_that_cannot_be_recognised_says_little() -> None:
    persons, labels = [*PERSONS, 20], [*PERSONS, 3]
    blurred = np.full(101, 0.97)
    blurred[-1] = 0.4
    assert found(labelled(persons, labels, quality=blurred)) == []


def test_one_picture_under_two_labels_makes_them_not_one_person() -> None:
    """Person 20's only photo lies under 3 too."""
    rows = embeddings([*PERSONS, 20, 20])
    rows[-1] = rows[-2]
    copy = np.array([-1] * 100 + [0, 0])
    faces = labelled([*PERSONS, 20, 20], [*PERSONS, 20, 3], embeddings=rows, copy=copy)
    assert judged(faces).same == ()
    [one] = found(faces)
    assert (one.label, one.faces.tolist(), one.home) == (3, [101], 20)


def test_caution_grows_with_the_number_of_labels() -> None:
    few = labelled([0, 0, 1, 2], [0, 3, 1, 2])
    many = labelled([0, 0, *range(1, 400)], [0, 400 - 1, *range(1, 399), 398])
    sure = {len(faces.label): judge(faces, EVIDENCE, AuditConfig(min_confidence=0)).same[0]
            for faces in (few, many)}  # fmt: skip
    assert sure[4].confidence > sure[401].confidence


def test_a_bystander_may_be_the_one_that_is_meant() -> None:
    persons, labels = [*PERSONS, 20], [*PERSONS, 3]
    faces = labelled(persons, labels)
    judgement = judged(faces)
    wrong = strays(faces, judgement, 0.5)
    assert wrong.tolist() == [100]
    others = np.concatenate([embeddings([*PERSONS, 5], seed=0)[-1:], embeddings([*PERSONS, 3])[-1:]])
    meant = meant_instead(faces, judgement, others, np.array([100, 100]), EVIDENCE)
    assert meant.tolist() == [1]
    assert not len(meant_instead(faces, judgement, others[:1], wrong, EVIDENCE))


@pytest.mark.parametrize("labels", [1, 2])
def test_few_labels_are_no_trouble(labels: int) -> None:
    persons = [p for p in range(labels) for _ in range(3)]
    assert judged(labelled(persons, persons)).same == ()


def test_blocks_of_evidence_are_the_evidence_of_pairs() -> None:
    rows = embeddings(list(range(9)), share=0.9)
    left = WeightedTemplates.of(rows, np.ones(9), np.array([0, 0, 1, 2, 2, -1, -1, -1, -1]), 4)
    right = WeightedTemplates.of(rows, np.ones(9), np.array([-1, -1, -1, -1, -1, 0, 1, 1, 1]), 2)
    [(_, table)] = list(evidence_blocks(left, right, EVIDENCE))
    a, b = np.divmod(np.arange(8), 2)
    pairs = evidence_of(left.take(a), right.take(b), EVIDENCE)
    assert np.allclose(table.ravel(), pairs, rtol=1e-4)
    assert (table[3] == -np.inf).all()


def test_a_face_between_two_parts_does_not_stand_for_the_label() -> None:
    rows = embeddings(PERSONS)
    middle, odd = rows[:3].mean(axis=0), rows[4]
    rows[3] = (middle + odd) / np.linalg.norm(middle + odd)
    part = np.array(PERSONS, np.int64)
    part[[3, 4]] = [20, 21]
    judgement = judged(labelled(PERSONS, PERSONS, embeddings=rows, part=part))
    assert judgement.owner[0] == 0
