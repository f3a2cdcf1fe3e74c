"""How often photos on their side or on their head are known as such, and what looking for them costs.

    python benchmarks/turned.py PHOTOS [200]

PHOTOS is a folder of upright photos with a face each; so many of them are turned by each number of quarter
turns. Printed are the shares taken to be turned that way, and another; where their faces are then found as
in the upright photo, and the processor time beside that of the detector alone. So too for photos whose faces
are painted over.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from photoclust.config import DetectConfig
from photoclust.faces.detect import Detector
from photoclust.faces.turned import detect_turned, turned_back
from photoclust.records import Detections

Pixels = np.ndarray


def faceless(detector: Detector, pixels: Pixels) -> Pixels:
    """The photo with a grey patch over each face and twice its size about it."""
    pixels = pixels.copy()
    for box in detector.detect(pixels).boxes:
        middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2])
        (x0, y0), (x1, y1) = np.maximum(middle - half, 0).astype(int), (middle + half).astype(int)
        pixels[y0:y1, x0:x1] = 127
    return pixels


def timed(find: Callable[[Pixels], Detections], pixels: Pixels) -> tuple[Detections, float]:
    began = time.process_time()
    return find(pixels), time.process_time() - began


def turned(detector: Detector, photos: list[Pixels], turns: int) -> str:
    """One line for photos of which so many quarter turns counter-clockwise would put the faces upright."""
    known, wrong, alike, plain, cost = 0, 0, 0, 0.0, 0.0
    for upright in photos:
        pixels = np.ascontiguousarray(np.rot90(upright, -turns))
        plain += timed(detector.detect, pixels)[1]
        found, seconds = timed(lambda photo: detect_turned(detector, photo), pixels)
        cost += seconds
        known += found.turns == turns
        wrong += found.turns not in (0, turns)
        there = turned_back(detector.detect(upright), turns, pixels.shape[:2])
        alike += found.turns == turns and np.array_equal(found.boxes, there.boxes)
    n = len(photos)
    shares = f"{known / n:6.1%} known, {alike / n:6.1%} with the same faces, {wrong / n:5.1%} turned wrongly"
    return f"{turns} quarter turns: {shares}; {cost / plain:.2f} times the time"


def main(folder: str, limit: int) -> None:
    torch.set_num_threads(1)
    detector, rng = Detector(DetectConfig()), np.random.default_rng(0)
    paths = sorted(
        path for path in Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png")
    )
    chosen = [paths[i] for i in rng.permutation(len(paths))[:limit]]
    photos = [np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB")) for path in chosen]
    for turns in range(4):
        print(turned(detector, photos, turns))
    print("without faces,", turned(detector, [faceless(detector, pixels) for pixels in photos], 0))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200)
