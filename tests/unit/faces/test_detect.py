from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils.detect_face import nms_numpy
from PIL import Image
from torchvision.ops import box_iou

from photoclust.config import DetectConfig
from photoclust.errors import WeightsError
from photoclust.faces import detect, networks, windows
from photoclust.faces.boxes import best_of_nested
from photoclust.faces.detect import Detector
from photoclust.faces.windows import scales
from photoclust.records import Detections

LARGE = 40


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(DetectConfig())


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)


def assert_same(a: Detections, b: Detections) -> None:
    for name in ("boxes", "landmarks", "scores"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def assert_sound(found: Detections, pixels: np.ndarray) -> None:
    n = len(found)
    assert found.boxes.shape == (n, 4)
    assert found.landmarks.shape == (n, 5, 2)
    assert found.scores.shape == (n,)
    assert all(array.dtype == np.float32 for array in (found.boxes, found.landmarks, found.scores))
    assert np.isfinite(found.boxes).all()
    assert np.isfinite(found.landmarks).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert (np.diff(found.scores) <= 0).all()
    clipped = found.boxes.reshape(-1, 2, 2).clip(0, pixels.shape[1::-1]).astype(int)
    assert (clipped[:, 1] - clipped[:, 0] >= 2).all()


def large(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf) >= LARGE


def test_finds_a_face_and_its_features(detector: Detector, astronaut: np.ndarray) -> None:
    found = detector.detect(astronaut)
    assert_sound(found, astronaut)
    assert len(found) == 1
    x0, y0, x1, y1 = found.boxes[0]
    assert x0 < 210 < 240 < x1
    assert y0 < 100 < 140 < y1
    left_eye, right_eye, nose, left_mouth, right_mouth = found.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_agrees_with_facenet_pytorch(detector: Detector, astronaut: np.ndarray) -> None:
    boxes, scores, landmarks = MTCNN(keep_all=True).detect(Image.fromarray(astronaut), landmarks=True)
    found = detector.detect(astronaut)
    assert box_iou(torch.tensor(boxes.astype(np.float32)), torch.tensor(found.boxes)).item() > 0.98
    np.testing.assert_allclose(found.landmarks[0], landmarks[0].astype(np.float32), atol=1)
    assert found.scores[0] == pytest.approx(scores[0], abs=1e-3)


@pytest.mark.data
def test_agrees_with_facenet_pytorch_on_an_album(detector: Detector, data: Path) -> None:
    stock = MTCNN(keep_all=True)
    expected = found = reported = extra = 0
    for path in sorted((data / "album").rglob("*.jpg"))[::11]:
        image = Image.open(path).convert("RGB")
        theirs = stock.detect(image)[0]
        theirs = np.zeros((0, 4), np.float32) if theirs is None else np.asarray(theirs, np.float32)
        ours = detector.detect(np.asarray(image)).boxes
        overlap = box_iou(torch.from_numpy(theirs), torch.from_numpy(ours)).numpy()
        expected += large(theirs).sum()
        found += (overlap.max(1, initial=0)[large(theirs)] >= 0.9).sum()
        reported += large(ours).sum()
        extra += (overlap.max(0, initial=0)[large(ours)] < 0.5).sum()
    assert expected > 15
    assert found >= 0.99 * expected
    assert extra <= 0.01 * reported


def test_a_photo_is_not_changed_by_those_before_it(detector: Detector, astronaut: np.ndarray) -> None:
    photos = [astronaut, noise(90, 200), np.ascontiguousarray(astronaut[:, ::-1]), astronaut[20:300, 100:]]
    alone = [detector.detect(photo) for photo in photos]
    for photo, single in zip(reversed(photos), reversed(alone), strict=True):
        assert_same(detector.detect(photo), single)
    assert [len(found) > 0 for found in alone] == [True, False, True, True]


def test_a_shifted_face_is_found_where_it_went(detector: Detector, astronaut: np.ndarray) -> None:
    before = detector.detect(astronaut).boxes[0]
    after = detector.detect(np.pad(astronaut, ((64, 0), (128, 0), (0, 0)))).boxes[0] - (128, 64, 128, 64)
    assert box_iou(torch.tensor(before[None]), torch.tensor(after[None], dtype=torch.float32)).item() > 0.8


def test_a_large_face_is_found(detector: Detector, astronaut: np.ndarray) -> None:
    face = Image.fromarray(astronaut[20:230, 120:330])
    found = detector.detect(np.asarray(face.resize((2000, 2000))))
    assert len(found) == 1
    assert (found.boxes[0, 2:] - found.boxes[0, :2] > 700).all()


def test_a_face_cut_by_the_border_keeps_its_box(detector: Detector, astronaut: np.ndarray) -> None:
    photo = np.ascontiguousarray(astronaut[75:])
    found = detector.detect(photo)
    assert_sound(found, photo)
    assert len(found) == 1
    assert found.boxes[0, 1] < 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((1, 1, 3), np.uint8),
        noise(1, 1),
        noise(3, 5000),
        noise(5000, 3),
        noise(39, 39),
        noise(40, 40),
        noise(41, 700),
        np.zeros((400, 600, 3), np.uint8),
        np.full((300, 300, 3), 255, np.uint8),
    ],
    ids=lambda pixels: "x".join(map(str, pixels.shape)),
)
def test_photos_without_faces(detector: Detector, pixels: np.ndarray) -> None:
    found = detector.detect(pixels)
    assert_sound(found, pixels)
    assert len(found) == 0


