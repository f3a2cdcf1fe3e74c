"""Photographs of three people that installed packages carry, cut and lit in several ways."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from PIL import Image, ImageEnhance

from photoclust.workflows.demo import SITTERS, Sitter


def portrait(sitter: Sitter, number: int) -> Image.Image:
    """A sitter's photograph, cut and lit in one of several ways."""
    with resources.as_file(resources.files(sitter.package) / sitter.file) as path:
        photo = Image.open(path).convert("RGB").rotate(3 * number - 6, center=sitter.centre)
    (x, y), side = sitter.centre, sitter.face_height * (0.8 + 0.15 * number)
    photo = photo.crop((int(x - side), int(y - side), int(x + side), int(y + side))).resize((240, 240))
    return ImageEnhance.Brightness(photo).enhance(0.7 + 0.15 * number)


def make_portraits(folder: Path, photos: int = 3) -> None:
    """Write ``SURNAME/01.jpg`` and so on for each sitter."""
    for sitter in SITTERS:
        own = folder / surname(sitter)
        own.mkdir(parents=True)
        for number in range(1, photos + 1):
            portrait(sitter, number).save(own / f"{number:02}.jpg", quality=90)


def surname(sitter: Sitter) -> str:
    """The last of a sitter's names, in small letters."""
    return sitter.name.split()[-1].lower()
