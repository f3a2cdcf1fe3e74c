"""A degraded photo shows the same face, smaller and worse."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.config import CropConfig
from photoclust.faces.align import crop_faces
from photoclust.faces.degraded import degraded
from photoclust.faces.quality import assess
from photoclust.records import Detections

ASTRONAUT = skimage.data.astronaut()
FACE = Detections(
    np.array([[181, 62, 268, 172]], np.float32),
    np.array([[[206, 107], [247, 106], [228, 130], [211, 147], [245, 146]]], np.float32),
    np.ones(1, np.float32),
)


def test_a_degraded_face_is_the_same_face_and_less_sharp() -> None:
    whole = crop_faces(ASTRONAUT, FACE, CropConfig())[0].astype(float).mean(2)

    for seed in range(20):
        pixels, face = degraded(ASTRONAUT, FACE, np.random.default_rng(seed))

        x0, _, x1, _ = face.boxes[0]
        assert 13.9 < x1 - x0 < 40.1
        assert assess(pixels, face).quality[0] < assess(ASTRONAUT, FACE).quality[0]
        crop = crop_faces(pixels, face, CropConfig())[0].astype(float).mean(2)
        assert np.corrcoef(crop.ravel(), whole.ravel())[0, 1] > 0.85


def test_some_are_grey_and_draws_are_repeated() -> None:
    def is_grey(seed: int) -> bool:
        pixels = degraded(ASTRONAUT, FACE, np.random.default_rng(seed))[0].astype(int)
        return bool(np.abs(pixels[:, :, 0] - pixels[:, :, 2]).max() <= 8)

    assert 5 < sum(map(is_grey, range(40))) < 35
    first, again = (degraded(ASTRONAUT, FACE, np.random.default_rng(3))[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_face_that_is_smaller_already_is_not_enlarged() -> None:
    small = Detections(FACE.boxes / 20, FACE.landmarks / 20, FACE.scores)

    pixels, face = degraded(ASTRONAUT[:26, :26], small, np.random.default_rng(0))

    assert face.boxes[0, 2] - face.boxes[0, 0] == pytest.approx(87 / 20)
    assert max(pixels.shape[:2]) <= 26


@settings(max_examples=60, deadline=None)
@given(
    st.integers(-80, 500), st.integers(-80, 500), st.integers(1, 400), st.integers(1, 400), st.integers(0, 99)
)
def test_any_box_gives_a_picture(x: int, y: int, width: int, height: int, seed: int) -> None:
    box = np.array([[x, y, x + width, y + height]], np.float32)
    face = Detections(box, box[:, [0, 1, 2, 1, 0, 1, 0, 3, 2, 3]].reshape(1, 5, 2), np.ones(1, np.float32))

    pixels, there = degraded(ASTRONAUT, face, np.random.default_rng(seed))

    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3
    assert min(pixels.shape[:2]) >= 1
    assert crop_faces(pixels, there, CropConfig()).shape == (1, 160, 160, 3)
