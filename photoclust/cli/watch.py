"""``photoclust watch``: an index that keeps up with a folder or a bucket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _job, _options
from photoclust.cli._progress import LOG, photo_progress
from photoclust.cli._signals import StopSignal
from photoclust.cli.index import photo_options
from photoclust.config import ClusterConfig, CollectionConfig, EngineConfig
from photoclust.errors import PhotoclustError

if TYPE_CHECKING:
    from photoclust.stages import Engine
    from photoclust.workflows.run_stats import GroupReport, IndexReport
    from photoclust.workflows.watch import Sight

FEW = 100
"""Photos that this process does itself, its models loaded: starting Ray takes longer (27 s on two cores, in
which 12 megapixel photos come at 1.5 a second)."""

RETRY_SECONDS = 60.0
"""Until photos that could not be read are tried again, though nothing about them has changed."""


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTOS...")
@_options.index_option
@click.option(
    "--interval",
    type=click.FloatRange(0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two looks at PHOTOS.",
)
@_options.photo_options
@_options.cluster_options
@_options.engine_options
@click.option("--json", "as_json", is_flag=True, help="Write a JSON object for every look, a line each.")
def watch(photos: tuple[str, ...], index_dir: str, interval: float, as_json: bool, **values: Any) -> None:
    """Keep an index up to date with PHOTOS until it is stopped.

    PHOTOS are what they are for `run`. Looks for new, changed and missing photos again and again, waits until
    a file is as it was at the last look (an object is whole when it appears), indexes it, and groups again in
    the next quiet moment; while photos keep arriving, for a tenth of the time. The index is locked only while
    there is work. What goes wrong, an unplugged drive say, is said and tried again. Control-C, or SIGTERM,
    ends it; what was finished is kept.

    \b
    Examples:
      photoclust watch ~/Pictures --index ~/people
      photoclust watch /mnt/incoming --index ~/people --interval 60 --json >> watch.jsonl
      photoclust watch s3://BUCKET/incoming --index s3://BUCKET/people --interval 60
    """
    engine, config = _options.take_engine(values), _options.take_cluster(values)
    watcher = Watcher(photos, index_dir, photo_options(values), engine, config)
    watcher.check()
    tell = _tell_json if as_json else _Teller()
    try:
        while True:
            began = time.monotonic()
            tell(watcher.look())
            time.sleep(max(interval, time.monotonic() - began))
    except StopSignal:
        raise
    except KeyboardInterrupt:
        LOG.info("Stopped.")


@dataclass(frozen=True)
class Look:
    """What one look at the photos came to.

    Attributes
    ----------
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
    """Looks at photos and does what there is to do; remembers what it has seen and done."""

    def __init__(
        self,
        photos: tuple[str, ...],
        folder: str,
        photo_options: _job.PhotoOptions,
        engine: EngineConfig,
        config: ClusterConfig,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.search, self.folder, self.options = photo_options.search(photos), folder, photo_options
        self.engine, self.config, self.clock = engine, config, clock
        from photoclust.workflows.watch import Pacing, Settling

        self.settling, self.pacing = Settling(), Pacing()
        self.done: Sight | None = None
        self.again = float("inf")  # when what could not be read is tried again

    def check(self) -> None:
        """Fail at once where it can never work: no such folder, another model, no weights."""
        _job.find(self.search)
        _job.open_index(self.folder, self.options)

    def look(self) -> Look:
        """Look once, and do what there is to do; what goes wrong is part of the answer."""
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        waiting = 0
        try:
            refs, _ = _job.find(self.search)
            sight = self.settling.look(refs)
            waiting = sight.waiting
            if self.done is None and waiting:  # the first look tells nothing yet
                return Look(at, waiting)
            same = self.done and sight.is_as(self.done) and self.clock() < self.again
            indexed = None if same else self._index(sight)
            return Look(at, waiting, indexed, self._group(quiet=not indexed and not waiting))
        except (PhotoclustError, OSError) as error:
            return Look(at, waiting, error=str(error))

    def _index(self, sight: Sight) -> IndexReport | None:
        from photoclust.workflows.index import index_photos
        from photoclust.workflows.watch import Sight

        new = sight.more_than(self.done or Sight())
        collection = CollectionConfig(self.search.prefixes(), self.options.missing, self.options.retry_failed)
        store = _job.open_index(self.folder, self.options)
        refs, _ = _job.find(self.search)
        settled = (ref for ref in refs if ref in sight)
        with store.lock():
            report = index_photos(
                settled, store, lambda: self._start(new), photo_progress, collection, self.search
            )
        self.done = sight
        self.again = self.clock() + RETRY_SECONDS if report.unread else float("inf")
        self.pacing.pending |= report.changed_something
        return report if report.changed_something else None

    def _start(self, new: int) -> AbstractContextManager[Engine]:
        from photoclust.engine import start

        own = self.engine.kind == "local" or (new < FEW and self.engine.address is None)
        return nullcontext(self._local) if own else start(self.engine)

    @cached_property
    def _local(self) -> Engine:
        from photoclust.engine.local import LocalEngine

        return LocalEngine(self.engine)

    def _group(self, quiet: bool) -> GroupReport | None:
        began = self.clock()
        if not self.pacing.is_due(began, quiet):
            return None
        report = _job.cluster(self.folder, self.config, engine=self.engine)
        self.pacing.grouped(began, self.clock())
        return None if report.unchanged else report


def _tell_json(look: Look) -> None:
    click.echo(json.dumps(asdict(look)))


class _Teller:
    """A line on stderr for each look at which there was something to do; an error is said once."""

    def __init__(self) -> None:
        self.last_error = ""
        self.passed_over: dict[str, dict[str, int]] = {}

    def __call__(self, look: Look) -> None:
        from photoclust.photos.sources.passed_over import in_words

        said = [look.error] if look.error and look.error != self.last_error else []
        self.last_error = look.error
        if look.indexed:
            said.append(f"{sum(look.indexed.indexed.values())} indexed in {look.indexed.seconds:.1f} s")
            said += [f"{look.indexed.missing} missing"] if look.indexed.missing else []
        if look.grouped:
            said.append(f"{look.grouped.people} people, grouped in {look.grouped.seconds:.1f} s")
        if said and look.waiting:
            said.append(f"{look.waiting} still arriving")
        if said:
            LOG.info("%s  %s", look.at, ", ".join(said))
        if look.indexed and look.indexed.passed_over != self.passed_over:
            self.passed_over = look.indexed.passed_over
            for line in in_words(self.passed_over):
                LOG.info("%s  %s", look.at, line)
