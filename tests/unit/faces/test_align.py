from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from facenet_pytorch.models.utils.detect_face import extract_face
from PIL import Image

from photoclust.config import CropConfig
from photoclust.faces.align import crop_faces, thumbnails
from photoclust.records import Detections

BOXES = [
    [181.05, 62.16, 267.75, 172.05],
    [-20.5, -9.9, 60.2, 80.7],  # over the corner
    [450.1, 400.0, 560.9, 530.3],
    [100.0, 100.0, 104.0, 105.0],  # tiny
    [0.0, 0.0, 512.0, 512.0],
    [509.9, 30.0, 700.0, 90.0],  # two columns remain
]


def faces(*boxes: list[float]) -> Detections:
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(n, 4), np.zeros((n, 5, 2), np.float32), np.ones(n, np.float32)
    )


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return skimage.data.astronaut()


@pytest.mark.parametrize("config", [CropConfig(), CropConfig(margin=0), CropConfig(size=112, margin=32)])
def test_crops_are_those_of_facenet_pytorch(photo: np.ndarray, config: CropConfig) -> None:
    crops = crop_faces(photo, faces(*BOXES), config)
    assert crops.dtype == np.uint8
    assert crops.shape == (len(BOXES), config.size, config.size, 3)
    for crop, box in zip(crops, faces(*BOXES).boxes, strict=True):
        expected = extract_face(Image.fromarray(photo), box, config.size, config.margin)
        np.testing.assert_array_equal(crop, expected.permute(1, 2, 0).numpy())


def test_no_faces_no_crops(photo: np.ndarray) -> None:
    assert crop_faces(photo, Detections.none(), CropConfig()).shape == (0, 160, 160, 3)
    assert thumbnails(photo, Detections.none()) == []


def test_thumbnails_are_small_plain_squares(photo: np.ndarray) -> None:
    for content in thumbnails(photo, faces(*BOXES)):
        assert len(content) < 8000
        with Image.open(io.BytesIO(content)) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (112, 112))
            assert not image.getexif()
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_thumbnail_shows_the_face_and_its_surroundings() -> None:
    photo = np.zeros((300, 300, 3), np.uint8)
    photo[100:200, 100:200] = 255
    (content,) = thumbnails(photo, faces([100, 100, 200, 200]), size=160)
    bright = np.asarray(Image.open(io.BytesIO(content)).convert("L")) > 128
    assert bright.mean() == pytest.approx(1 / 1.6**2, abs=0.01)
    assert bright[80, 80]
    assert not bright[:25].any()


@pytest.mark.parametrize("shape", [(2, 2), (3, 5000), (60, 40)])
def test_photos_smaller_than_the_context(shape: tuple[int, int]) -> None:
    photo = np.full((*shape, 3), 200, np.uint8)
    box = [-10.0, -10.0, 50.0, 50.0]
    (content,) = thumbnails(photo, faces(box))
    assert Image.open(io.BytesIO(content)).size == (112, 112)
    assert (crop_faces(photo, faces(box), CropConfig()) == 200).all()
