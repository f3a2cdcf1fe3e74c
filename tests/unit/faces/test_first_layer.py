from __future__ import annotations

import pytest
import torch

from photoclust.config import DetectConfig
from photoclust.faces.detect import Detector
from photoclust.faces.first_layer import FirstLayer


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (4, 3), (12, 12), (13, 75), (74, 74), (138, 401)])
def test_the_compiled_layer_is_the_networks(shape: tuple[int, int]) -> None:
    detector = Detector(DetectConfig())
    pixels = torch.rand(2, *shape, 3, generator=torch.manual_seed(0)).mul(255).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = detector._pnet.first_layer(detector._input(pixels))
        torch.testing.assert_close(FirstLayer(detector._pnet)(pixels), expected, rtol=1e-5, atol=2e-5)


def test_what_is_said_of_a_window_does_not_depend_on_where_it_is() -> None:
    """Columns are worked on sixteen at a time, and what is left one by one."""
    layer = FirstLayer(Detector(DetectConfig())._pnet)
    pixels = torch.rand(1, 20, 120, 3, generator=torch.manual_seed(1)).mul(255).permute(0, 3, 1, 2)
    whole = layer(pixels)
    for left in range(0, 100, 6):
        part = layer(pixels[:, :, 4:18, left : left + 14])
        assert torch.equal(part, whole[:, :, 2:8, left // 2 : left // 2 + 6])
