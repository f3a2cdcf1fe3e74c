"""Pictures a second of one processor: the model as facenet-pytorch makes it, and ours in each precision.

Run it with ``python benchmarks/embed.py``; the crops are noise, which costs what faces cost. All take turns,
as the machine may be busy. A face with its mirror image is two pictures.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from facenet_pytorch import InceptionResnetV1
from safetensors.torch import load_file

from photoclust.config import BFLOAT16, FLOAT32, INT8
from photoclust.machine import has_bfloat16, has_int8
from photoclust.models.embedder import load
from photoclust.models.weights import weights_path

BATCH, ROUNDS = 8, 12
HERE = {FLOAT32: True, BFLOAT16: has_bfloat16(), INT8: has_int8()}


def seconds(embed: Callable[[], object]) -> float:
    """Of a processor, so that a busy machine matters less."""
    start = time.process_time()
    embed()
    return time.process_time() - start


@torch.inference_mode()
def main() -> None:
    torch.set_num_threads(1)
    crops = np.random.default_rng(0).integers(0, 256, (BATCH, 160, 160, 3), np.uint8)
    stock = InceptionResnetV1().eval()
    stock.load_state_dict(load_file(weights_path("casia-webface")), strict=False)
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous().sub(127.5).div(128)
    ways: dict[str, Callable[[], object]] = {"stock": lambda: stock(pixels)}
    for precision in (one for one, possible in HERE.items() if possible):
        ours = load("casia-webface", flip=False, batch_size=BATCH, precision=precision)
        ways[f"ours in {precision}"] = lambda ours=ours: ours.embed(crops)
    rounds = [{name: seconds(way) for name, way in ways.items()} for _ in range(ROUNDS)][
        1:
    ]  # once to warm up
    for name in ways:
        several = [spent[name] for spent in rounds]
        each = [1000 * one / BATCH for one in (min(several), statistics.median(several))]
        print(f"{name:16} {each[0]:.1f} ms a picture at best, {each[1]:.1f} in the median")


if __name__ == "__main__":
    main()
