"""``photoclust find``: photos in which certain people are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@click.option(
    "--with",
    "present",
    multiple=True,
    required=True,
    metavar="PERSON",
    help="Who is in the photos: a name, an id, or a number as in Person 7; may be given again.",
)
@click.option(
    "--without",
    "absent",
    multiple=True,
    metavar="PERSON",
    help="Who is not in them; may be given again.",
)
@click.option("--print0", is_flag=True, help="End each path with a zero byte, for `xargs -0`.")
@index_option
@_options.json_option
def find(
    present: tuple[str, ...], absent: tuple[str, ...], print0: bool, index_dir: Location, as_json: bool
) -> None:
    """List the photos in which all of some people are.

    Writes the path of each photo on a line. --json adds when it was taken, how sure it is that all of them
    are in it, and who else is.

    \b
    Examples:
      photoclust find --with "Ada Lovelace" --index ~/people
      photoclust find --with Ada --with Bob --without Cy --index ~/people
      photoclust find --with Ada --print0 --index ~/people | xargs -0 cp -t for-ada
    """
    from photoclust.index.store import IndexStore
    from photoclust.records import local_path
    from photoclust.report.names import visible
    from photoclust.workflows.find import find as workflow

    found = workflow(IndexStore.open(index_dir), present, absent)
    if as_json:
        rows = [asdict(one) | {"taken_at": one.taken_at and one.taken_at.isoformat()} for one in found]
        click.echo(json.dumps(rows, indent=2))
        return
    for one in found:
        click.echo(f"{local_path(one.photo)}\0" if print0 else visible(one.photo, 4096), nl=not print0)
    if not found:
        click.echo("There is no such photo.", err=True)
