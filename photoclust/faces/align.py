"""Cuts faces from photos: crops for the embedder, thumbnails for people to look at."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoclust.config import CropConfig
from photoclust.records import Detections
from photoclust.types import Doubles

THUMBNAIL_CONTEXT = (
    1.6  # side of a thumbnail in sides of the face's box: hair and chin help people to recognise
)
THUMBNAIL_QUALITY = 80


def crop_faces(
    pixels: npt.NDArray[np.uint8], detections: Detections, config: CropConfig
) -> npt.NDArray[np.uint8]:
    """Cut each face as its model wants it: its box, or turned so that landmarks are where they belong.

    A box is cut as facenet-pytorch's ``extract_face`` does, which its embedders were measured with.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3), RGB, upright.
    detections
        Faces of this photo.
    config
        Size of the crops, and the margin about the box or where landmarks belong.

    Returns
    -------
    ndarray
        uint8, shape (n, size, size, 3), RGB, upright. Of a box, what lies outside the photo is left out, so
        that the aspect ratio may change; about landmarks it is black.
    """
    if config.template is not None:
        return _aligned(pixels, detections.landmarks, np.array(config.template), config.size)
    height, width = pixels.shape[:2]
    crops = np.zeros((len(detections), config.size, config.size, 3), np.uint8)
    for crop, box in zip(crops, detections.boxes.astype(np.float64), strict=True):
        border = (box[2:] - box[:2]) * config.margin / (config.size - config.margin) / 2
        low = np.maximum(box[:2] - border, 0)
        high = np.minimum(box[2:] + border, (width, height))
        part = _resized(pixels, low.astype(int), high.astype(int), config.size)
        crop[:] = np.rot90(np.asarray(part), detections.turns)
    return crops


def similarity_transform(
    source: npt.NDArray[np.floating], target: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """The rotation, scale and translation that bring points nearest to others, in least squares.

    Umeyama, Least-squares estimation of transformation parameters between two point patterns, IEEE PAMI 13
    (1991), equations 40 to 43; scikit-image's ``SimilarityTransform`` estimates the same.

    Parameters
    ----------
    source, target
        Real, shape (n, 2), n ≥ 2: points and where they belong.

    Returns
    -------
    ndarray
        float64, shape (2, 3): [sR t], so that target ≈ source @ sR.T + t. Where all points of `source` are in
        one place, what is above 0 is that place alone: the scale is 0.
    """
    source, target = source.astype(np.float64), target.astype(np.float64)
    middle, aim = source.mean(0), target.mean(0)
    from_middle, from_aim = source - middle, target - aim
    u, d, vt = np.linalg.svd(from_aim.T @ from_middle / len(source))
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt))])  # never a mirror image
    spread = from_middle.var(0).sum()
    scaled = (d @ sign / spread if spread else 0.0) * (u * sign) @ vt
    return np.column_stack([scaled, aim - scaled @ middle])


def _aligned(
    pixels: npt.NDArray[np.uint8], landmarks: npt.NDArray[np.float32], template: Doubles, size: int
) -> npt.NDArray[np.uint8]:
    crops = np.zeros((len(landmarks), size, size, 3), np.uint8)
    for crop, points in zip(crops, landmarks, strict=True):
        crop[:] = _warped(pixels, similarity_transform(template, points[: len(template)]), size)
    return crops


def _warped(pixels: npt.NDArray[np.uint8], to_photo: Doubles, size: int) -> npt.NDArray[np.uint8]:
    """What a transform from the crop to the photo shows: uint8, shape (size, size, 3).

    Where the face is larger than the crop by a factor of two and more, the photo is made smaller first, so
    that no pixel is passed over. Whole numbers are middles of pixels in a template, as in OpenCV, and their
    corners to Pillow.
    """
    corners = to_photo[:, :2] @ (np.array([[0, 0, 1, 1], [0, 1, 0, 1]]) * size) + to_photo[:, 2:]
    limit = np.array([pixels.shape[1], pixels.shape[0]])
    low = np.clip(np.floor(corners.min(1)).astype(int) - 1, 0, limit - 1)
    high = np.clip(np.ceil(corners.max(1)).astype(int) + 2, low + 1, limit)
    part = Image.fromarray(np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0]]))
    times = max(1, int(np.sqrt(abs(np.linalg.det(to_photo[:, :2])))))
    part = part.reduce(times) if times > 1 else part
    turn = to_photo[:, :2] / times
    shift = (to_photo[:, 2] - low + 0.5) / times - turn.sum(1) / 2
    matrix = (*turn[0], shift[0], *turn[1], shift[1])
    return np.asarray(part.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


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
    from photoclust.faces.areas import enough  # here: a process that only hands out work compiles nothing

    part = enough(pixels, (int(low[0]), int(low[1]), int(high[0]), int(high[1])), size)
    return Image.fromarray(part).resize((size, size), Image.Resampling.BILINEAR)


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=THUMBNAIL_QUALITY, optimize=True)
    return buffer.getvalue()
