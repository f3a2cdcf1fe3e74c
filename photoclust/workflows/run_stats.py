"""What a run of indexing, and what a grouping comes to."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

from photoclust.index.clusterings import Clustering
from photoclust.index.planning.plan import Plan
from photoclust.index.planning.unread import Unread
from photoclust.records import STAGES


@dataclass(frozen=True)
class IndexReport:
    """What one run of indexing did.

    Attributes
    ----------
    found
        Photos that the sources held.
    unchanged
        Of those, how many were in the index already.
    indexed
        Rows written, by status.
    copies
        Of those, files with the same picture as another that is still there.
    missing
        Photos known before that are no longer there, nor anywhere else under another name.
    returned
        Photos that had been missing and are back as they were; they are among the rows written.
    seconds
        Time for everything, the start of the engine included.
    photos_a_second
        Rate from the first rows that came back to the last, so start-up apart; None for too few photos.
    faces
        Faces written.
    stage_seconds
        Seconds of work in each stage, those of all processes together, and as ``gpu`` those of GPUs.
    notes
        What went on that an operator should know, a GPU out of memory say.
    retries
        Requests to object stores that had to be repeated, for photos and for the index itself.
    kept
        Known photos that have changed and could not be read: what was known of them stands.
    unread
        All photos that could not be read, and that the next run tries again.
    vanished
        Photos that were deleted or moved between being found and being read.
    left_out
        Photos known before that are still there and that the search no longer takes.
    passed_over
        Counts of what the search did not take: see `photoclust.photos.sources.passed_over.PassedOver`.
    moved
        Photos known before that are under another name now.
    """

    found: int
    unchanged: int
    indexed: dict[str, int]
    copies: int
    missing: int
    returned: int
    seconds: float
    photos_a_second: float | None
    faces: int = 0
    stage_seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    retries: int = 0
    kept: int = 0
    unread: int = 0
    vanished: int = 0
    moved: int = 0
    left_out: int = 0
    passed_over: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def changed_something(self) -> bool:
        """Whether anything is in the index, or out of the grouping, that was not before."""
        return bool(self.indexed or self.missing or self.left_out)

    @property
    def bottleneck(self) -> str | None:
        """What took longest, in words; None where too few photos were opened to tell."""
        work = {stage: self.stage_seconds.get(stage, 0.0) for stage in STAGES}
        total, finding = sum(work.values()), self.stage_seconds.get("find", 0.0)
        streaming = self.seconds - finding
        if not self.photos_a_second or not total:
            return None
        if finding > streaming:
            return f"find-bound: {finding:.0f} of {self.seconds:.0f} s went into finding out what to do"
        stages = sorted(work, key=work.__getitem__, reverse=True)
        shares = ", ".join(f"{stage} {work[stage] / total:.0%}".replace("%", " %") for stage in stages)
        busy = f"{total / streaming:.1f} processes"
        if gpu := self.stage_seconds.get("gpu"):
            busy += f" and {gpu / streaming:.2f} GPUs"
        return f"{stages[0]}-bound: {shares} of the work; {busy} busy on average"


@dataclass(frozen=True)
class GroupReport:
    """What a grouping came to; `problems` are decisions that could not be applied.

    ``neighbour_recall`` is the measured share of neighbours that an approximate search found, None where it
    was exact.
    """

    run_id: str
    faces: int
    people: int
    in_people: int
    unsure: int
    low_quality: int
    seconds: float
    unchanged: bool
    problems: tuple[str, ...]
    neighbour_recall: float | None = None

    @classmethod
    def of(cls, clustering: Clustering, seconds: float, unchanged: bool) -> GroupReport:
        """What a clustering says of itself."""
        run = clustering.run
        counts = {name: run[name] for name in ("faces", "people", "in_people", "unsure", "low_quality")}
        return cls(
            clustering.run_id,
            **counts,
            seconds=seconds,
            unchanged=unchanged,
            problems=tuple(run.get("problems", ())),
            neighbour_recall=run.get("neighbour_recall"),
        )


class RunStats:
    """What a run has come to: rows, seconds of each stage, and the rate once rows have begun to come."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.first = self.last = 0.0
        self.photos = self.faces = self.retries = 0
        self.statuses: Counter[str] = Counter()
        self.stages: dict[str, float] = {}
        self.notes: list[str] = []

    def add_seconds(self, stage: str, seconds: float) -> None:
        """Add to the seconds of a stage."""
        self.stages[stage] = self.stages.get(stage, 0.0) + seconds

    def add_notes(self, notes: pa.ChunkedArray) -> None:
        """Pass on what a process wants the operator to know, once."""
        for note in notes.drop_null().unique().to_pylist():
            if note not in self.notes:
                self.notes.append(note)
                logging.getLogger("photoclust").warning(note)

    def pace(self, photos: int) -> None:
        """Take note that rows of so many photos have come."""
        self.last = time.monotonic()
        if self.first:
            self.photos += photos
        else:
            self.first = self.last

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    @property
    def rate(self) -> float | None:
        """Photos a second, from the first rows to the last."""
        return self.photos / (self.last - self.first) if self.last > self.first else None

    def report(self, work: Plan, missing: int, unread: Unread, moved: int = 0) -> IndexReport:
        """Sum up; so many photos are no longer there, some could not be read, and some have another name."""
        return IndexReport(
            found=work.total,
            unchanged=work.unchanged,
            indexed=dict(self.statuses),
            copies=max(0, work.copies + work.known_copies - moved),
            missing=missing,
            returned=work.returned,
            seconds=self.seconds,
            photos_a_second=self.rate,
            faces=self.faces,
            stage_seconds={stage: round(seconds, 3) for stage, seconds in self.stages.items()},
            notes=tuple(self.notes),
            retries=self.retries,
            kept=unread.kept,
            unread=work.unread + unread.kept + unread.failed,
            vanished=unread.vanished,
            moved=moved,
        )
