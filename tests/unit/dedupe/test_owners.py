"""Whom a label means: the person of most of its photos, however alike a few strays may be."""

from __future__ import annotations

import numpy as np
import pytest

from photoclust.config import AuditConfig
from photoclust.dedupe.audited import AuditedFaces
from photoclust.dedupe.findings import mislabelled_faces
from photoclust.dedupe.judgement import Judgement, judge
from photoclust.people.calibration.evidence import calibration_of

CALIBRATION = calibration_of("casia-webface")
EVIDENCE = CALIBRATION.plain.evidence_of_means
CONFIG = AuditConfig()
SIZE = 55


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def planted(strays: int, seed: int, alike: float = 0.45, photos: int = 40) -> AuditedFaces:
    """Five labels of forty photos of one person each, and strays who are somewhat alike.

    The strays of a label are people of their own; what all strays of it have in common, children say, is a
    share `alike` of their identity.
    """
    rng = np.random.default_rng(seed)
    rows, label, part = [], [], []
    for number in range(5):
        person, common = rng.normal(size=SIZE), rng.normal(size=SIZE)
        own = np.sqrt(0.6) * person + np.sqrt(0.4) * rng.normal(size=(photos, SIZE))
        identity = np.sqrt(alike) * common + np.sqrt(1 - alike) * rng.normal(size=(strays, SIZE))
        odd = np.sqrt(0.75) * identity + np.sqrt(0.25) * rng.normal(size=(strays, SIZE))
        rows += [unit(own), unit(odd)]
        label += [number] * (photos + strays)
        first = number * (strays + 1)
        part += [first] * photos + list(range(first + 1, first + 1 + strays))
    n = len(label)
    return AuditedFaces(
        np.concatenate(rows), np.full(n, 0.97), np.array(label), np.array(part), np.ones(n), np.full(n, -1)
    )


def judged(faces: AuditedFaces) -> Judgement:
    return judge(faces, EVIDENCE, CONFIG)


@pytest.mark.parametrize("strays", [1, 3, 8])
@pytest.mark.parametrize("seed", range(20))
def test_a_label_means_the_person_of_most_of_its_photos(strays: int, seed: int) -> None:
    faces = planted(strays, seed)
    judgement = judged(faces)
    assert np.bincount(faces.part)[judgement.owner].tolist() == [40] * 5
    found = mislabelled_faces(faces, judgement, CONFIG.min_confidence)
    assert all(len(one.faces) == 1 for one in found)
    assert len(found) >= 0.75 * 5 * strays


def test_of_a_label_whose_faces_are_mostly_of_others_nothing_is_parted_off() -> None:
    """Two photos of one person and five of people each photographed once: nobody has most of the label."""
    faces = planted(5, seed=0, alike=0.0, photos=2)
    found = mislabelled_faces(faces, judged(faces), CONFIG.min_confidence)
    assert found
    assert all(one.unclear for one in found)


def test_of_half_a_label_can_be_said_whose_it_is() -> None:
    faces = planted(2, seed=0, alike=0.0, photos=2)
    found = mislabelled_faces(faces, judged(faces), CONFIG.min_confidence)
    assert found
    assert not any(one.unclear for one in found)


def test_a_part_that_has_a_label_of_its_own_is_sent_there() -> None:
    faces = planted(2, seed=3, alike=0.0)
    label = faces.label.copy()
    label[:10] = 1  # of person 0
    part = faces.part.copy()
    part[:10] = part.max() + 1
    moved = AuditedFaces(faces.embeddings, faces.quality, label, part, faces.weight, faces.copy)
    [one] = [
        one for one in mislabelled_faces(moved, judged(moved), CONFIG.min_confidence) if len(one.faces) == 10
    ]
    assert (one.label, one.home, one.unclear) == (1, 0, False)
