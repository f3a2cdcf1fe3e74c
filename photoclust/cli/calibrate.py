"""``photoclust calibrate``: what the distances of a model mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@index_option
@click.option(
    "--labels",
    metavar="LABELS",
    help="`folders`, a CSV with the columns photo and person, or `people`: those of the index with a name.",
)
@_options.progress_options
@_options.json_option
def calibrate(index_dir: Location, labels: str | None, as_json: bool) -> None:
    """Measure what the distances of an index's model mean, and keep that beside the model.

    With labels, genuine and impostor pairs are known. Without, faces of one photo are different people,
    near-identical faces are one, and people found by that stand for labels; probabilities are then too sure.
    From then on every index of that model is grouped by the calibration, which `run.json` of each grouping
    names. It goes before the one that is shipped; `photoclust models show` names it.

    \b
    Examples:
      photoclust calibrate --index ~/people --labels folders
      photoclust calibrate --index ~/people --labels people
      photoclust calibrate --index ~/people
    """
    from photoclust.cli._context import context
    from photoclust.config import EngineConfig
    from photoclust.index.store import IndexStore
    from photoclust.workflows.calibrate import calibrate as workflow

    report = workflow(IndexStore.open(index_dir), context(EngineConfig(kind="local")), labels)
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2))
        return
    found = "people found" if report.made_of == "photos" else "people"
    click.echo(
        f"{report.model} was calibrated on {report.photos} faces of {report.people} {found}: {report.name}"
    )
    for rate in report.rates:
        click.echo(
            f"  distance {rate['distance']:.3f}: false match rate {rate['false_match_rate']:g}, "
            f"{rate['true_accept_rate']:.1%} of genuine pairs accepted"
        )
    if not report.degraded:
        click.echo("  No photo could be read, so that nothing is known of poor photos.")
    click.echo(f"Kept in {report.path}. Group faces again with `photoclust cluster`.")
