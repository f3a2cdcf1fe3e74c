"""Tells one picture from two: what two photos share is laid over each other and correlated.

A copy of a photo may be compressed anew, smaller, cropped, brighter, or a mirror image. The landmarks of a
face seen in both say how one lies on the other; the area both show is shrunk to a few pixels a side, where
compression and size leave no trace, and another moment of the same scene does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from PIL import Image

from photoclust.types import Doubles, Floats

SIDE = 32  # pixels a side of the area compared
SPREAD = 24.0  # root mean square distance of the landmarks from their middle, in pixels, at which it is taken
HOPELESS = 0.6  # correlation below which better landmarks do not make one picture of two
LEAST_SHARED = 0.4  # of either picture, in area; a smaller part shown by both says little


@dataclass(frozen=True)
class Picture:
    """A grey picture and where a face is in it.

    Attributes
    ----------
    image
        Mode L.
    centre
        float64, shape (2,): middle of the face's landmarks, x and y in pixels.
    spread
        float64, shape (2,): root mean square distance of the landmarks from there, in pixels, across and
        down; the same but for a picture taken to be stretched.
    """

    image: Image.Image
    centre: Doubles
    spread: Doubles

    @classmethod
    def of(cls, image: Image.Image, landmarks: Floats) -> Picture:
        """Shrink a photo to where its face has the size that is compared, if it is larger.

        Parameters
        ----------
        image
            Mode L, upright.
        landmarks
            float32, shape (5, 2): x and y in pixels of the photo.
        """
        centre = landmarks.mean(axis=0).astype(np.float64)
        spread = max(1e-3, float(np.sqrt(np.square(landmarks - centre).sum(axis=1).mean())))
        scale = min(1.0, SPREAD / spread)
        size = tuple(max(1, round(side * scale)) for side in image.size)
        return cls(
            image.resize((size[0], size[1]), Image.Resampling.BOX), centre * scale, np.full(2, spread * scale)
        )

    @property
    def mirrored(self) -> Picture:
        """The mirror image."""
        turned = self.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return Picture(turned, np.array([turned.width - self.centre[0], self.centre[1]]), self.spread)

    @property
    def extent(self) -> Doubles:
        """Corners of the picture in spreads from the centre: float64, shape (2, 2), low and high."""
        return (np.array([(0, 0), self.image.size]) - self.centre) / self.spread

    def cut(self, area: Doubles) -> Doubles:
        """The pixels of an area given as `extent` is, float64, shape (SIDE²,)."""
        low, high = np.clip(area * self.spread + self.centre, 0, self.image.size)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        small = self.image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box)
        return np.asarray(small, np.float64).ravel()

    def shifted(self, by: Doubles) -> Picture:
        """The same with its face found a little elsewhere, `by` in spreads."""
        return replace(self, centre=self.centre + by * self.spread)

    def stretched(self, by: Doubles) -> Picture:
        """The same with its face found so much wider and higher; 0 changes nothing."""
        return replace(self, spread=self.spread * (1 + by))


def likeness(left: Picture, right: Picture) -> float:
    """Correlation of two pictures where both show the same.

    Parameters
    ----------
    left, right
        With one face seen in both.

    Returns
    -------
    float
        Pearson's correlation of the pixels, in [−1, 1]: the greater of the picture and its mirror image, over
        small errors of the landmarks. 0 where they share less than `LEAST_SHARED` of either.
    """
    return max(_best(left, right), _best(left, right.mirrored))


def _best(left: Picture, right: Picture) -> float:
    """Greatest correlation over small shifts, widths and heights, each found by halving steps."""
    best, found = _correlation(left, right), right
    if best < HOPELESS:
        return best
    for step, change in product((0.1, 0.05, 0.05, 0.025), (Picture.shifted, Picture.stretched)):
        around = [change(found, np.array(by) * step) for by in product((-1, 0, 1), repeat=2)]
        values = [_correlation(left, near) for near in around]
        if max(values) > best:
            best, found = max(values), around[int(np.argmax(values))]
    return best


def _correlation(left: Picture, right: Picture) -> float:
    a, b = left.extent, right.extent
    area = np.stack([np.maximum(a[0], b[0]), np.minimum(a[1], b[1])])
    shared = float(np.prod(np.clip(area[1] - area[0], 0, None)))
    if shared < LEAST_SHARED * max(np.prod(a[1] - a[0]), np.prod(b[1] - b[0])):
        return 0.0
    one, other = (values - values.mean() for values in (left.cut(area), right.cut(area)))
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if length > 0 else 0.0
