"""``photoclust sweep``: what a setting does, from the stored graph."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_argument_or_option
from photoclust.cli._types import Output
from photoclust.config import SWEEP_VALUES
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.sweep import Sweep


@click.command()
@index_argument_or_option
@click.option(
    "--parameter",
    type=click.Choice(list(SWEEP_VALUES)),
    default="false_join_rate",
    show_default=True,
    help="Which setting to vary.",
)
@click.option("--values", metavar="A,B,...", help="Its values; a sensible range by default.")
@click.option("--labels", metavar="folders|CSV", help="Score each grouping against labels; see `evaluate`.")
@click.option("--plot", type=Output(dir_okay=False), metavar="FILE", help="Draw a plot (PNG, SVG or PDF).")
@_options.json_option
def sweep(
    index_dir: Location,
    parameter: str,
    values: str | None,
    labels: str | None,
    plot: str | None,
    as_json: bool,
) -> None:
    """Group the faces with one setting after another and compare; changes nothing.

    All else is as in the grouping in force, corrections included. A * marks the value that is in force.

    \b
    Examples:
      photoclust sweep ~/people --labels folders
      photoclust sweep ~/people --parameter min_cluster_size --plot sizes.png
    """
    from pathlib import Path

    from photoclust.cli._context import context
    from photoclust.index.store import IndexStore
    from photoclust.report.names import visible
    from photoclust.workflows.sweep import sweep as workflow
    from photoclust.workflows.sweep import write_sweep_plot

    chosen = _numbers(values) if values else ()
    if plot:
        from photoclust.report.sweep_plot import require_plot

        require_plot(Path(plot))
    found = workflow(IndexStore.open(index_dir), parameter, chosen, labels, context())
    if plot:
        write_sweep_plot(found, Path(plot))
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
        return
    _write(found)
    for note in found.notes:
        click.echo(f"\nNote: {visible(note, 600)}")


def _numbers(text: str) -> list[float]:
    """Numbers with commas between them, each once, rising."""
    try:
        return sorted({float(value) for value in text.split(",")})
    except ValueError as error:
        raise UsageError(f"--values takes numbers with commas between them, not {text!r}.") from error


def _write(found: Sweep) -> None:
    click.echo(f"{found.parameter:>16}   people  faces in people  pairwise F  BCubed F")
    for point in found.points:
        pairwise, bcubed = (f"{f:.3f}" if f is not None else "-" for f in (point.pairwise_f, point.bcubed_f))
        counts = f"{'*' if point.in_force else ' '}  {point.people:>6}  {point.in_people:>15}"
        click.echo(f"{point.value:>16g}{counts}  {pairwise:>10}  {bcubed:>8}")
