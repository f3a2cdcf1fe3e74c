from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageFilter

from photoclust.config import ClusterConfig, DetectConfig
from photoclust.faces.detect import Detector
from photoclust.faces.quality import FaceQuality, assess
from photoclust.records import Detections

BOX = [180.0, 60.0, 270.0, 170.0]
FRONTAL = [[20.0, 30.0], [60.0, 30.0], [40.0, 50.0], [25.0, 70.0], [55.0, 70.0]]


def face(box: list[float], landmarks: list[list[float]] = FRONTAL, score: float = 0.9999) -> Detections:
    return Detections(
        np.array([box], np.float32), np.array([landmarks], np.float32), np.array([score], np.float32)
    )


def nose_at(x: float) -> list[list[float]]:
    return [*FRONTAL[:2], [x, 50.0], *FRONTAL[3:]]


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return skimage.data.astronaut()


def blurred(photo: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(radius)))


def test_a_real_face_is_good(photo: np.ndarray) -> None:
    judged = assess(photo, Detector(DetectConfig()).detect(photo))
    assert judged.quality.shape == (1,)
    assert judged.quality[0] > 0.8
    assert abs(judged.yaw[0]) < 0.3


def test_blur_lowers_sharpness_and_quality(photo: np.ndarray) -> None:
    judged = [assess(blurred(photo, radius), face(BOX)) for radius in (0, 1, 2, 4, 8)]
    assert (np.diff([j.sharpness[0] for j in judged]) < 0).all()
    assert (np.diff([j.quality[0] for j in judged]) < 0).all()


def test_sharpness_does_not_depend_on_the_light(photo: np.ndarray) -> None:
    dim = (photo * 0.4 + 30).astype(np.uint8)
    assert assess(dim, face(BOX)).sharpness[0] == pytest.approx(
        assess(photo, face(BOX)).sharpness[0], rel=0.05
    )


def test_smaller_is_worse(photo: np.ndarray) -> None:
    def shrunk(step: int) -> FaceQuality:
        pixels = np.asarray(Image.fromarray(photo).reduce(step))
        return assess(pixels, face([edge / step for edge in BOX]))

    assert (np.diff([shrunk(step).quality[0] for step in (1, 2, 4, 8)]) < 0).all()


def test_a_doubtful_detection_is_worse(photo: np.ndarray) -> None:
    qualities = [assess(photo, face(BOX, score=score)).quality[0] for score in (0.7, 0.9, 0.99, 0.9999, 1.0)]
    assert (np.diff(qualities) > 0).all()


def test_what_may_be_no_face_founds_nobody(photo: np.ndarray) -> None:
    assert assess(photo, face(BOX, score=0.94)).quality[0] < ClusterConfig().min_quality
    assert assess(photo, face(BOX, score=0.96)).quality[0] > ClusterConfig().min_quality


@pytest.mark.parametrize(
    ("nose", "yaw"), [(40.0, 0.0), (50.0, 0.5), (30.0, -0.5), (60.0, 1.0), (90.0, 1.0), (-5.0, -1.0)]
)
def test_yaw_follows_the_nose(photo: np.ndarray, nose: float, yaw: float) -> None:
    assert assess(photo, face(BOX, nose_at(nose))).yaw[0] == pytest.approx(yaw)


def test_yaw_does_not_depend_on_roll_size_or_place(photo: np.ndarray) -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    tilted = (np.array(nose_at(50.0)) @ turn.T * 3 + 17).tolist()
    assert assess(photo, face(BOX, tilted)).yaw[0] == pytest.approx(0.5, abs=1e-5)


def test_a_turned_head_is_worse(photo: np.ndarray) -> None:
    right, left = (assess(photo, face(BOX, nose_at(x))).quality[0] for x in (58.0, 22.0))
    assert right == pytest.approx(left)
    assert right < assess(photo, face(BOX)).quality[0]


@pytest.mark.parametrize(
    ("pixels", "box"),
    [
        (np.zeros((300, 300, 3), np.uint8), [10.0, 10.0, 90.0, 90.0]),
        (np.full((2, 2, 3), 9, np.uint8), [-5.0, -5.0, 40.0, 40.0]),
        (np.random.default_rng(0).integers(0, 256, (99, 99, 3), np.uint8), [97.0, -9.0, 150.0, 3.0]),
    ],
)
@pytest.mark.parametrize("landmarks", [FRONTAL, [[7.0, 7.0]] * 5])
def test_odd_faces_are_judged_with_finite_numbers(
    pixels: np.ndarray, box: list[float], landmarks: list[list[float]]
) -> None:
    judged = assess(pixels, face(box, landmarks))
    for values in (judged.sharpness, judged.yaw, judged.quality):
        assert values.dtype == np.float32
        assert values.shape == (1,)
        assert np.isfinite(values).all()
    assert 0 <= judged.quality[0] <= 1


def test_no_faces(photo: np.ndarray) -> None:
    judged = assess(photo, Detections.none())
    assert [len(v) for v in (judged.sharpness, judged.yaw, judged.quality)] == [0, 0, 0]
