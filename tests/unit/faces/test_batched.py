"""Several photos at once, on tensors of a processor, beside the detector of one photo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from torchvision.ops import box_iou

from photoclust.config import DetectConfig
from photoclust.faces.areas import area_means
from photoclust.faces.batched import candidates, sheets
from photoclust.faces.batched.detector import BatchDetector
from photoclust.faces.batched.sums import SummedPhotos, bounds
from photoclust.faces.detect import Detector
from photoclust.records import Detections

CPU = torch.device("cpu")
LARGE = 40
lengths = st.integers(1, 90)


@pytest.fixture(scope="module")
def one() -> Detector:
    return Detector(DetectConfig())


@pytest.fixture(scope="module")
def together() -> BatchDetector:
    return BatchDetector(DetectConfig(), "cpu")


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def large(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf) >= LARGE


def assert_agree(expected: Sequence[Detections], found: Sequence[Detections], shift: float = 1.0) -> None:
    """99 of 100 large faces are there, hardly any besides, and those that are lie within some pixels."""
    wanted = there = reported = extra = 0
    shifts: list[float] = []
    for theirs, ours in zip(expected, found, strict=True):
        overlap = box_iou(torch.from_numpy(theirs.boxes), torch.from_numpy(ours.boxes)).numpy()
        matched = large(theirs.boxes) & (overlap.max(1, initial=0) >= 0.7)
        wanted, there = wanted + large(theirs.boxes).sum(), there + matched.sum()
        reported += large(ours.boxes).sum()
        extra += (overlap.max(0, initial=0)[large(ours.boxes)] < 0.7).sum()
        partner = overlap.argmax(1)[matched] if len(ours) else []
        shifts += [*np.abs(theirs.boxes[matched] - ours.boxes[partner]).max(1, initial=0)]
    assert wanted
    assert there >= 0.99 * wanted
    assert extra <= 0.01 * reported
    assert np.median(shifts) <= shift


@given(lengths, lengths, lengths, lengths, st.integers(0, 9))
def test_means_are_those_of_a_processor_to_the_bit(
    height: int, width: int, rows: int, columns: int, seed: int
) -> None:
    photos = [noise(7, 5), noise(height, width, seed=seed)]
    grid = np.empty((rows, columns, 3), np.float32)
    expected = area_means(photos[1], (0, 0, width, height), (rows, columns), grid)
    summed = SummedPhotos(photos, CPU)
    down = bounds(torch.arange(rows)[:, None], rows, summed.height[1])
    across = bounds(torch.arange(columns), columns, summed.width[1])
    np.testing.assert_array_equal(summed.means(torch.tensor(1), down, across).numpy(), expected)


def test_sums_that_overflow_are_right_all_the_same() -> None:
    summed = SummedPhotos([np.full((2900, 3000, 3), 255, np.uint8)], CPU)
    corners = torch.tensor([[0, 0, 3000, 2900], [2000, 1000, 3000, 2900]])
    crops = summed.crops(torch.zeros(2, dtype=torch.int64), corners, 24)
    np.testing.assert_allclose(crops.numpy(), 255, rtol=1e-6)


@given(st.lists(st.tuples(st.integers(12, 300), st.integers(12, 300)), min_size=1, max_size=40))
def test_copies_lie_apart_on_sheets(sizes: list[tuple[int, int]]) -> None:
    copies, seen = np.array(sizes), []
    for sheet in sheets.sheets(copies):
        ground = np.zeros(sheet.size, int)
        for copy, (top, left) in zip(sheet.copies, sheet.corners, strict=True):
            assert top % 2 == left % 2 == 0
            rows, columns = copies[copy] + copies[copy] % 2
            assert ground[top : top + rows, left : left + columns].shape == (rows, columns)
            ground[top : top + rows, left : left + columns] += 1
            seen.append(copy)
        assert ground.max() == 1
    assert sorted(seen) == list(range(len(sizes)))


def test_finds_what_the_detector_of_one_photo_finds(
    one: Detector, together: BatchDetector, astronaut: np.ndarray
) -> None:
    photos = [astronaut, astronaut[:, ::-1], noise(90, 200), astronaut[20:300, 100:], astronaut[75:]]
    found, expected = together.detect_all(photos), [one.detect(photo) for photo in photos]
    assert [len(faces) for faces in found] == [1, 1, 0, 1, 1]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=0.05)
        np.testing.assert_allclose(ours.landmarks, theirs.landmarks, atol=0.05)
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-4)


@pytest.mark.data
@pytest.mark.parametrize("name", ["album", "lfw-dev"])
def test_finds_the_same_faces_in_real_photos(
    one: Detector, together: BatchDetector, data: Path, name: str
) -> None:
    paths = sorted((data / name).rglob("*.jpg"))
    paths = paths[:: max(1, len(paths) // 24)]
    photos = [np.array(ImageOps.exif_transpose(Image.open(path)).convert("RGB")) for path in paths]
    assert_agree([one.detect(photo) for photo in photos], together.detect_all(photos), 0.01)


@pytest.mark.data
def test_finds_the_same_faces_in_half_of_the_bits(one: Detector, data: Path) -> None:
    paths = sorted((data / "album").rglob("*.jpg"))[::20]
    photos = [np.array(ImageOps.exif_transpose(Image.open(path)).convert("RGB")) for path in paths]
    half = BatchDetector(DetectConfig(), "cpu", torch.bfloat16)
    assert_agree([one.detect(photo) for photo in photos], half.detect_all(photos), 1.5)


def test_a_photo_is_the_same_whatever_it_goes_with(together: BatchDetector, astronaut: np.ndarray) -> None:
    crowd = np.tile(np.array(Image.fromarray(astronaut[:256, 100:356]).resize((100, 100))), (6, 9, 1))
    photos = [astronaut, crowd, noise(700, 20), astronaut[::2, ::2], np.zeros((300, 300, 3), np.uint8)]
    alone = [together.detect(photo) for photo in photos]
    for order in (slice(None), slice(None, None, -1)):
        for ours, theirs in zip(together.detect_all(photos[order]), alone[order], strict=True):
            np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=0.05)
            np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-4)


def test_odd_photos_go_with_others(one: Detector, together: BatchDetector, astronaut: np.ndarray) -> None:
    face = np.array(Image.fromarray(astronaut[20:230, 120:330]).resize((90, 90)))
    photos = [
        np.zeros((20, 30_000, 3), np.uint8),
        np.zeros((30_000, 20, 3), np.uint8),
        noise(1, 1),
        np.zeros((600, 800, 3), np.uint8),
        np.tile(face, (10, 20, 1)),
        astronaut,
        noise(39, 39),
    ]
    found = together.detect_all(photos)
    assert [len(faces) for faces in found[:4]] == [0, 0, 0, 0]
    assert len(found[4]) >= 190
    assert_agree([one.detect(photo) for photo in photos], found, 0.05)


def test_no_photos_and_no_windows(together: BatchDetector) -> None:
    assert together.detect_all([]) == []
    assert [len(found) for found in together.detect_all([noise(3, 3), noise(5, 5)])] == [0, 0]


class SmallGpu(BatchDetector):
    """Says what CUDA says when it is given more photos than it has room for."""

    room = 2

    def _cascade(self, photos: Sequence[np.ndarray]) -> list[Detections]:
        if len(photos) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super()._cascade(photos)


def test_out_of_memory_it_looks_at_fewer(together: BatchDetector, astronaut: np.ndarray) -> None:
    small, photos = SmallGpu(DetectConfig(), "cpu"), [astronaut] * 5
    assert [len(faces) for faces in small.detect_all(photos)] == [1] * 5
    assert small.pixels_at_once == 3 * astronaut[..., 0].size // 2
    assert small.note == "A GPU is out of memory: it looks at half as many photos at once from now on."


def test_out_of_memory_for_one_photo_a_processor_looks(one: Detector, astronaut: np.ndarray) -> None:
    none = SmallGpu(DetectConfig(), "cpu")
    none.room = 0
    (found,) = none.detect_all([astronaut])
    np.testing.assert_array_equal(found.boxes, one.detect(astronaut).boxes)
    assert none.note == "A GPU is out of memory for even one photo: a processor looks for its faces."


def test_many_proposals_are_divided_and_bounded(
    monkeypatch: pytest.MonkeyPatch, astronaut: np.ndarray
) -> None:
    detector = BatchDetector(DetectConfig(thresholds=(0.1, 0.7, 0.7)), "cpu")
    monkeypatch.setattr(candidates, "AT_ONCE", 400)
    monkeypatch.setattr(candidates, "MOST", 300)
    assert [len(faces) for faces in detector.detect_all([astronaut] * 3)] == [1, 1, 1]
    assert detector.note is None


def test_the_best_of_each_photo_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MOST", 2)
    boxes = torch.arange(7.0)[:, None] * 100 + torch.tensor([0, 0, 10, 10])
    scores = torch.tensor([0.9, 0.7, 0.8, 0.6, 0.5, 0.99, 0.1])
    photo = torch.tensor([0, 0, 0, 1, 1, 1, 2])
    kept = candidates.best(boxes, scores, photo, photo, 0.5)
    assert kept.tolist() == [5, 0, 2, 3, 6]
