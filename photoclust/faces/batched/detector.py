"""MTCNN for several photos at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.backends import cudnn

from photoclust.config import DetectConfig
from photoclust.faces.batched.candidates import Candidates, TooManyError, best
from photoclust.faces.batched.memory import pixels_that_fit
from photoclust.faces.batched.networks import Networks
from photoclust.faces.batched.sheets import Copies, Sheet, copies_of, sheets
from photoclust.faces.batched.sums import SummedPhotos, sent
from photoclust.faces.boxes import faces_of, landmarks_of, moved, square
from photoclust.faces.detect import Detector
from photoclust.faces.windows import STRIDE, cells_of, scales
from photoclust.models.gpu_clock import GpuClock
from photoclust.records import Detections

Pixels = npt.NDArray[np.uint8]


class BatchDetector:
    """MTCNN with weights loaded, for several photos at once on a GPU.

    It finds what `photoclust.faces.detect.Detector` finds: of its faces of 40 pixels and more at least 99 in
    100 at IoU 0.7, and at most 1 in 100 besides. The result for a photo depends on the others that it is
    looked at with by rounding alone. Photos and boxes stay on the device from stage to stage; what the host
    learns on the way is how many boxes there are, a few times for all photos together.

    Parameters
    ----------
    config
        Sizes and thresholds.
    device
        A torch device name.
    precision
        Of the convolutions: ``torch.float32``, ``float16`` or ``bfloat16``. Boxes are float32 in any case.

    Attributes
    ----------
    pixels_at_once
        Of photos that are looked at together; halved when a GPU is out of memory.
    note
        What an operator should know, if anything: a GPU out of memory.
    clock
        How long the device worked.

    Raises
    ------
    WeightsError
        See `photoclust.faces.networks.loaded`.
    """

    def __init__(
        self, config: DetectConfig, device: str = "cuda", precision: torch.dtype = torch.float32
    ) -> None:
        self.config, self.device = config, torch.device(device)
        self.pixels_at_once = pixels_that_fit(self.device)
        self.note: str | None = None
        self.clock = GpuClock(self.device)
        self._networks = Networks(self.device, precision)

    def detect(self, pixels: Pixels) -> Detections:
        """Find the faces of one photo; see `detect_all`."""
        return self.detect_all([pixels])[0]

    def detect_all(self, photos: Sequence[Pixels]) -> list[Detections]:
        """Find the faces of photos.

        Parameters
        ----------
        photos
            uint8, each of shape (height, width, 3), RGB, upright.

        Returns
        -------
        list of Detections
            One for each photo; see `photoclust.faces.detect.Detector.detect`.
        """
        found: list[Detections] = []
        while len(found) < len(photos):
            found += self._detected(self._next(photos[len(found) :]))
        return found

    @cached_property
    def _processor(self) -> Detector:
        return Detector(self.config)

    def _next(self, photos: Sequence[Pixels]) -> Sequence[Pixels]:
        """As many of the first photos as go together, at least one."""
        pixels = np.cumsum([photo.shape[0] * photo.shape[1] for photo in photos])
        return photos[: max(1, int(np.searchsorted(pixels, self.pixels_at_once, "right")))]

    def _detected(self, photos: Sequence[Pixels]) -> list[Detections]:
        """Faces of photos, of fewer at once where memory or the number of boxes asks for it."""
        try:
            return self._cascade(photos)
        except TooManyError:
            pass
        except torch.OutOfMemoryError:
            self._take_less(photos)
        # here, where the error no longer holds what it was raised with
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(photos) == 1:
            return self._processor.detect_all(photos)
        half = len(photos) // 2
        return self._detected(photos[:half]) + self._detected(photos[half:])

    def _take_less(self, photos: Sequence[Pixels]) -> None:
        together = sum(photo.shape[0] * photo.shape[1] for photo in photos)
        if len(photos) > 1:
            self.pixels_at_once = min(self.pixels_at_once, together // 2)
            self.note = "A GPU is out of memory: it looks at half as many photos at once from now on."
        else:
            self.note = "A GPU is out of memory for even one photo: a processor looks for its faces."

    @torch.inference_mode()
    def _cascade(self, photos: Sequence[Pixels]) -> list[Detections]:
        with cudnn.flags(enabled=True, allow_tf32=False), self.clock.running():
            summed = SummedPhotos(photos, self.device)
            proposed = self._propose(summed, [(len(photo), photo.shape[1]) for photo in photos])
            said = self._decide(summed, self._refine(summed, proposed))
        return [_faces(said[said[:, 15] == n], photo) for n, photo in enumerate(photos)]

    def _propose(self, photos: SummedPhotos, shapes: Sequence[tuple[int, int]]) -> Candidates:
        """Squares that may hold a face."""
        copies = copies_of([self._scales(*shape) for shape in shapes], shapes)
        found = [self._look(photos, copies, sheet) for sheet in sheets(copies.sizes)]
        if not found:
            return Candidates.none(self.device)
        cells, photo, level = (torch.cat(parts) for parts in zip(*found, strict=True))
        group = photo * (int(copies.level.max()) + 1) + level
        kept = best(cells[:, :4], cells[:, 4], photo, group, 0.5)
        cells, photo = cells[kept], photo[kept]
        kept = best(cells[:, :4], cells[:, 4], photo, photo, 0.7)
        cells, photo = cells[kept], photo[kept]
        return Candidates(photo, square(cells[:, :4] + cells[:, 5:] * _size(cells[:, :4])))

    def _scales(self, height: int, width: int) -> list[float]:
        """Scales of the copies of a photo: those of `scales`, and the one that is finer than these."""
        steps = scales(height, width, self.config.min_face_size, self.config.factor)
        return [steps[0] / self.config.factor, *steps] if steps else []

    def _look(self, photos: SummedPhotos, copies: Copies, sheet: Sheet) -> tuple[Tensor, Tensor, Tensor]:
        """P-Net's windows on a sheet: cells, shape (n, 9), and the photo and level of the copy of each."""
        pixels, owner = sheet.drawn(copies, photos)
        score, features = self._networks.windows(pixels)
        hit = (score >= self.config.thresholds[0]) & (owner >= 0)
        row, column = hit.nonzero().unbind(1)
        of = owner[row, column]
        corner = sent(sheet.corners, self.device)[of]
        top, left = row * STRIDE - corner[:, 0], column * STRIDE - corner[:, 1]
        scale, photo, level = (
            sent(facts[sheet.copies], self.device)[of] for facts in (copies.scale, copies.photo, copies.level)
        )
        shift = self._networks.shifts(features[row, column])
        return cells_of(top, left, scale, score[row, column], shift), photo, level

    def _refine(self, photos: SummedPhotos, candidates: Candidates) -> Candidates:
        """The squares that R-Net believes in, moved to where it says."""
        scores, shifts = self._networks.judge(24, photos, candidates)
        passed = scores > self.config.thresholds[1]
        photo, boxes, shifts = candidates.photo[passed], candidates.boxes[passed], shifts[passed]
        kept = best(boxes, scores[passed], photo, photo, 0.7)
        return Candidates(photo[kept], square(moved(boxes[kept], shifts[kept])))

    def _decide(self, photos: SummedPhotos, candidates: Candidates) -> npt.NDArray[np.float32]:
        """What O-Net believes in: box, landmarks, score and photo, shape (n, 16), all that leaves it."""
        scores, shifts, points = self._networks.judge(48, photos, candidates)
        boxes, places = moved(candidates.boxes, shifts), landmarks_of(points, candidates.boxes).flatten(1)
        said = torch.cat([boxes, places, scores[:, None], candidates.photo[:, None].float()], 1)
        return said[scores > self.config.thresholds[2]].cpu().numpy()


def _size(boxes: Tensor) -> Tensor:
    """Width and height of boxes, twice: shape (n, 4)."""
    return (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)


def _faces(said: npt.NDArray[np.float32], photo: Pixels) -> Detections:
    """What the last stage says of one photo, as faces."""
    landmarks = said[:, 4:14].reshape(-1, 5, 2)
    return faces_of(said[:, :4], landmarks, said[:, 14], (photo.shape[0], photo.shape[1]))
