"""A photo as it would be had it come as a thumbnail, a strong compression or a scan of an old print."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from photoclust.records import Detections

_AROUND = 1.0  # of the photo that is kept on each side of a face, in sizes of the face
_WIDTHS, _QUALITIES, _BLURS = (14, 40), (10, 50), (0.3, 1.0)  # of the face, in pixels; of JPEG; in pixels
_OFTEN = 0.5  # grey, and blurred

Pixels = npt.NDArray[np.uint8]


def degraded(pixels: Pixels, face: Detections, rng: np.random.Generator) -> tuple[Pixels, Detections]:
    """Make the photo of a face small, by chance grey and blurred, and compress it.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3).
    face
        One face of the photo.
    rng
        Draws the width of the face, from 14 to 40 pixels, the quality of JPEG, from 10 to 50, each about as
        often between a number and its double, and the standard deviation of the blur, from 0.3 to 1 pixels.

    Returns
    -------
    pixels
        uint8, shape (h, w, 3): the part of the photo about the face.
    face
        Where it is there.
    """
    part, face = _about(pixels, face)
    x0, _, x1, _ = face.boxes[0]
    scale = min(1.0, _between(_WIDTHS, rng) / float(x1 - x0))
    small = part.resize([max(1, round(side * scale)) for side in part.size], Image.Resampling.LANCZOS)
    if rng.random() < _OFTEN:
        small = small.convert("L").convert("RGB")
    if rng.random() < _OFTEN:
        small = small.filter(ImageFilter.GaussianBlur(rng.uniform(*_BLURS)))
    stored = io.BytesIO()
    small.save(stored, "JPEG", quality=round(_between(_QUALITIES, rng)))
    there = replace(face, boxes=face.boxes * scale, landmarks=face.landmarks * scale)
    return np.asarray(Image.open(stored).convert("RGB")), there


def _about(pixels: Pixels, face: Detections) -> tuple[Image.Image, Detections]:
    """The part of a photo about a face, and where the face is there."""
    x0, y0, x1, y1 = face.boxes[0]
    more = _AROUND * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - more)), max(0, int(y0 - more))
    part = pixels[top : max(top + 1, int(y1 + more)), left : max(left + 1, int(x1 + more))]
    corner = np.array([left, top], np.float32)
    boxes = face.boxes - np.tile(corner, 2)
    return Image.fromarray(part), replace(face, boxes=boxes, landmarks=face.landmarks - corner)


def _between(ends: tuple[int, int], rng: np.random.Generator) -> float:
    """A number between two, as often between any and its double."""
    return float(np.exp(rng.uniform(*np.log(ends))))
