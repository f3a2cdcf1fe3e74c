"""Faces turned and scaled so that their landmarks are where a model wants them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from skimage.transform import SimilarityTransform, warp

from photoclust.config import CropConfig
from photoclust.errors import UsageError
from photoclust.faces.align import crop_faces, similarity_transform
from photoclust.models.cards import ARCFACE_112
from photoclust.records import Detections

TEMPLATE = np.array(ARCFACE_112)
ALIGNED = CropConfig(112, 0, ARCFACE_112)
coordinates = st.floats(-500, 500, width=32)


@given(arrays(np.float64, (5, 2), elements=coordinates, unique=True))
def test_equals_scikit_image(landmarks: np.ndarray) -> None:
    if landmarks.std(axis=0).min() < 1:
        return  # all on a line or in a place: both give a transform, of no use

    expected = SimilarityTransform.from_estimate(landmarks, TEMPLATE).params[:2]

    np.testing.assert_allclose(similarity_transform(landmarks, TEMPLATE), expected, atol=1e-6)


@given(st.floats(-3, 3), st.floats(0.1, 10), st.tuples(coordinates, coordinates))
def test_finds_the_transform_that_was_applied(angle: float, scale: float, shift: tuple[float, float]) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    found = similarity_transform(TEMPLATE, TEMPLATE @ turn.T + shift)

    np.testing.assert_allclose(found, np.column_stack([turn, shift]), atol=1e-6)


def test_landmarks_in_one_place_give_that_place() -> None:
    np.testing.assert_allclose(
        similarity_transform(TEMPLATE, np.full((5, 2), 7.0)), [[0, 0, 7], [0, 0, 7]], atol=1e-9
    )


def face(angle: float, scale: float, size: int = 600) -> tuple[np.ndarray, Detections]:
    """A photo with a dot of its own colour at each landmark."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (TEMPLATE - 56) @ turn.T + size / 2
    photo = Image.new("RGB", (size, size), (90, 90, 90))
    draw, radius = ImageDraw.Draw(photo), 3 * scale
    for point, colour in zip(points, COLOURS, strict=True):
        draw.ellipse([*(point - radius), *(point + radius)], fill=colour)
    box = np.array([[*points.min(0), *points.max(0)]], np.float32)
    return np.asarray(photo), Detections(box, points[None].astype(np.float32), np.ones(1, np.float32))


COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))


@pytest.mark.parametrize("angle", [0, 0.6, -1.5, 3.1])
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.9, 3.5])
def test_each_landmark_comes_to_its_place(angle: float, scale: float) -> None:
    (crop,) = crop_faces(*face(angle, scale), ALIGNED)

    for (x, y), colour in zip(TEMPLATE, COLOURS, strict=True):
        assert np.abs(crop[round(y), round(x)].astype(int) - colour).max() < 60


def test_equals_the_warp_of_scikit_image() -> None:
    photo, found = face(0.4, 1.3)
    inverse = SimilarityTransform.from_estimate(TEMPLATE, found.landmarks[0].astype(np.float64))
    expected = warp(photo, inverse, output_shape=(112, 112), order=1, preserve_range=True)

    (crop,) = crop_faces(photo, found, ALIGNED)

    assert np.abs(crop - expected).mean() < 0.5


def test_beyond_the_photo_it_is_black() -> None:
    photo, found = face(0, 1, 60)
    moved = Detections(found.boxes, found.landmarks - 40, found.scores)

    (crop,) = crop_faces(photo, moved, ALIGNED)

    assert (crop[:5, :5] == 0).all()


@pytest.mark.parametrize(
    "points", [((1.0, 1.0),), ((1.0, 1.0), (1.0, 1.0)), ((1.0, 1.0), (200.0, 1.0)), ((1.0, 1.0),) * 6]
)
def test_refuses_templates_that_place_nothing(points: tuple) -> None:
    with pytest.raises(UsageError, match="template"):
        CropConfig(112, 0, points)
