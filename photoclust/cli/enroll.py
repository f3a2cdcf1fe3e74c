"""``photoclust enroll``: a person put into an index by name."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._context import context
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@click.argument("name")
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option(
    "--face",
    type=click.IntRange(1),
    metavar="N",
    help="Which face is meant where a photo shows several, counted from the clearest.",
)
@click.option("--yes", is_flag=True, help="Let somebody who has another name become one with them.")
@index_option
@_options.json_option
def enroll(
    name: str, photos: tuple[str, ...], face: int | None, yes: bool, index_dir: Location, as_json: bool
) -> None:
    """Put a person into an index by name, known from one photo or a few.

    The photos are indexed and the face in each is named, which is noted in the index's decisions.csv. From
    then on the person counts in every grouping, and is found in the photos that are there and those to come.
    Who has the name already gets the photos. `photoclust people undo` takes the name back.

    \b
    Examples:
      photoclust enroll "Ada Lovelace" passport.jpg --index ~/people
      photoclust enroll Bob party.jpg --face 2 --index ~/people
    """
    from photoclust.config import EngineConfig
    from photoclust.index.store import IndexStore
    from photoclust.report.names import visible
    from photoclust.workflows.enroll import enroll as workflow

    here = context(EngineConfig(kind="local"), "enroll")
    found = workflow(IndexStore.open(index_dir), name, photos, here, face, yes)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    click.echo(
        f"{visible(found.name)} is enrolled: {found.faces} face{'' if found.faces == 1 else 's'} in "
        f"{found.photos} photo{'' if found.photos == 1 else 's'} now."
    )
    for problem in found.problems:
        click.echo(f"Not applied: {problem}")
