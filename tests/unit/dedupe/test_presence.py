"""Photos of several people: whom a label means, whoever is in front."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.config import AuditConfig
from photoclust.dedupe.presence import SeenFaces, meant_among_others
from photoclust.people.calibration.evidence import calibration_of

CALIBRATION = calibration_of("casia-webface")
EVIDENCE = CALIBRATION.plain.evidence_of_means
CONFIG = AuditConfig()
SIZE = 55


def seen(photos: list[str], seed: int = 0) -> SeenFaces:
    """Photos of one label: a letter for each person in it, the one in front first."""
    rng = np.random.default_rng(seed)
    letters = [letter for photo in photos for letter in photo]
    names = sorted(set(letters))
    identity = rng.normal(size=(len(names), SIZE))
    person = np.array([names.index(letter) for letter in letters])
    rows = np.sqrt(0.75) * identity[person] + np.sqrt(0.25) * rng.normal(size=(len(letters), SIZE))
    photo = np.repeat(np.arange(len(photos)), [len(one) for one in photos])
    return SeenFaces(
        (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32),
        photo,
        np.zeros(len(letters), np.int64),
        np.diff(photo, prepend=-1) > 0,
        person,
    )


@pytest.mark.parametrize(
    ("photos", "meant"),
    [
        (["m", "m", "m"], []),
        (["mx", "my", "m"], []),
        (["ma", "ma", "ma"], []),  # always together: the one in front
        (["ma", "ma", "ma", "ma", "a", "a"], [0, 1, 2, 3]),
        (["ma", "ma", "ma", "ma", "a", "m", "m", "m"], []),
        (["mxa", "mya", "mza", "a", "a"], [0, 1, 2]),
        (["a"], []),
    ],
)
def test_the_person_in_most_photos_is_meant(photos: list[str], meant: list[int]) -> None:
    faces = seen(photos)
    found = meant_among_others(faces, EVIDENCE, CONFIG)
    assert faces.photo[found].tolist() == meant
    assert not faces.front[found].any()
    letters = [letter for photo in photos for letter in photo]
    assert {letters[row] for row in found} <= {"a"}


def test_a_face_unlike_the_others_of_its_person_is_not_taken() -> None:
    faces = seen(["ma", "ma", "ma", "mx", "a", "a"])
    person = faces.person.copy()
    person[7] = person[1]  # x, taken for a
    found = meant_among_others(
        SeenFaces(faces.embeddings, faces.photo, faces.label, faces.front, person),
        EVIDENCE,
        CONFIG,
    )
    assert faces.photo[found].tolist() == [0, 1, 2]


def test_labels_are_looked_at_each_for_itself() -> None:
    one, other = seen(["ma", "ma", "ma", "a", "a"]), seen(["n", "nb"], seed=1)
    both = SeenFaces(
        np.concatenate([one.embeddings, other.embeddings]),
        np.concatenate([one.photo, other.photo + 5]),
        np.concatenate([one.label, other.label + 1]),
        np.concatenate([one.front, other.front]),
        np.concatenate([one.person, other.person + 2]),
    )
    found = meant_among_others(both, EVIDENCE, CONFIG)
    assert both.photo[found].tolist() == [0, 1, 2]
