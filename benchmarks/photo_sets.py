"""Photos to measure speed with, made out of those there are: large ones are scarce."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

SUFFIXES = (".jpg", ".jpeg", ".png")
CANVAS = (4000, 3000)  # 12 megapixels
QUALITY = 85  # of the JPEGs
GRAIN = 6.0  # standard deviation of the canvas's noise: without it a canvas costs a decoder nothing
PHOTOS_A_CANVAS = 4


def made(source: Path, folder: Path, kind: str, count: int) -> list[Path]:
    """Photos of a kind in `folder`: ``original`` bytes, or ``12mp`` made of the photos found."""
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
    chosen = [found[i] for i in np.linspace(0, len(found) - 1, count).astype(int)]
    if kind == "original":
        for number, path in enumerate(chosen):
            (folder / f"{number:05}{path.suffix}").write_bytes(path.read_bytes())
    else:
        for number, picture in enumerate(twelve_megapixels(chosen)):
            picture.save(folder / f"{number:05}.jpg", quality=QUALITY)
    return sorted(folder.iterdir())


def twelve_megapixels(paths: list[Path]) -> Iterator[Image.Image]:
    """Every other photo enlarged, the rest placed with its neighbours on a canvas."""
    for number, path in enumerate(paths):
        if number % 2:
            yield ImageOps.fit(opened(path), CANVAS, Image.Resampling.LANCZOS)
        else:
            around = [paths[(number + step) % len(paths)] for step in range(PHOTOS_A_CANVAS)]
            yield on_canvas([opened(one) for one in around], np.random.default_rng(number))


def opened(path: Path) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def on_canvas(photos: list[Image.Image], rng: np.random.Generator) -> Image.Image:
    """Photos of their own size, a quarter of a canvas each at most, on one that is blurred and grainy."""
    ground = photos[0].resize(CANVAS).filter(ImageFilter.GaussianBlur(40))
    grain = rng.normal(0, GRAIN, (CANVAS[1], CANVAS[0], 1)).astype(np.float32)
    canvas = Image.fromarray((np.asarray(ground) + grain).clip(0, 255).astype(np.uint8))
    quarter = CANVAS[0] // 2, CANVAS[1] // 2
    for number, photo in enumerate(photos):
        photo.thumbnail(quarter)
        room = quarter[0] - photo.width, quarter[1] - photo.height
        corner = [int(rng.integers(0, side + 1)) for side in room]
        place = corner[0] + number % 2 * quarter[0], corner[1] + number // 2 * quarter[1]
        canvas.paste(photo, place)
    return canvas
