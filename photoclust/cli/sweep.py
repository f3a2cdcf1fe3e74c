"""``photoclust sweep``: what a setting does, from the stored graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_argument_or_option
from photoclust.cli._types import Output
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.workflows.sweep import SweepPoint

DEFAULT_VALUES = {
    "false_join_rate": (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "min_quality": (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "min_cluster_size": (2, 3, 4, 5),
    "min_samples": (1, 2, 3, 5),
}


@click.command()
@index_argument_or_option
@click.option(
    "--parameter",
    type=click.Choice(list(DEFAULT_VALUES)),
    default="false_join_rate",
    show_default=True,
    help="Which setting to vary.",
)
@click.option("--values", metavar="A,B,...", help="Its values; a sensible range by default.")
@click.option("--labels", metavar="folders|CSV", help="Score each grouping against labels; see `evaluate`.")
@click.option("--plot", type=Output(dir_okay=False), metavar="FILE", help="Draw a plot (PNG, SVG or PDF).")
@_options.json_option
def sweep(
    index_dir: str, parameter: str, values: str | None, labels: str | None, plot: str | None, as_json: bool
) -> None:
    """Group the faces with one setting after another and compare; changes nothing.

    All else is as in the grouping in force, corrections included. A * marks the value that is in force.

    \b
    Examples:
      photoclust sweep ~/people --labels folders
      photoclust sweep ~/people --parameter min_cluster_size --plot sizes.png
    """
    import json
    from dataclasses import asdict

    from photoclust.cli._progress import progress
    from photoclust.report.names import visible
    from photoclust.workflows.snapshot.labelled import labelled_faces
    from photoclust.workflows.sweep import sweep_points

    chosen = _numbers(values) if values else list(DEFAULT_VALUES[parameter])
    if plot:
        _require_plot(plot)
    labelled = labelled_faces(index_dir, labels, grouped=False) if labels else None
    points: list[SweepPoint] = []
    with progress(len(chosen), "Grouping", "settings") as tell:
        for point in sweep_points(index_dir, parameter, chosen, labelled):
            points.append(point)
            tell(1)
    if plot:
        _draw(parameter, points, plot)
    notes = labelled.notes if labelled else ()
    if as_json:
        found = {"parameter": parameter, "points": [asdict(point) for point in points], "notes": list(notes)}
        click.echo(json.dumps(found, indent=2))
        return
    _write(parameter, points)
    for note in notes:
        click.echo(f"\nNote: {visible(note, 600)}")


def _numbers(text: str) -> list[float]:
    """Numbers with commas between them, each once, rising."""
    try:
        return sorted({float(value) for value in text.split(",")})
    except ValueError as error:
        raise UsageError(f"--values takes numbers with commas between them, not {text!r}.") from error


def _write(parameter: str, points: list[SweepPoint]) -> None:
    click.echo(f"{parameter:>16}   people  faces in people  pairwise F  BCubed F")
    for point in points:
        pairwise, bcubed = (f"{f:.3f}" if f is not None else "-" for f in (point.pairwise_f, point.bcubed_f))
        counts = f"{'*' if point.in_force else ' '}  {point.people:>6}  {point.in_people:>15}"
        click.echo(f"{point.value:>16g}{counts}  {pairwise:>10}  {bcubed:>8}")


def _require_plot(file: str) -> None:
    """Refuse before the work what would fail after it."""
    from pathlib import Path

    from matplotlib.figure import Figure

    kinds, ending = Figure().canvas.get_supported_filetypes(), Path(file).suffix[1:].lower()
    if ending and ending not in kinds:
        raise UsageError(f"A plot cannot be written as .{ending}; .png, .svg and .pdf can.")
    if not Path(file).absolute().parent.is_dir():
        raise UsageError(f"The plot cannot be written to {file}: its folder does not exist.")


def _draw(parameter: str, points: list[SweepPoint], file: str) -> None:
    """People found, and scores where there are labels, against the setting."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    left = figure.add_subplot()
    values = [point.value for point in points]
    left.plot(values, [point.people for point in points], "o--", color="tab:gray", label="people")
    left.set(xlabel=parameter, ylabel="people", xscale="log" if parameter == "false_join_rate" else "linear")
    if points and points[0].pairwise_f is not None:
        right = left.twinx()
        right.plot(values, [point.pairwise_f or 0 for point in points], "o-", label="pairwise F")
        right.plot(values, [point.bcubed_f or 0 for point in points], "s-", label="BCubed F")
        right.set_ylabel("F")
    for point in points:
        if point.in_force:
            left.axvline(point.value, color="tab:gray", linestyle=":", linewidth=1, label="in force")
    figure.legend(loc="outside upper center", ncols=4)
    try:
        figure.savefig(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"The plot cannot be written to {file}: {error}") from error
