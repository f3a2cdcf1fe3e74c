"""Convolutions of processors: what torch's own give, in float32 and of whole numbers."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from photoclust.machine import has_int8
from photoclust.models.convolutions import (
    AVAILABLE,
    ByteConvolution,
    FloatConvolution,
    Kernel,
    exact_in_bytes,
    in_bytes,
    pooled,
    rounded_weights,
)

needs_int8 = pytest.mark.skipif(
    not (has_int8() and exact_in_bytes()), reason="no instructions for 8 bits here"
)
SHAPES = [((3, 3), 2, 0), ((1, 7), 1, (0, 3)), ((1, 1), 1, 0)]


def random(*shape: int, seed: int = 0) -> Tensor:
    drawn = torch.rand(*shape, generator=torch.Generator().manual_seed(seed))
    return drawn.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else drawn


def kernel(size: tuple[int, int], stride: int, padding: int | tuple[int, int], relu: bool = True) -> Kernel:
    conv = nn.Conv2d(16, 24, size, stride, padding)
    with torch.no_grad():
        conv.weight.copy_(random(*conv.weight.shape) - 0.5)
        conv.bias.copy_(random(24) - 0.5)  # type: ignore[union-attr]
    return Kernel.of(conv, relu)


def plain(x: Tensor, of: Kernel, weight: Tensor | None = None, stream: Tensor | float = 0) -> Tensor:
    weight = of.weight if weight is None else weight
    found = functional.conv2d(x, weight, of.bias, of.stride, of.padding) + stream
    return found.relu() if of.relu else found


@pytest.mark.skipif(not AVAILABLE, reason="this PyTorch has no such functions")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("relu", [True, False])
def test_in_float32_it_is_a_convolution(shape: tuple[tuple[int, int], int, int], relu: bool) -> None:
    own = kernel(*shape, relu)
    quick = FloatConvolution(own, torch.float32)
    for x in (random(2, 16, 9, 9), random(3, 16, 9, 9)):  # weights are laid out anew for another batch
        torch.testing.assert_close(quick(quick.taken(x)), plain(x, own), atol=1e-5, rtol=1e-5)
        stream = random(*plain(x, own).shape, seed=1)
        wanted = plain(x, own, stream=stream)
        torch.testing.assert_close(quick.add_to(stream, x), wanted, atol=1e-5, rtol=1e-5)


@needs_int8
@pytest.mark.parametrize("shape", SHAPES)
def test_in_bytes_it_is_a_convolution_of_whole_numbers(shape: tuple[tuple[int, int], int, int]) -> None:
    own, x = kernel(*shape), random(2, 16, 9, 9) * 1.2
    steps = own.weight.abs().amax((1, 2, 3))[:, None, None, None] / 127
    whole = (x * 255).add(0.5).floor().clamp(max=255) / 255
    wanted = plain(whole, own, rounded_weights(own.weight / steps) * steps)

    floats = ByteConvolution(own, 1.0)
    torch.testing.assert_close(floats(floats.taken(x)), wanted, atol=1e-4, rtol=1e-5)
    stream = random(*wanted.shape, seed=1)
    summed = plain(whole, own, rounded_weights(own.weight / steps) * steps, stream)
    torch.testing.assert_close(floats.add_to(stream, floats.taken(x)), summed, atol=1e-4, rtol=1e-5)
    found = ByteConvolution(own, 1.0, 4.0)(floats.taken(x))
    assert found.dtype == torch.uint8
    assert (found * (4 / 255) - wanted.clamp(max=4)).abs().max() <= 0.5001 * 4 / 255


@needs_int8
def test_a_picture_in_bytes_does_not_depend_on_the_others() -> None:
    quick = ByteConvolution(kernel((3, 3), 1, 1), 1.0)
    x = quick.taken(random(5, 16, 17, 17))
    together = quick(x)
    for number in range(5):
        assert torch.equal(quick(x[number : number + 1]), together[number : number + 1])


@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([(1, 1), (1, 7), (3, 3)]), st.integers(0, 99))
def test_rounding_weights_keeps_their_sums(
    outputs: int, inputs: int, size: tuple[int, int], seed: int
) -> None:
    steps = (random(outputs, inputs, *size, seed=seed) - 0.5) * 250
    rounded = rounded_weights(steps)
    assert torch.equal(rounded, rounded.round())
    assert (rounded - steps).abs().max() <= 1.001
    assert (rounded.sum((2, 3)) - steps.sum((2, 3))).abs().max() <= 0.501


def test_numbers_in_bytes_are_rounded_and_bounded() -> None:
    x = torch.tensor([0, 0.4, 0.6, 254.6, 1e9]).view(1, 5, 1, 1).expand(2, 5, 3, 3)
    found = in_bytes(x.contiguous(memory_format=torch.channels_last), 1.0)
    assert found[1, :, 2, 2].tolist() == [0, 0, 1, 255, 255]


@given(st.integers(3, 12), st.integers(3, 12))
def test_pools_as_torch_does(height: int, width: int) -> None:
    x = random(2, 5, height, width)
    assert torch.equal(pooled(x), functional.max_pool2d(x, 3, 2))
    whole = (x * 255).to(torch.uint8)
    np.testing.assert_array_equal(pooled(whole).numpy(), functional.max_pool2d(whole.float(), 3, 2).numpy())


@needs_int8
def test_sums_that_are_cut_off_are_noticed() -> None:
    """A processor without the instructions, as oneDNN can be told to take this one for."""
    say = "from photoclust.models.convolutions import exact_in_bytes; print(exact_in_bytes())"
    for isa, exact in (("AVX2", "False"), ("DEFAULT", "True")):
        run = subprocess.run(
            [sys.executable, "-c", say],
            env={**os.environ, "ONEDNN_MAX_CPU_ISA": isa},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == exact
