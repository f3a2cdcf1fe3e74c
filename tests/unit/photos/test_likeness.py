"""One picture is told from two, whatever was done to the copy."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from photoclust.photos.likeness import LEAST_SHARED, Picture, likeness

FACE = np.array([(90, 95), (130, 95), (110, 120), (95, 140), (125, 140)], np.float32)


def scene(seed: int) -> Image.Image:
    """Soft random shapes, 240 by 260."""
    noise = np.random.default_rng(seed).integers(0, 256, (13, 12), np.uint8)
    return Image.fromarray(noise).resize((240, 260), Image.Resampling.BICUBIC)


def compare(image: Image.Image, points: np.ndarray, seed: int = 0) -> float:
    return likeness(Picture.of(scene(seed), FACE), Picture.of(image, points.astype(np.float32)))


@pytest.mark.parametrize("scale", [0.4, 1, 3.3])
def test_size_does_not_matter(scale: float) -> None:
    copy = scene(0).resize((int(240 * scale), int(260 * scale)), Image.Resampling.LANCZOS)
    assert compare(copy, FACE * scale) > 0.99


def test_blur_light_and_a_landmark_a_little_off_do_not_matter() -> None:
    copy = scene(0).filter(ImageFilter.GaussianBlur(2)).point(lambda value: 0.7 * value + 20)
    assert compare(copy, FACE + np.array([2, -1.5])) > 0.98


def test_a_crop_and_a_stretch_do_not_matter() -> None:
    cropped = scene(0).crop((15, 20, 230, 250))
    assert compare(cropped, FACE - (15, 20)) > 0.99
    stretched = cropped.resize((cropped.width, int(cropped.height * 1.1)))
    assert compare(stretched, (FACE - (15, 20)) * (1, 1.1)) > 0.97


def test_a_mirror_image_is_the_same_picture() -> None:
    mirrored = scene(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    points = np.array([240, 0]) + FACE * (-1, 1)
    assert compare(mirrored, points) > 0.99


def test_another_scene_is_another_picture() -> None:
    assert compare(scene(1), FACE) < 0.6


def test_a_small_part_in_common_says_nothing() -> None:
    part = scene(0).crop((80, 85, 140, 150))
    assert part.width * part.height < LEAST_SHARED * 240 * 260
    assert compare(part, FACE - (80, 85)) == 0


def test_a_flat_picture_is_like_nothing() -> None:
    assert compare(Image.new("L", (240, 260), 128), FACE) == 0