def test_low_thresholds_let_anything_through_but_nothing_absurd() -> None:
    pixels = noise(150, 210)
    found = Detector(DetectConfig(thresholds=(0.01, 0.001, 0.001))).detect(pixels)
    assert len(found) > 1
    assert_sound(found, pixels)


def test_more_proposals_than_are_let_on(monkeypatch: pytest.MonkeyPatch, astronaut: np.ndarray) -> None:
    monkeypatch.setattr(windows, "MOST", 60)
    found = Detector(DetectConfig(thresholds=(0.1, 0.7, 0.7))).detect(astronaut)
    assert len(found) == 1


def test_pixels_may_be_a_view_and_are_left_alone(detector: Detector, astronaut: np.ndarray) -> None:
    mirrored = astronaut[:, ::-1]
    mirrored.flags.writeable = False
    before = mirrored.copy()
    assert_same(detector.detect(mirrored), detector.detect(before))
    np.testing.assert_array_equal(mirrored, before)


def test_scales_are_those_of_facenet_pytorch_from_the_smallest_face_on() -> None:
    stock = [0.6 * 0.709**k for k in range(20)]
    np.testing.assert_allclose(scales(480, 640, 20, 0.709), stock[:10])
    np.testing.assert_allclose(scales(480, 640, 40, 0.709), stock[2:10])
    assert scales(39, 640, 40, 0.709) == []
    assert scales(480, 640, 12, 0.709)[0] >= 1


def test_nested_boxes_are_thinned_as_in_facenet_pytorch() -> None:
    random = np.random.default_rng(1)
    corner = random.uniform(0, 80, (60, 2))
    boxes = np.concatenate([corner, corner + random.uniform(5, 40, (60, 2))], 1).astype(np.float32)
    scores = random.permutation(60).astype(np.float32) / 60
    expected = nms_numpy(boxes, scores, 0.7, "Min")
    assert len(expected) < 60
    np.testing.assert_array_equal(best_of_nested(boxes, scores, 0.7), expected)


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(networks.SHA256, "rnet", "0" * 64)
    with pytest.raises(WeightsError, match=r"rnet\.pt .* reinstall facenet-pytorch"):
        Detector(DetectConfig())


def test_small_faces_of_a_large_photo_are_those_of_looking_everywhere(
    detector: Detector, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From so many pixels on the finest copy is looked at near what the others show alone."""
    face = Image.fromarray(astronaut[0:280, 90:370])
    photo = np.random.default_rng(0).integers(90, 130, (1500, 2200, 3), np.uint8)
    for number, side in enumerate((75, 80, 85, 90, 95, 100, 110)):
        photo[100 + 150 * number :, 250 * number + 60 :][:side, :side] = np.asarray(face.resize((side, side)))
    monkeypatch.setattr(detect, "SPARSE", 1 << 18)
    sparse = detector.detect(photo)
    monkeypatch.setattr(detect, "SPARSE", 10**9)
    everywhere = detector.detect(photo)
    assert len(everywhere) >= 6
    assert (box_iou(torch.tensor(everywhere.boxes), torch.tensor(sparse.boxes)).max(1).values > 0.9).all()
    assert len(sparse) == len(everywhere)


@pytest.mark.parametrize(("height", "width"), [(6000, 8000), (8000, 12000)])
def test_small_faces_alone_on_a_plain_wall_are_found_in_large_photos(
    detector: Detector, astronaut: np.ndarray, height: int, width: int
) -> None:
    """Coarse copies show nothing of them, nor of anything near."""
    wall = np.full((height, width, 3), 90, np.uint8)
    for place, side in enumerate((80, 90, 100, 110)):
        small = Image.fromarray(astronaut[40:200, 150:310]).resize((side, side), Image.Resampling.LANCZOS)
        top, left = 700 + 1300 * place, 900 + 1700 * place
        wall[top : top + side, left : left + side] = np.asarray(small)
    assert len(detector.detect(wall)) == 4
