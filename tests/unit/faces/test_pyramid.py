from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from photoclust.faces.areas import ENOUGH, area_means, enough, halved
from photoclust.faces.pyramid import Pyramid


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def stock(pixels: np.ndarray, scale: float) -> Tensor:
    height, width = pixels.shape[:2]
    planes = torch.tensor(pixels).permute(2, 0, 1)[None].float()
    return F.interpolate(planes, size=(int(height * scale + 1), int(width * scale + 1)), mode="area")


@pytest.mark.parametrize("shape", [(300, 401), (64, 65), (1, 1), (3, 700), (129, 2)])
def test_copies_are_those_of_facenet_pytorch(shape: tuple[int, int]) -> None:
    pixels = noise(*shape)
    scales = [1.2, 0.6, 0.3016, 0.07]
    for scale, copy in zip(scales, Pyramid(pixels).copies(scales), strict=True):
        torch.testing.assert_close(copy, stock(pixels, scale), rtol=0, atol=1e-3)


def test_a_part_is_cut_from_the_copy() -> None:
    pixels = noise(300, 401)
    (part,) = Pyramid(pixels).parts(0.4254, [(20, 34)], (74, 60))
    torch.testing.assert_close(part, stock(pixels, 0.4254)[0, :, 20:94, 34:94], rtol=0, atol=1e-3)


def test_a_crop_is_the_mean_over_its_area() -> None:
    pixels = noise(200, 300)
    expected = F.adaptive_avg_pool2d(torch.tensor(pixels[20:141, 10:160]).permute(2, 0, 1).float(), 48)
    torch.testing.assert_close(Pyramid(pixels).crops([[10, 20, 160, 141]], 48)[0], expected)


def test_a_large_crop_is_near_the_mean_over_its_area() -> None:
    pixels = skimage.data.astronaut()
    expected = F.adaptive_avg_pool2d(torch.tensor(pixels[7:508, 3:512]).permute(2, 0, 1).float(), 24)
    (crop,) = Pyramid(pixels).crops([[3, 7, 512, 508]], 24)
    assert crop.shape == (3, 24, 24)
    assert (crop - expected).abs().mean() < 3


@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.data(),
)
def test_cells_of_a_grid_are_torchs_adaptive_pooling(
    shape: tuple[int, int], grid: tuple[int, int], data: st.DataObject
) -> None:
    """Of a part of a photo, from any cell on; the sums are whole numbers, so to the last bit but one."""
    pixels = noise(*shape)
    y0, x0 = (data.draw(st.integers(0, side - 1)) for side in shape)
    y1, x1 = (data.draw(st.integers(low + 1, side)) for low, side in zip((y0, x0), shape, strict=True))
    top, left = (data.draw(st.integers(0, cells - 1)) for cells in grid)
    part = torch.tensor(pixels[y0:y1, x0:x1]).permute(2, 0, 1).double()
    expected = F.adaptive_avg_pool2d(part, grid).permute(1, 2, 0)[top:, left:]
    out = np.empty((grid[0] - top, grid[1] - left, 3), np.float32)
    area_means(pixels, (x0, y0, x1, y1), grid, out, (top, left))
    np.testing.assert_allclose(out, expected.numpy(), rtol=3e-7)


def test_tall_cells_do_not_overflow() -> None:
    """Sums of 257 rows and fewer are kept in 16 bits."""
    for height in (254, 255, 256, 257, 258, 700):
        white = np.full((height, 5, 3), 255, np.uint8)
        out = area_means(white, (0, 0, 5, height), (1, 2), np.empty((1, 2, 3), np.float32))
        np.testing.assert_allclose(out, 255, rtol=1e-6)


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 100))
def test_a_half_is_pillows(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    np.testing.assert_array_equal(halved(pixels), np.asarray(Image.fromarray(pixels).reduce(2)))


@given(st.integers(1, 70), st.integers(1, 70), st.data())
def test_a_part_is_halved_as_a_photo_of_its_own(height: int, width: int, data: st.DataObject) -> None:
    pixels = noise(height, width)
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    np.testing.assert_array_equal(halved(pixels, (x0, y0, x1, y1)), halved(pixels[y0:y1, x0:x1].copy()))


@given(
    st.sampled_from([2, 4]),
    st.tuples(st.integers(8, 40), st.integers(8, 40)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.data(),
)
def test_cells_of_halved_photos_cover_the_same_area(
    step: int, shape: tuple[int, int], grid: tuple[int, int], data: st.DataObject
) -> None:
    """Where a halved photo has lost nothing, the means are those of the photo, wherever cells begin."""
    coarse = noise(*shape)
    pixels = coarse.repeat(step, 0).repeat(step, 1)
    y0, x0 = (data.draw(st.integers(0, step * (side - 8))) for side in shape)
    y1, x1 = y0 + 8 * step, x0 + 8 * step
    top, left = (data.draw(st.integers(0, cells - 1)) for cells in grid)
    out = np.empty((2, grid[0] - top, grid[1] - left, 3), np.float32)
    area_means(pixels, (x0, y0, x1, y1), grid, out[0], (top, left))
    area_means(coarse, (x0, y0, x1, y1), grid, out[1], (top, left), step)
    np.testing.assert_array_equal(out[1], out[0])


def test_coarse_copies_of_a_large_photo_are_near_those_of_facenet_pytorch() -> None:
    tile = np.asarray(Image.fromarray(skimage.data.astronaut()).resize((1001, 1001)))
    pixels = np.tile(tile, (2, 2, 1))
    for scale, copy in zip(scales := [0.3, 0.05, 0.01], Pyramid(pixels).copies(scales), strict=True):
        assert (copy - stock(pixels, scale)).abs().mean() < 1.5


def test_a_part_keeps_enough_pixels() -> None:
    pixels = noise(700, 500)
    np.testing.assert_array_equal(enough(pixels, (10, 20, 300, 310), 50), pixels[20:310, 10:300])
    part = enough(pixels, (0, 0, 500, 700), 40)
    np.testing.assert_array_equal(part, halved(halved(pixels)))
    assert min(part.shape[:2]) >= ENOUGH * 40
