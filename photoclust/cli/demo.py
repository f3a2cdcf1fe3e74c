"""``photoclust demo``: the main job on an album made on the spot, held against what was put in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.config import EngineConfig
from photoclust.errors import PhotoclustError

if TYPE_CHECKING:
    from photoclust.workflows.demo import Outcome

_HONEST = (
    "All photos of a person were made from a single one, so this shows that photoclust works here, "
    "not how well it tells people apart."
)


@click.command()
@click.option(
    "--index",
    "index_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="New folder for the index; without it one is made among the temporary files.",
)
@_options.engine_option
@click.option("--keep", is_flag=True, help="Keep the photos of the album too, not only the index.")
def demo(index_dir: Path | None, engine: str, keep: bool) -> None:
    """Try everything on a small album made on the spot.

    Makes some fifty photos of three people from photographs that installed packages carry, runs the main
    job on them and checks that the right people come out. The exit code is 1 if they do not.

    \b
    Examples:
      photoclust demo
      photoclust demo --index ~/photoclust-demo --keep
    """
    from photoclust.cli import _summary
    from photoclust.cli._context import context
    from photoclust.workflows.demo import demo as workflow
    from photoclust.workflows.demo import require_new, temporary_album

    if index_dir is not None:
        require_new(index_dir)
    with temporary_album(keep) as album:
        click.echo(f"Made {len(album.people) + len(album.unreadable)} photos in {album.folder}.")
        report = workflow(album, index_dir, context(EngineConfig(kind=engine)))
        _summary.write(str(report.index), report.run.indexed, report.run.grouped, as_json=False)
    _report(report.outcome)
    if report.outcome.problems:
        sys.exit(PhotoclustError.exit_code)


def _report(outcome: Outcome) -> None:
    click.echo(
        f"\nCheck    {outcome.right} of {outcome.faces} faces are with their person, {outcome.people} people."
    )
    for problem in outcome.problems:
        click.echo(f"Wrong    {problem}")
    if not outcome.problems:
        click.echo("Right    The people found are those that were put in.")
    click.echo(_HONEST)
