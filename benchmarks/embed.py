"""Faces a second of one processor: the model as facenet-pytorch makes it, and ours.

Run it with ``python benchmarks/embed.py``; the crops are noise, which costs what faces cost.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from facenet_pytorch import InceptionResnetV1
from safetensors.torch import load_file

from photoclust.config import BFLOAT16
from photoclust.machine import has_bfloat16
from photoclust.models.embedder import load
from photoclust.models.weights import weights_path

BATCH, ROUNDS = 16, 6


def faces_per_cpu_second(embed: Callable[[], object]) -> float:
    """Best of ROUNDS, in processor time so that a busy machine matters less."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        embed()
        best = min(best, time.process_time() - start)
    return BATCH / best


@torch.inference_mode()
def main() -> None:
    torch.set_num_threads(1)
    crops = np.random.default_rng(0).integers(0, 256, (BATCH, 160, 160, 3), np.uint8)
    path = weights_path("casia-webface")
    stock = InceptionResnetV1().eval()
    stock.load_state_dict(load_file(path), strict=False)
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous().sub(127.5).div(128)
    ours = load("casia-webface", flip=False, batch_size=BATCH)
    print(f"stock {faces_per_cpu_second(lambda: stock(pixels)):.1f} faces/s")
    print(f"ours  {faces_per_cpu_second(lambda: ours.embed(crops)):.1f} faces/s")
    if has_bfloat16():
        quick = load("casia-webface", flip=False, batch_size=BATCH, precision=BFLOAT16)
        print(f"ours in bfloat16 {faces_per_cpu_second(lambda: quick.embed(crops)):.1f} faces/s")


if __name__ == "__main__":
    main()
