"""Faces of photos that lie on their side or stand on their head."""

from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image

from photoclust.config import CropConfig, DetectConfig
from photoclust.faces.align import crop_faces, thumbnails
from photoclust.faces.detect import Detector
from photoclust.faces.quality import assess
from photoclust.faces.turned import detect_turned, turned_back, turns_of
from photoclust.records import Detections


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(DetectConfig())


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()[:, 60:480]  # no square


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turned_photo_gives_the_crops_of_the_upright_one(
    detector: Detector, astronaut: np.ndarray, turns: int
) -> None:
    upright = detector.detect(astronaut)
    pixels = np.ascontiguousarray(np.rot90(astronaut, -turns))
    found = detect_turned(detector, pixels)
    assert found.turns == turns
    assert found.boxes.dtype == found.landmarks.dtype == np.float32
    there = turned_back(upright, turns, pixels.shape[:2])
    for name in ("boxes", "landmarks", "scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(there, name))
    ours, theirs = (
        crop_faces(photo, faces, CropConfig()).astype(int)
        for photo, faces in ((pixels, found), (astronaut, upright))
    )
    assert np.abs(ours - theirs).mean() < 15, "whole pixels are rounded down, from another side"
    assert np.abs(ours[:, ::-1] - theirs).mean() > 30
    np.testing.assert_allclose(assess(pixels, found).yaw, assess(astronaut, upright).yaw, atol=1e-3)


def test_thumbnails_show_faces_upright(astronaut: np.ndarray, detector: Detector) -> None:
    pixels = np.ascontiguousarray(np.rot90(astronaut, -1))
    ours, theirs = (
        np.asarray(Image.open(io.BytesIO(thumbnails(photo, detect_turned(detector, photo))[0]))).astype(int)
        for photo in (pixels, astronaut)
    )
    assert np.abs(ours - theirs).mean() < 8
    assert np.abs(ours[::-1] - theirs).mean() > 20


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_places_are_those_in_the_photo(turns: int) -> None:
    pixels = np.zeros((30, 50, 3), np.uint8)
    pixels[4:11, 20:35] = 1
    shown = np.argwhere(np.rot90(pixels, turns)[..., 0])
    (top, left), (bottom, right) = shown.min(0), shown.max(0) + 1
    boxes = np.array([[left, top, right, bottom]], np.float32)
    marks = np.repeat(boxes[:, None, :2], 5, axis=1)
    found = turned_back(Detections(boxes, marks, np.ones(1, np.float32)), turns, (30, 50))
    assert found.boxes.tolist() == [[20, 4, 35, 11]]
    assert found.landmarks[0, 0].tolist() == [[20, 4], [35, 4], [35, 11], [20, 11]][turns]


def test_nothing_is_turned_where_no_face_is_certain(detector: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 140, 3), np.uint8)
    for pixels in (noise, np.zeros((1, 1, 3), np.uint8), np.full((500, 3, 3), 127, np.uint8)):
        found = detect_turned(detector, pixels)
        assert (len(found), found.turns) == (0, 0)


def test_quarter_turns_put_the_mouth_below_the_eyes() -> None:
    upright = np.array([[40, 40], [60, 40], [50, 50], [42, 62], [58, 62]], np.float32) - 50
    turned = [upright, upright @ [[0, -1], [1, 0]], -upright, upright @ [[0, 1], [-1, 0]]]
    for number, points in enumerate(turned):
        turns = turns_of(points[None].astype(np.float32))
        for _ in range(turns):  # a picture turned counter-clockwise: what was right is up
            points = points @ np.array([[0, -1], [1, 0]])
        np.testing.assert_allclose(points, upright, err_msg=str(number))
