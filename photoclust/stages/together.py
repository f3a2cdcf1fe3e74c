"""The first stage on a GPU: threads open photos, and the detector looks at all that are ready at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from photoclust.config import IndexSettings
from photoclust.faces.turned import detect_all_turned
from photoclust.limits import TimeLimits, limited
from photoclust.machine import usable_processors
from photoclust.photo_refs import PhotoRef
from photoclust.records import Detections
from photoclust.stages.find import FindFaces, Opened, detection_failed, time_limit
from photoclust.storage.retry import counting_retries
from photoclust.timing import Stopwatch

if TYPE_CHECKING:
    from photoclust.faces.batched.detector import BatchDetector

AHEAD = 3  # photos for each thread that are being opened or wait for the detector: bounds memory
Row = dict[str, Any]


class FindFacesTogether(FindFaces):
    """Read, decode, detect and crop, several photos at once: from REF_SCHEMA to FOUND_SCHEMA.

    While the detector looks at the photos that are ready, threads read and decode the next ones, and cut the
    faces of those before from the same pixels as on a processor. So the detector is given as many photos at
    once as were opened in the meantime, and waits only where opening them takes longer than finding faces.

    Parameters
    ----------
    settings, photo_seconds, limits
        See `FindFaces`; a photo that takes too long ends this process with all that it has in hand.
    device
        A torch device name.
    threads
        How many open photos; as many as processors by default.
    """

    detector: BatchDetector

    def __init__(
        self,
        settings: IndexSettings,
        photo_seconds: float | None = None,
        limits: TimeLimits | None = None,
        device: str = "cuda",
        threads: int | None = None,
    ) -> None:
        self.device, self.threads = device, threads or usable_processors()
        super().__init__(settings, photo_seconds, limits)

    def _detector(self) -> BatchDetector:
        from photoclust.faces.batched.detector import BatchDetector

        return BatchDetector(self.settings.detect, self.device)

    def _rows(self, refs: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        closing: deque[Future[Row]] = deque()
        with ThreadPoolExecutor(self.threads) as threads:
            for photos in self._ready(threads, iter(refs)):
                for opened, found in zip(photos, self._looked_at(photos), strict=True):
                    closing.append(threads.submit(self._closed, opened, found))
                while closing and closing[0].done():
                    yield closing.popleft().result()
            while closing:
                with time_limit(self.photo_seconds):
                    row = closing.popleft().result()
                yield row

    def _ready(
        self, threads: ThreadPoolExecutor, refs: Iterator[Mapping[str, Any]]
    ) -> Iterator[list[Opened]]:
        """Photos in their order, each time the next one and those after it that are opened as well."""
        opening: deque[Future[Opened]] = deque()
        while True:
            room = AHEAD * self.threads - len(opening)
            opening.extend(threads.submit(self._open, values) for values in islice(refs, room))
            if not opening:
                return
            with time_limit(self.photo_seconds):
                photos = [opening.popleft().result()]
            while opening and opening[0].done():
                photos.append(opening.popleft().result())
            yield photos

    def _open(self, values: Mapping[str, Any]) -> Opened:
        with counting_retries() as retried, limited(self.limits):
            opened = self.opened(PhotoRef.of_row(values), values["attempts"])
        opened.retries = retried.requests
        return opened

    def _looked_at(self, photos: Sequence[Opened]) -> list[Detections]:
        """Faces of the photos that could be opened; each alone, should that fail for all together."""
        seen = [opened for opened in photos if opened.photo]
        watch = Stopwatch()
        with time_limit(self.photo_seconds):
            try:
                found = dict(zip(map(id, seen), self._faces_of(seen), strict=True))
            except Exception:
                found = {id(opened): self._alone(opened) for opened in seen}
        self._charge(seen, watch.total)
        return [found.get(id(opened), Detections.none()) for opened in photos]

    def _charge(self, photos: Sequence[Opened], seconds: float) -> None:
        """Divide among the photos what looking at them took, and pass on what went on."""
        gpu = self.detector.clock.taken()
        for opened in photos:
            opened.seconds["detect"], opened.gpu_seconds = seconds / len(photos), gpu / len(photos)
        if photos:
            photos[0].note, self.detector.note = self.detector.note, None

    def _faces_of(self, photos: Sequence[Opened]) -> list[Detections]:
        return detect_all_turned(self.detector, [opened.photo.pixels for opened in photos if opened.photo])

    def _alone(self, opened: Opened) -> Detections:
        import torch

        try:
            return self._faces_of([opened])[0]
        except torch.AcceleratorError:  # the GPU has stopped, and so must this process
            raise
        except Exception as error:  # whatever torch says
            opened.error = detection_failed(error)
            return Detections.none()

    def _closed(self, opened: Opened, found: Detections) -> Row:
        row = self.row(opened, found, Stopwatch())
        cost = {"retries": opened.retries, "gpu_seconds": opened.gpu_seconds or None, "note": opened.note}
        return row | cost
