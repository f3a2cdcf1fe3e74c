"""What Ray's Prometheus endpoint tells of a running job, next to Ray's own figures.

Ray itself exports what waits between the pools (``ray_data_*`` by operator) and the object store
(``ray_object_store_memory``); Ray puts ``ray_`` before every name here too.
"""

from __future__ import annotations

from collections import Counter as Counts

import pyarrow as pa
from ray.util import metrics

from photoclust.records import STAGES

SECONDS = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0]


class StreamMetrics:
    """Counts the rows of a stream as they arrive at the driver.

    Parameters
    ----------
    photos
        How many the stream is to bring.
    job
        Id of the job, a label of every figure.
    """

    def __init__(self, photos: int, job: str) -> None:
        tags = {"job_id": job}
        self._photos = metrics.Counter("photoclust_photos", "Photos done, by status.", ("job_id", "status"))
        self._faces = metrics.Counter("photoclust_faces", "Faces found and embedded.", ("job_id",))
        self._lost = metrics.Counter(
            "photoclust_photos_lost", "Photos whose process died, and that are tried again.", ("job_id",)
        )
        self._left = metrics.Gauge("photoclust_photos_left", "Photos still to do.", ("job_id",))
        self._seconds = metrics.Histogram(
            "photoclust_stage_seconds", "Seconds of a photo in a stage.", SECONDS, ("job_id", "stage")
        )
        for metric in (self._photos, self._faces, self._lost, self._left, self._seconds):
            metric.set_default_tags(tags)
        self._waiting = photos
        self._left.set(photos)

    def add(self, indexed: pa.Table) -> None:
        """Count a table of INDEXED_SCHEMA."""
        for status, number in Counts(indexed["status"].to_pylist()).items():
            self._photos.inc(number, {"status": status})
        if faces := indexed["faces"].combine_chunks().value_lengths().sum().as_py():
            self._faces.inc(faces)
        seconds = indexed["seconds"].combine_chunks()
        for stage in STAGES:
            for value in seconds.field(stage).drop_null().to_pylist():
                self._seconds.observe(value, {"stage": stage})
        self._waiting -= len(indexed)
        self._left.set(self._waiting)

    def end(self) -> None:
        """Count what the stream was to bring and did not."""
        if self._waiting > 0:
            self._lost.inc(self._waiting)
        self._left.set(0)
