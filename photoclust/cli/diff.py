"""``photoclust diff``: what became of people from one grouping to another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.people.identity.changes import Change
    from photoclust.workflows.diff import PeopleDiff, StoredGrouping

UNNAMED_SHOWN = 40

_SENTENCES = {
    "new": "new, {all_after}",
    "grown": "{those} more, now {after}",
    "shrunk": "{those} less, now {after}",
    "split": "{faces} of {before} faces are now {other}",
    "merged": "is now {other}, with {faces} of {before} faces",
    "moved": "{faces} of {before} faces are now {other}",
    "gone": "no longer there, had {all_before}",
    "named": "has a new name, was {other}",
}


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN [RUN]]")
@index_option
@click.option("--list", "as_list", is_flag=True, help="Name the groupings there are.")
@_options.json_option
def diff(runs: tuple[str, ...], index_dir: Location, as_list: bool, as_json: bool) -> None:
    """Say what became of people from one grouping to another, those with a name first.

    RUN is an id that --list names, or its beginning, or `current`, or `previous`. Without any, the grouping
    in force is compared with the one that was in force before it; with one, the one in force with that.

    \b
    Examples:
      photoclust diff --index ~/people
      photoclust diff --list --index ~/people
      photoclust diff previous current --index ~/people --json
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.diff import diff as workflow
    from photoclust.workflows.diff import stored_groupings

    store = IndexStore.open(index_dir)
    if as_list:
        _write_list(stored_groupings(store), as_json)
        return
    found = workflow(store, runs)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
    else:
        for line in _lines(found):
            click.echo(line)


def _lines(found: PeopleDiff) -> Iterator[str]:
    yield f"From {found.before} to {found.after}"
    yield f"Faces    {found.faces_added} came, {found.faces_gone} went"
    if found.named_faces:
        share = found.named_moved / found.named_faces
        yield f"Named    {found.named_moved} of {found.named_faces} faces left their person ({share:.1%})"
    changes = found.changes
    with_name = sum(change.name != "" for change in changes)
    for title, part in (("With a name", changes[:with_name]), ("Without", changes[with_name:])):
        if part:
            yield f"\n{title}"
        shown = part if title == "With a name" else part[:UNNAMED_SHOWN]
        yield from (f"  {_who(change.person_id, change.name)}: {_what(change)}" for change in shown)
        if len(part) > len(shown):
            yield f"  and {len(part) - len(shown)} more; --json has them all"
    if not changes:
        yield "Nobody has changed."


def _who(person_id: str, name: str) -> str:
    from photoclust.records import printable

    return f"{printable(name)} ({person_id})" if name else person_id


def _what(change: Change) -> str:
    other = _who(change.other_id, change.other_name) if change.other_id else change.other_name
    words = {
        "other": other or "without a name",
        "those": _faces(change.faces),
        "all_before": _faces(change.before),
        "all_after": _faces(change.after),
    }
    return _SENTENCES[change.kind].format_map(vars(change) | words)


def _faces(number: int) -> str:
    return "1 face" if number == 1 else f"{number} faces"


def _write_list(groupings: list[StoredGrouping], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(one) for one in groupings], indent=2))
        return
    for one in groupings:
        counts = f"{one.people} people, {one.in_people} of {one.faces} faces"
        click.echo(f"{one.run_id}  {counts}  {one.place}".rstrip())
