"""``photoclust watch``: an index that keeps up with a folder or a bucket."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option
from photoclust.cli._progress import LOG
from photoclust.cli._signals import StopSignal

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.watch import Look


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTOS...")
@index_option
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
def watch(
    photos: tuple[str, ...], index_dir: Location, interval: float, as_json: bool, **values: Any
) -> None:
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
    from photoclust.cli._context import context
    from photoclust.engine.few import StartForSome
    from photoclust.workflows.watch import Watcher

    engine, config = _options.take_engine(values), _options.take_cluster(values)
    options, surroundings = _options.take_photos(values), context(engine, "watch")
    watcher = Watcher(photos, index_dir, options, config, surroundings, StartForSome(engine))
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
