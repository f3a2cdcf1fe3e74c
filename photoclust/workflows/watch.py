"""Keeping an index up to date as photos arrive: which are whole, and when grouping again pays.

Of a photo that was looked at 8 bytes are kept, a hash of its uri, size and version, so that a bucket of ten
million objects can be watched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from photoclust.config import ClusterConfig
from photoclust.errors import PhotoclustError
from photoclust.index.place import Location
from photoclust.index.store import IndexStore
from photoclust.photo_refs import PhotoRef
from photoclust.workflows.cluster import group
from photoclust.workflows.context import Context
from photoclust.workflows.index import find, index_photos
from photoclust.workflows.opening import PhotoOptions, open_index
from photoclust.workflows.run_stats import GroupReport, IndexReport

if TYPE_CHECKING:
    from photoclust.stages import Engine

Marks = npt.NDArray[np.int64]
_NONE: Marks = np.empty(0, np.int64)

GROUPING_SHARE = 0.1
"""Share of the time that may go into grouping while photos keep arriving."""

RETRY_SECONDS = 60.0
"""Until photos that could not be read are tried again, though nothing about them has changed."""


@dataclass(frozen=True, eq=False)
class Sight:
    """What one look came to.

    Attributes
    ----------
    marks
        int64, sorted, each once: hashes of the photos that are whole.
    waiting
        Number of the others.
    """

    marks: Marks = field(default_factory=lambda: _NONE)
    waiting: int = 0

    def __contains__(self, ref: PhotoRef) -> bool:
        """Tell whether a photo is whole and was there as it is now."""
        mark = hash(ref)
        at = int(np.searchsorted(self.marks, mark))
        return at < len(self.marks) and int(self.marks[at]) == mark

    def is_as(self, other: Sight) -> bool:
        """Tell whether the same photos were whole."""
        return np.array_equal(self.marks, other.marks)

    def more_than(self, other: Sight) -> int:
        """How many photos were not whole in `other`."""
        return len(np.setdiff1d(self.marks, other.marks, assume_unique=True))


class Settling:
    """Tells files that are still being written: between two looks their size or version changes.

    An object appears in its store whole or not at all; there one look is enough.
    """

    def __init__(self) -> None:
        self._before = _NONE

    def look(self, refs: Iterable[PhotoRef]) -> Sight:
        """Take what is there now; `refs` may be a stream."""
        marks = np.fromiter(chain.from_iterable(map(_mark, refs)), np.int64).reshape(-1, 2)
        now, at_once = np.unique(marks[:, 0]), marks[marks[:, 1] > 0, 0]
        settled = np.union1d(np.intersect1d(now, self._before, assume_unique=True), at_once)
        self._before = now
        return Sight(settled, len(now) - len(settled))


def _mark(ref: PhotoRef) -> tuple[int, bool]:
    return hash(ref), ref.version.names_content


@dataclass
class Pacing:
    """Tells when grouping pays: in a quiet moment at once, otherwise for a tenth of the time.

    The cost of a grouping grows with the collection, so that a fixed interval is wrong for most. While photos
    keep arriving, ten times as long passes between two groupings as the last one took.

    Parameters
    ----------
    pending
        Something has changed since the last grouping.
    """

    pending: bool = True
    _ended: float = float("-inf")
    _cost: float = 0.0

    def is_due(self, now: float, quiet: bool) -> bool:
        """Tell whether to group at `now`, in seconds of any clock; `quiet` if nothing has just arrived."""
        return self.pending and (quiet or now - self._ended >= self._cost / GROUPING_SHARE)

    def grouped(self, began: float, ended: float) -> None:
        """Take note of a grouping."""
        self.pending, self._ended, self._cost = False, ended, ended - began


@dataclass(frozen=True)
class Look:
    """What one look at the photos came to.

    Attributes
    ----------
    at
        When, in ISO 8601 with the offset of the local time.
    waiting
        Files that are new or still being written: the next look decides.
    indexed, grouped
        What was done, if anything.
    error
        Why nothing was, in one sentence.
    """

    at: str
    waiting: int = 0
    indexed: IndexReport | None = None
    grouped: GroupReport | None = None
    error: str = ""


class Watcher:
    """Looks at photos and does what there is to do; remembers what it has seen and done.

    Parameters
    ----------
    photos, folder, options
        See `photoclust.workflows.index.index`.
    config
        How to group.
    context
        Where the work runs and who is told of it.
    start_engine
        Starts the engine for about so many photos, in place of that of `context`.
    """

    def __init__(
        self,
        photos: Sequence[str],
        folder: Location,
        options: PhotoOptions,
        config: ClusterConfig,
        context: Context,
        start_engine: Callable[[int], AbstractContextManager[Engine]],
    ) -> None:
        self.search, self.folder, self.options = options.search(photos), folder, options
        self.config, self.context, self.start_engine = config, context, start_engine
        self.settling, self.pacing = Settling(), Pacing()
        self.done: Sight | None = None
        self.again = float("inf")  # when what could not be read is tried again

    def check(self) -> None:
        """Fail at once where it can never work: no such folder, another model, no weights."""
        find(self.search)
        open_index(self.folder, self.options)

    def look(self) -> Look:
        """Look once, and do what there is to do; what goes wrong is part of the answer."""
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        waiting = 0
        try:
            refs, _ = find(self.search)
            sight = self.settling.look(refs)
            waiting = sight.waiting
            if self.done is None and waiting:  # the first look tells nothing yet
                return Look(at, waiting)
            same = self.done and sight.is_as(self.done) and time.monotonic() < self.again
            indexed = None if same else self._index(sight)
            return Look(at, waiting, indexed, self._group(quiet=not indexed and not waiting))
        except (PhotoclustError, OSError) as error:
            said = error.on_command_line if isinstance(error, PhotoclustError) else str(error)
            return Look(at, waiting, error=said)

    def _index(self, sight: Sight) -> IndexReport | None:
        new = sight.more_than(self.done or Sight())
        context = replace(self.context, start_engine=lambda: self.start_engine(new))
        store = open_index(self.folder, self.options)
        refs, _ = find(self.search)
        settled = (ref for ref in refs if ref in sight)
        with store.lock():
            collection = self.options.collection(self.search)
            report = index_photos(settled, store, context, collection, self.search)
        self.done = sight
        self.again = time.monotonic() + RETRY_SECONDS if report.unread else float("inf")
        self.pacing.pending |= report.changed_something
        return report if report.changed_something else None

    def _group(self, quiet: bool) -> GroupReport | None:
        began = time.monotonic()
        if not self.pacing.is_due(began, quiet):
            return None
        report = group(IndexStore.open(self.folder), self.config, self.context)
        self.pacing.grouped(began, time.monotonic())
        return None if report.unchanged else report
