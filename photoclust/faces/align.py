"""Cuts faces from photos: crops for the embedder, thumbnails for people to look at."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoclust.config import CropConfig
from photoclust.records import Detections

THUMBNAIL_CONTEXT = (
    1.6  # side of a thumbnail in sides of the face's box: hair and chin help people to recognise
)
THUMBNAIL_QUALITY = 80


def crop_faces(
    pixels: npt.NDArray[np.uint8], detections: Detections, config: CropConfig
) -> npt.NDArray[np.uint8]:
    """Cut each face as facenet-pytorch's ``extract_face`` does, which its embedders were measured with.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3), RGB, upright.
    detections
        Faces of this photo.
    config
        Size of the crops and the margin about the box.

    Returns
    -------
    ndarray
        uint8, shape (n, size, size, 3), RGB, upright. What lies outside the photo is left out, not filled in,
        so that the aspect ratio may change.
    """
    height, width = pixels.shape[:2]
    crops = np.zeros((len(detections), config.size, config.size, 3), np.uint8)
    for crop, box in zip(crops, detections.boxes.astype(np.float64), strict=True):
        border = (box[2:] - box[:2]) * config.margin / (config.size - config.margin) / 2
        low = np.maximum(box[:2] - border, 0)
        high = np.minimum(box[2:] + border, (width, height))
        part = _resized(pixels, low.astype(int), high.astype(int), config.size)
        crop[:] = np.rot90(np.asarray(part), detections.turns)
    return crops


def thumbnails(pixels: npt.NDArray[np.uint8], detections: Detections, size: int = 112) -> list[bytes]:
    """Small pictures of the faces with some of their surroundings.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3), RGB, upright.
    detections
        Faces of this photo.
    size
        Side of the square pictures in pixels.

    Returns
    -------
    list of bytes
        A JPEG file without metadata for each face. The square is moved, and where need be cut, to stay inside
        the photo.
    """
    parts = (_resized(pixels, *_context(box, pixels.shape[:2]), size) for box in detections.boxes)
    return [_jpeg(part.rotate(90 * detections.turns)) for part in parts]


def _context(
    box: npt.NDArray[np.float32], shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """A square about a box, inside the photo: its low and high corner in whole pixels."""
    limit = np.array([shape[1], shape[0]])
    side = min(int((box[2:] - box[:2]).max() * THUMBNAIL_CONTEXT), *limit)
    centre = (box[:2] + box[2:]) / 2
    low = np.clip((centre - side / 2).astype(int), 0, limit - side)
    return low, low + side


def _resized(
    pixels: npt.NDArray[np.uint8], low: npt.NDArray[np.int_], high: npt.NDArray[np.int_], size: int
) -> Image.Image:
    """The part of a photo between two corners, as a square."""
    part = np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0]])
    return Image.fromarray(part).resize((size, size), Image.Resampling.BILINEAR)


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=THUMBNAIL_QUALITY, optimize=True)
    return buffer.getvalue()
