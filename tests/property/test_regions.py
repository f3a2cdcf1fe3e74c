"""Boxes seen upright and as stored: one is the inverse of the other, and both are what Pillow does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photoclust.interchange.regions import Box, fractions, overlap, stored, upright
from photoclust.photos.pixels import upright_rgb

orientations = st.integers(1, 8)
sides = (
    st.tuples(st.integers(0, 1000), st.integers(0, 1000)).filter(lambda pair: pair[0] != pair[1]).map(sorted)
)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    (x0, x1), (y0, y1) = draw(sides), draw(sides)
    return x0 / 1000, y0 / 1000, x1 / 1000, y1 / 1000


@given(boxes(), orientations)
def test_upright_and_stored_are_inverse(box: Box, orientation: int) -> None:
    assert upright(stored(box, orientation), orientation) == pytest.approx(box)
    assert stored(upright(box, orientation), orientation) == pytest.approx(box)


@given(boxes(), orientations)
def test_a_turned_box_is_a_box(box: Box, orientation: int) -> None:
    x0, y0, x1, y1 = stored(box, orientation)
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1


@given(st.integers(0, 39), st.integers(0, 29), st.integers(1, 20), st.integers(1, 20), orientations)
def test_boxes_turn_as_pixels_do(left: int, top: int, width: int, height: int, orientation: int) -> None:
    picture = np.zeros((30, 40, 3), np.uint8)
    picture[top : top + height, left : left + width] = 255
    turned = upright_rgb(Image.fromarray(picture), orientation)
    rows, columns = np.nonzero(turned[..., 0])
    box = fractions((left, top, left + width, top + height), 40, 30)
    assert box
    x0, y0, x1, y1 = upright(box, orientation)
    seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    tall, wide = turned.shape[:2]
    assert (x0 * wide, y0 * tall, x1 * wide, y1 * tall) == pytest.approx(seen)


@given(boxes(), boxes())
def test_overlap_is_a_share(one: Box, other: Box) -> None:
    assert 0 <= overlap(one, other) <= 1
    assert overlap(one, other) == overlap(other, one)
    assert overlap(one, one) == 1


def test_what_lies_outside_is_cut_off() -> None:
    assert fractions((-10, 5, 50, 200), 100, 100) == (0, 0.05, 0.5, 1)
    assert fractions((100, 0, 120, 50), 100, 100) is None
