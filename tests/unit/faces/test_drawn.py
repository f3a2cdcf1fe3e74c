"""Faces that somebody has drawn a box around, however carelessly."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.config import DetectConfig
from photoclust.faces.detect import Detector
from photoclust.faces.drawn import drawn_face
from photoclust.faces.turned import turned_back


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(DetectConfig())


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()[:, 60:480]


@settings(deadline=None, max_examples=12)
@given(st.floats(0.8, 1.5), st.floats(-0.1, 0.1), st.integers(0, 3))
def test_the_box_is_moved_to_where_the_detector_finds_the_face(
    detector: Detector, astronaut: np.ndarray, times: float, off: float, turns: int
) -> None:
    upright = detector.detect(astronaut)
    pixels = np.ascontiguousarray(np.rot90(astronaut, -turns))
    there = turned_back(upright, turns, pixels.shape[:2])
    low, high = there.boxes[0].reshape(2, 2)
    middle, side = (low + high) / 2 + off * (high - low), (high - low) * times
    box = np.concatenate([middle - side / 2, middle + side / 2]).astype(np.float32)
    seen = drawn_face(detector, pixels, box)
    assert (len(seen), seen.turns) == (1, turns)
    size = float((high - low).mean())
    np.testing.assert_allclose(seen.boxes[0], there.boxes[0], atol=0.1 * size)
    np.testing.assert_allclose(seen.landmarks[0], there.landmarks[0], atol=0.1 * size)


def test_where_there_is_nothing_the_box_stays_as_it_was_drawn(
    detector: Detector, astronaut: np.ndarray
) -> None:
    box = np.array([5, 300, 60, 380], np.float32)
    seen = drawn_face(detector, astronaut, box)
    np.testing.assert_array_equal(seen.boxes[0], box)
    assert seen.scores[0] == 0
    assert (seen.landmarks[0] > box[:2]).all()
    assert (seen.landmarks[0] < box[2:]).all()


@pytest.mark.parametrize("box", [(0, 0, 8, 8), (412, 504, 420, 512), (0, 0, 420, 512), (-50, -50, 9, 9)])
def test_any_box_that_shows_some_of_the_photo_will_do(
    detector: Detector, astronaut: np.ndarray, box: tuple[float, ...]
) -> None:
    seen = drawn_face(detector, astronaut, np.array(box, np.float32))
    assert len(seen) == 1
    assert np.isfinite(seen.landmarks).all()
