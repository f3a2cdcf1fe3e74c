"""``photoclust migrate``: another model, the same people."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.migrate import MigrationReport


@click.command()
@index_option
@click.option("--model", metavar="NAME", help="The model to migrate to; see `photoclust models`.")
@click.option("--margin", type=int, metavar="PIXELS", help="Pixels of the crop outside of the face's box.")
@click.option(
    "--max-named-churn",
    type=_options.Share(),
    metavar="PERCENTAGE",
    help="Accept the new people at once if no more of the faces of people with a name leave their person.",
)
@click.option("--abandon", is_flag=True, help="Give up a migration that was not accepted.")
@_options.progress_options
@_options.json_option
def migrate(
    index_dir: Location,
    model: str | None,
    margin: int | None,
    max_named_churn: float | None,
    abandon: bool,
    as_json: bool,
) -> None:
    """Embed the faces of an index by another model; names, corrections and ids of people stay.

    Photos are read and their faces cut out where they were found; no face is searched for. Then the faces
    are grouped, and the outcome is told beside the people there are. The embeddings of both models lie in
    the index until the new people are accepted: with --max-named-churn, or by `photoclust cluster --use RUN`.
    Then those of the old model are dropped. What is stopped goes on when the command is given again.

    \b
    Examples:
      photoclust migrate --index ~/people --model sface
      photoclust migrate --index ~/people --model sface --max-named-churn 1%
      photoclust migrate --index ~/people --abandon
    """
    from photoclust.cli._context import context
    from photoclust.config import EngineConfig
    from photoclust.index.store import IndexStore
    from photoclust.workflows.migrate import abandon as give_up
    from photoclust.workflows.migrate import migrate as workflow

    store = IndexStore.open(index_dir)
    if abandon:
        give_up(store)
        click.echo("The migration was given up.")
        return
    report = workflow(store, model, context(EngineConfig(kind="local")), margin, max_named_churn)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
        return
    for line in _lines(report):
        click.echo(line)


def _lines(report: MigrationReport) -> list[str]:
    found = [f"{report.faces} faces of {report.photos} photos were embedded by {report.model}."]
    if report.unreadable:
        found.append(f"{report.unreadable} photos could not be read; their faces are left out.")
    if report.named_faces:
        share = report.named_moved / report.named_faces
        found.append(
            f"Named    {report.named_moved} of {report.named_faces} faces left their person ({share:.1%})"
        )
    if report.accepted:
        return [*found, f"{report.model} is in force; what {report.model_before} embedded was dropped."]
    return [
        *found,
        f"\n{report.model_before} stays in force. Compare with `photoclust diff current {report.run_id}`;",
        f"accept with `photoclust cluster --use {report.run_id}`, or give up with",
        "`photoclust migrate --abandon`.",
    ]
