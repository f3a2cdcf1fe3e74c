"""``photoclust people undo`` and ``log``: what was said, and taking it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._context import context
from photoclust.cli._index_option import index_option
from photoclust.cli.people._saying import later_option, tell_applied

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@click.argument("how_many", type=click.IntRange(1), default=1, metavar="[N]")
@click.option("--redo", is_flag=True, help="Let what was taken back hold again, the last taken back first.")
@later_option
@index_option
def undo(how_many: int, redo: bool, later: bool, index_dir: Location) -> None:
    """Take back the last thing you said of people, or the last N; everybody has the id of before.

    The lines stay in decisions.csv with a # before them and hold no more.

    \b
    Examples:
      photoclust people undo --index ~/people
      photoclust people undo 3 --index ~/people
      photoclust people undo --redo --index ~/people
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people.apply import apply, note_undo
    from photoclust.workflows.people.log import words_of

    store = IndexStore.open(index_dir)
    before, done = note_undo(store, how_many, redo)
    for said in words_of(before, done):
        click.echo(f"{'Holds again' if redo else 'Taken back'}: {said}.")
    if later:
        click.echo("Noted down; the next grouping applies it.")
        return
    tell_applied(apply(store, before, context()))


@click.command()
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The last N."
)
@index_option
@_options.json_option
def log(most: int, index_dir: Location, as_json: bool) -> None:
    """List what you said of people, the latest first, and what of it was taken back.

    \b
    Examples:
      photoclust people log --index ~/people
      photoclust people log --most 100 --json --index ~/people
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people.log import log as workflow
    from photoclust.workflows.people.people_index import PeopleIndex

    people_index = PeopleIndex(IndexStore.open(index_dir))
    entries = workflow(people_index)[:most]
    if as_json:
        click.echo(json.dumps([entry.to_dict() for entry in entries], indent=2))
        return
    if not entries:
        click.echo("Nothing has been said yet.")
    for entry in entries:
        mark = "  (taken back)" if entry.taken_back else ""
        click.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.said}{mark}")
    for problem in people_index.decisions.problems:
        click.echo(problem)
