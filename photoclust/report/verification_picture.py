"""A picture of two photos, the faces in them and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from photoclust.errors import UsageError
from photoclust.report.names import file_name, visible
from photoclust.report.output import output_file

SIDE, GAP, HEAD, FOOT = 560, 24, 132, 44  # pixels
_INK, _PAPER, _SOFT = "#1b1b1f", "#ffffff", "#66666e"
_SAME, _DIFFERENT, _OTHER = "#1d7a46", "#b3401a", "#8a8a94"


class Face(Protocol):
    """What is shown of a face; see `photoclust.workflows.verify.VerifiedFace`."""

    @property
    def number(self) -> int: ...  # noqa: D102
    @property
    def box(self) -> tuple[float, ...]: ...  # noqa: D102


class Shown(Protocol):
    """What is shown of a verification; see `photoclust.workflows.verify.Verification`."""

    @property
    def verified(self) -> bool: ...  # noqa: D102
    @property
    def photos(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def faces(self) -> tuple[Sequence[Face], Sequence[Face]]: ...  # noqa: D102


def write_verification_picture(
    found: Shown,
    lines: Sequence[str],
    chosen: tuple[int, int],
    photos: Sequence[npt.NDArray[np.uint8]],
    file: Path,
) -> None:
    """Write both photos with boxes around their faces, and the verdict above, as PNG.

    Parameters
    ----------
    found
        What came out.
    lines
        The verdict, and what it rests on: at most three lines.
    chosen
        Numbers of the faces that the verdict is about.
    photos
        uint8, shape (height, width, 3), RGB: the two photos.
    file
        A name that ends in ``.png``; replaced if it is there.

    Raises
    ------
    UsageError
        The name does not end so.
    OutputError
        It cannot be written.
    """
    if file.suffix.lower() != ".png":
        raise UsageError(
            f"The picture is a PNG: give a name that ends in .png, not {visible(str(file), 200)}."
        )
    page = Image.new("RGB", (2 * SIDE + 3 * GAP, HEAD + SIDE + FOOT), _PAPER)
    draw = ImageDraw.Draw(page)
    colour = _SAME if found.verified else _DIFFERENT
    for number, line in enumerate(lines[:3]):
        size, ink = (30, colour) if number == 0 else (17, _INK)
        while size > 12 and _font(size).getlength(line) > page.width - 2 * GAP:
            size -= 1
        draw.text((GAP, (18, 64, 92)[number]), line, ink, _font(size))
    for side, pixels in enumerate(photos):
        left = GAP + side * (SIDE + GAP)
        small, origin, scale = _fitted(pixels, left)
        page.paste(small, origin)
        for face in sorted(found.faces[side], key=lambda one: one.number == chosen[side]):
            is_chosen = face.number == chosen[side]
            _frame(draw, face, origin, scale, colour if is_chosen else _OTHER)
        draw.text((left, HEAD + SIDE + 10), visible(file_name(found.photos[side]), 60), _SOFT, _font(15))
    with output_file(file.resolve()) as stream:
        page.save(stream, "PNG")


def _fitted(pixels: npt.NDArray[np.uint8], left: int) -> tuple[Image.Image, tuple[int, int], float]:
    """The photo at the size of its half of the page, where it goes, and how much smaller it is."""
    photo = Image.fromarray(pixels)
    scale = min(SIDE / photo.width, SIDE / photo.height)
    small = photo.resize((max(1, round(photo.width * scale)), max(1, round(photo.height * scale))))
    return small, (left + (SIDE - small.width) // 2, HEAD + (SIDE - small.height) // 2), scale


def _frame(draw: ImageDraw.ImageDraw, face: Face, origin: tuple[int, int], scale: float, colour: str) -> None:
    corners = [value * scale + origin[i % 2] for i, value in enumerate(face.box)]
    is_small = corners[2] - corners[0] < 60
    draw.rectangle(corners, outline=colour, width=2 if is_small else 4)
    size = 10 if is_small else 15
    at = corners[0], corners[1] - size - 3  # above the box, where it hides no face
    draw.rectangle((*at, at[0] + _font(size).getlength(str(face.number)) + 4, corners[1]), colour)
    draw.text((at[0] + 2, at[1] + 1), str(face.number), _PAPER, _font(size))


def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which knows the letters of many scripts and comes with matplotlib."""
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)
