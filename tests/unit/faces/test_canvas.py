"""Copies of a photo lie on canvases whole and apart, an odd last row or column twice."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from photoclust.faces.canvas import ALONE, canvases

SIDES = st.integers(1, 90)


@given(SIDES, SIDES, st.integers(1, 7))
def test_copies_lie_beside_one_another(height: int, width: int, count: int) -> None:
    sizes = [(max(1, int(height * 0.709**n)), max(1, int(width * 0.709**n))) for n in range(count)]
    copies = [torch.full((1, 3, *size), n + 1.0) for n, size in enumerate(sizes)]

    (canvas,) = canvases(copies)

    covered = torch.zeros_like(canvas.pixels)
    assert canvas.numbers.tolist() == list(range(count))
    for number, (top, left, bottom, right) in enumerate(canvas.places.tolist()):
        part = canvas.pixels[:, :, top:bottom, left:right]
        assert (part == number + 1).all()
        assert [top % 2, left % 2] == [0, 0]
        assert [bottom - top, right - left] == [side + side % 2 for side in sizes[number]]
        covered[:, :, top:bottom, left:right] += 1
    assert covered.max() == 1


def test_large_copies_have_a_canvas_each() -> None:
    side = int(ALONE**0.5)
    copies = [torch.zeros(1, 3, length, length) for length in (side + 20, side, side - 1, 30)]
    assert [canvas.numbers.tolist() for canvas in canvases(copies)] == [[0], [1], [2, 3]]
    assert canvases([]) == []
