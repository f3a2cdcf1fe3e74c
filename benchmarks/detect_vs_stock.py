"""Our detector beside facenet-pytorch's ``MTCNN(keep_all=True)``: the same bytes, in one process.

``python benchmarks/detect_vs_stock.py [--photos DIR] [--size 12mp|250px] [--limit N] [--threads N]``
prints what a photo costs either, decoding included, by the clock and in processor time (which other work on
the machine disturbs less), and how far the two agree. ``--size 12mp`` makes photos of 4000 x 3000 pixels
out of the given ones, for want of real ones: every other photo is enlarged, the rest are tiled 3 x 3.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import MTCNN
from PIL import Image, ImageOps
from torchvision.ops import box_iou

from photoclust.config import DetectConfig
from photoclust.faces.detect import Detector

LEAST = 40  # pixels of the shorter side of a face that counts
SUFFIXES = {".jpg", ".jpeg", ".png"}


def main() -> None:
    """Parse, measure, print."""
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    files = list(photo_bytes(arguments))
    stock, ours = MTCNN(keep_all=True), Detector(DetectConfig())
    theirs, *stock_cost = measure(lambda image: stock_boxes(stock, image), files)
    mine, *our_cost = measure(lambda image: ours.detect(np.asarray(image)).boxes, files)
    faces = sum(map(len, mine)) / len(files)
    print(f"{len(files)} photos ({arguments.size}), {faces:.1f} faces each, {arguments.threads} thread(s)")
    for clock, a, b in zip(("by the clock", "processor time"), stock_cost, our_cost, strict=True):
        print(f"{clock}: stock {1 / a:.2f} photos/s, photoclust {1 / b:.2f}, ratio {a / b:.1f}")
    print(agreement(theirs, mine))


def parse() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=Path(__file__).parents[2] / "shared/data/album")
    parser.add_argument("--size", choices=["original", "12mp", "250px"], default="original")
    parser.add_argument(
        "--limit", type=int, default=1_000_000, help="take only so many photos, evenly spread"
    )
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def photo_bytes(arguments: argparse.Namespace) -> Iterator[bytes]:
    """The photos as files of the size asked for."""
    paths = sorted(path for path in arguments.photos.rglob("*") if path.suffix.lower() in SUFFIXES)
    for number, path in enumerate(paths[:: max(1, len(paths) // arguments.limit)][: arguments.limit]):
        if arguments.size == "original":
            yield path.read_bytes()
            continue
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        if arguments.size == "12mp":
            image = enlarged(image) if number % 2 else tiled(image)
        else:
            image.thumbnail((250, 250))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=92)
        yield buffer.getvalue()


def enlarged(image: Image.Image) -> Image.Image:
    """12 megapixels of one picture."""
    return ImageOps.fit(image, (4000, 3000), Image.Resampling.LANCZOS)


def tiled(image: Image.Image) -> Image.Image:
    """12 megapixels of nine pictures."""
    tile = ImageOps.fit(image, (1334, 1000), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", (4000, 3000))
    for number in range(9):
        sheet.paste(tile, (number % 3 * 1333, number // 3 * 1000))
    return sheet


def stock_boxes(stock: MTCNN, image: Image.Image) -> np.ndarray:
    """Boxes of facenet-pytorch, shape (n, 4)."""
    boxes, _ = stock.detect(image)
    return np.zeros((0, 4), np.float32) if boxes is None else np.asarray(boxes, np.float32)


def measure(
    detect: Callable[[Image.Image], np.ndarray], files: list[bytes]
) -> tuple[list[np.ndarray], float, float]:
    """Boxes of every photo; seconds a photo by the clock and of processor time."""
    detect(Image.open(io.BytesIO(files[0])).convert("RGB"))  # warm up
    begin, busy = time.perf_counter(), time.process_time()
    boxes = [detect(Image.open(io.BytesIO(content)).convert("RGB")) for content in files]
    spent = time.perf_counter() - begin, time.process_time() - busy
    return boxes, spent[0] / len(files), spent[1] / len(files)


def agreement(theirs: list[np.ndarray], mine: list[np.ndarray]) -> str:
    """How many large faces of one side the other has, too."""
    expected = found = reported = extra = 0
    for stock, ours in zip(theirs, mine, strict=True):
        overlap = box_iou(torch.from_numpy(stock), torch.from_numpy(ours)).numpy()
        expected += large(stock).sum()
        found += (overlap.max(1, initial=0)[large(stock)] >= 0.9).sum()
        reported += large(ours).sum()
        extra += (overlap.max(0, initial=0)[large(ours)] < 0.5).sum()
    return (
        f"faces of {LEAST} px and more: "
        f"found {found} of stock's {expected} at IoU 0.9 ({found / max(1, expected):.2%}), "
        f"{extra} extra among {reported} ({extra / max(1, reported):.2%})"
    )


def large(boxes: np.ndarray) -> np.ndarray:
    """Which boxes count."""
    return (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf) >= LEAST


if __name__ == "__main__":
    main()
