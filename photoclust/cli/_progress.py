"""What is said on stderr while work goes on: a bar, or lines that a log keeps, or nothing.

Everything that is a line goes through the logger ``photoclust`` of the standard library, as text or as JSON.
An option that chooses between them sets its environment variable; see `photoclust.cli._environment`.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from photoclust.cli import _environment

MODES = ("auto", "bar", "lines", "none")
SECONDS_A_LINE, SECONDS_A_SPARSE_LINE = 10.0, 30.0
LOG = logging.getLogger("photoclust")
_SPARSE = ContextVar("sparse", default=False)


def mode() -> str:
    """How progress is shown: bar, lines or none.

    By default a bar on a terminal, and lines in a job of a Ray cluster and in a Kubernetes pod, where
    ``jobs logs -f`` or ``kubectl logs -f`` shows them.
    """
    chosen = _environment.progress()
    if chosen in MODES and chosen != "auto":
        return chosen
    if sys.stderr.isatty():
        return "bar"
    return "lines" if _environment.on_cluster() else "none"


@contextmanager
def sparse_lines() -> Generator[None]:
    """Show the progress of long work in a line now and then where it would not be shown at all by default."""
    token = _SPARSE.set(True)
    try:
        yield
    finally:
        _SPARSE.reset(token)


def _sparse() -> bool:
    chosen = _environment.progress()
    return _SPARSE.get() and mode() == "none" and (chosen == "auto" or chosen not in MODES)


class _Formatter(logging.Formatter):
    """The bare message, or one JSON object a line, whichever is asked for by now."""

    def format(self, record: logging.LogRecord) -> str:
        if not _environment.logs_json():
            return record.getMessage()
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        values: dict[str, Any] = {"time": when, "level": record.levelname.lower()}
        if job := _environment.job_id():
            values["job"] = job
        return json.dumps(values | {"message": record.getMessage()} | getattr(record, "fields", {}))


class _Stderr(logging.StreamHandler[Any]):
    """Writes to what is stderr at that moment: the engine replaces it while Ray runs."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        shown = sys.modules.get("tqdm")  # a bar that is there is drawn again below the line
        with shown.tqdm.external_write_mode(self.stream) if shown else nullcontext():
            super().emit(record)


def start_log() -> None:
    """Send the log to stderr."""
    handler = _Stderr()
    handler.setFormatter(_Formatter())
    LOG.handlers = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False


def say(message: str, **fields: Any) -> None:
    """Say in a line what is going on, where somebody is watching."""
    if mode() != "none":
        LOG.info(message, extra={"fields": fields})


_STAGES = {
    "index": ("Indexing", "photos"),
    "compare": ("Comparing", "faces"),
    "group": ("Grouping", "settings"),
    "audit": ("Comparing", "pairs"),
    "fetch": ("Fetching the index", "files"),
    "crop": ("Cutting", "faces"),
    "train": ("Training", "batches"),
    "cut": ("Cutting faces", "photos"),
    "epoch": ("Training", "epochs"),
}
"""Words for the stages of `photoclust.workflows.context`."""


def stage_progress(stage: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    """Show progress over the `total` things of a stage of a workflow."""
    return progress(total, *_STAGES[stage])


def fetch_progress(total: int) -> AbstractContextManager[Callable[[int], None]]:
    """Show progress over `total` files of an index to be fetched."""
    return stage_progress("fetch", total)


@contextmanager
def progress(total: int, doing: str, things: str) -> Generator[Callable[[int], None]]:
    """Show progress over `total` things; what it gives is called with how many more are done."""
    if mode() == "lines" or _sparse():
        yield _Lines(total, doing, things).tell
        return
    from tqdm import tqdm

    silent = mode() == "none"
    with tqdm(
        total=total, unit=f" {things}", desc=doing, file=sys.stderr, disable=silent, smoothing=0.05
    ) as bar:

        def tell(done: int) -> None:
            bar.update(done)

        yield tell


class _Lines:
    """Says every few seconds how far things are, and when all is done; of short work nothing if sparse."""

    def __init__(self, total: int, doing: str, things: str) -> None:
        self.total, self.done = total, 0
        self.doing, self.things = doing, things
        self.began = time.monotonic()
        self.sparse = _sparse()
        self.every = SECONDS_A_SPARSE_LINE if self.sparse else SECONDS_A_LINE
        self.said = self.began if self.sparse else 0.0

    def tell(self, done: int) -> None:
        self.done += done
        now = time.monotonic()
        ended = done and self.done >= self.total and not (self.sparse and self.said == self.began)
        if now - self.said >= self.every or ended:
            self.said = now
            self._say(now - self.began)

    def _say(self, seconds: float) -> None:
        rate = self.done / seconds if seconds else 0.0
        left = (self.total - self.done) / rate if rate else None
        share = 100 * self.done / self.total if self.total else 100.0
        rest = f", {_clock(left)} left" if left else ""
        far = f"{self.done} of {self.total} {self.things} ({share:.0f} %)"
        fields = {"total": self.total, "seconds_left": None if left is None else round(left)}
        fields |= {self.things: self.done, f"{self.things}_a_second": round(rate, 2)}
        LOG.info(f"{self.doing}: {far}, {rate:.1f} a second{rest}", extra={"fields": fields})


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
