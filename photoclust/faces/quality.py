"""Judges how much a face can be relied on: by its sharpness, pose and size, and the detector's own score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from photoclust.records import Detections
from photoclust.types import Floats

SIDE = 40  # pixels a side at which sharpness is taken; 24 to 96 predict recognition less well

# Weights of `evidence` and offset, by logistic regression (python benchmarks/quality.py --limit 400).
# They tell the recognised faces from the others, in pairs they were not learnt from, with an AUC of 0.867.
# Few heads are turned in those photos, so that the weight of yaw is the least certain (0.7 to 1.9 on
# different halves).
WEIGHTS = np.array([0.92, 0.57, 0.7], np.float32)
OFFSET = 1.7

# Photos of 220 of LFW's development people, made smaller and compared with others of full size: of faces
# 40, 24, 20, 16 and 12 pixels wide 95.5, 92.7, 81.8, 60.0 and 15.0 % are accepted at one false match in
# 1,000, sharp as they may be, of those of full size 95.5 % (python benchmarks/small_faces.py INDEX).
# A logistic curve through the ratios, over the logarithm of the width. Since what smallness adds to an
# embedding is left out, 82.3, 63.6 and 21.4 % are accepted at 20, 16 and 12: the curve is a little strict.
HALF_SEEN, STEEPNESS = 15.1, 4.7  # pixels; per doubling

# Detection score below which what was found may be half a face, or a crest, a shirt, a head of hair. Of the
# 3,837 main faces of LFW's development people and of 129 photos of footballers none scores less; of 44 other
# findings there that do, and were of good quality otherwise, ten are no faces and half are parts of one.
WHOLE_FACE = 0.95


@dataclass(frozen=True)
class FaceQuality:
    """What is known about each of n faces, as float32 arrays of shape (n,).

    Attributes
    ----------
    sharpness
        Variance of the Laplacian over the variance of the grey values, both at 40 x 40 pixels: 0 for a flat
        picture, 20 for pure noise. A face of fewer pixels is less sharp, too.
    yaw
        Turn of the head in [-1, 1]: 0 looks into the camera, ±1 is a profile or nearly so; positive when the
        nose points to the right of the picture.
    quality
        Estimated probability, in [0, 1], that the default embedder recognises the face in a good photo of the
        same person, at one false match in 1,000. Grows with sharpness, detection score and size, falls as the
        head turns.
    """

    sharpness: Floats
    yaw: Floats
    quality: Floats


def assess(pixels: npt.NDArray[np.uint8], detections: Detections) -> FaceQuality:
    """Judge every face of a photo.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3), RGB, upright.
    detections
        Faces of this photo.

    Returns
    -------
    FaceQuality
        One entry a face, all finite.
    """
    sharpness = np.array([_sharpness(_grey(pixels, box)) for box in detections.boxes], np.float32)
    yaw = _yaw(detections.landmarks)
    weighed = evidence(detections.scores, sharpness, yaw) @ WEIGHTS + OFFSET
    whole = np.where(detections.scores >= WHOLE_FACE, 1, 0.5)
    quality = _logistic(weighed) * _enough_pixels(detections.boxes) * whole
    return FaceQuality(sharpness, yaw, quality.astype(np.float32))


def evidence(scores: Floats, sharpness: Floats, yaw: Floats) -> Floats:
    """What quality is judged by: float32, shape (n, 3), each growing with it.

    The logarithm of the sharpness, that of the odds of the detection score (in decades, up to 5), and the
    turn of the head, negative.
    """
    doubt = np.clip(1 - scores, 1e-5, 1)
    return np.stack([np.log2(sharpness + 1e-3), -np.log10(doubt), -np.abs(yaw)], 1).astype(np.float32)


def _enough_pixels(boxes: Floats) -> npt.NDArray[np.floating]:
    """How often faces of this width are recognised, relative to large ones, in [0, 1]."""
    width = np.maximum(boxes[:, 2] - boxes[:, 0], 1)
    return _logistic(STEEPNESS * np.log2(width / HALF_SEEN))


def _logistic(odds: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return 1 / (1 + np.exp(-odds))


def _grey(pixels: npt.NDArray[np.uint8], box: Floats) -> Floats:
    """The face as a grey picture of fixed size."""
    from photoclust.faces.areas import enough  # here: a process that only hands out work compiles nothing

    height, width = pixels.shape[:2]
    x0, y0 = np.maximum(box[:2], 0).astype(int)
    x1, y1 = np.minimum(box[2:], (width, height)).astype(int)
    face = Image.fromarray(enough(pixels, (int(x0), int(y0), int(x1), int(y1)), SIDE)).convert("L")
    return np.asarray(face.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32)


def _sharpness(grey: Floats) -> float:
    """Variance of the Laplacian, free of contrast.

    The measure is LAPV in Pertuz, Puig and Garcia, "Analysis of focus measure operators for
    shape-from-focus", Pattern Recognition 46(5), 2013; divided by the variance of the grey values it does
    not depend on the light.
    """
    centre = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * centre
    return float(laplacian.var() / max(1.0, centre.var()))


def _yaw(landmarks: Floats) -> Floats:
    """How far the nose lies from the middle of the eyes, along their line, in halves of their distance."""
    left, right, nose = landmarks[:, 0], landmarks[:, 1], landmarks[:, 2]
    axis = right - left
    along = ((nose - (left + right) / 2) * axis).sum(1)
    return np.clip(2 * along / np.maximum((axis**2).sum(1), 1e-6), -1, 1).astype(np.float32)
