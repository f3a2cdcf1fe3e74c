"""``photoclust diff``: what became of people from one grouping to another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options

if TYPE_CHECKING:
    from photoclust.index.clusterings import Clusterings

UNNAMED_SHOWN = 40

_SENTENCES = {
    "new": "new, {after} faces",
    "grown": "{faces} faces more, now {after}",
    "shrunk": "{faces} faces less, now {after}",
    "split": "{faces} of {before} faces are now {other}",
    "merged": "is now {other}, with {faces} of {before} faces",
    "moved": "{faces} of {before} faces are now {other}",
    "gone": "no longer there, had {before} faces",
    "named": "has a new name, was {other}",
}


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN [RUN]]")
@_options.index_option
@click.option("--list", "as_list", is_flag=True, help="Name the groupings there are.")
@_options.json_option
def diff(runs: tuple[str, ...], index_dir: str, as_list: bool, as_json: bool) -> None:
    """Say what became of people from one grouping to another, those with a name first.

    RUN is an id that --list names, or its beginning, or `current`, or `previous`. Without any, the grouping
    in force is compared with the one that was in force before it; with one, the one in force with that.

    \b
    Examples:
      photoclust diff --index ~/people
      photoclust diff --list --index ~/people
      photoclust diff previous current --index ~/people --json
    """
    from photoclust.errors import UsageError
    from photoclust.index.store import IndexStore
    from photoclust.workflows.snapshot.history import difference

    clusterings = IndexStore.open(index_dir).clusterings
    if as_list:
        _write_list(clusterings, as_json)
        return
    if len(runs) > 2:
        raise UsageError(f"Two groupings can be compared, not {len(runs)}.")
    said = (*runs, "current") if len(runs) == 1 else runs or ("previous", "current")
    before, after = (clusterings.read(clusterings.find(run)) for run in said)
    found = difference(before, after)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for line in _lines(found):
            click.echo(line)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    named = found["named"]
    yield f"From {found['from']} to {found['to']}"
    yield f"Faces    {found['faces_added']} came, {found['faces_gone']} went"
    if named["faces"]:
        share = named["moved"] / named["faces"]
        yield f"Named    {named['moved']} of {named['faces']} faces left their person ({share:.1%})"
    changes = found["changes"]
    with_name = sum(change["name"] != "" for change in changes)
    for title, part in (("With a name", changes[:with_name]), ("Without", changes[with_name:])):
        if part:
            yield f"\n{title}"
        shown = part if title == "With a name" else part[:UNNAMED_SHOWN]
        yield from (f"  {_who(c['person_id'], c['name'])}: {_what(c)}" for c in shown)
        if len(part) > len(shown):
            yield f"  and {len(part) - len(shown)} more; --json has them all"
    if not changes:
        yield "Nobody has changed."


def _who(person_id: str, name: str) -> str:
    from photoclust.records import printable

    return f"{printable(name)} ({person_id})" if name else person_id


def _what(change: dict[str, Any]) -> str:
    other = _who(change["other_id"], change["other_name"]) if change["other_id"] else change["other_name"]
    return _SENTENCES[change["kind"]].format_map(change | {"other": other or "without a name"})


def _write_list(clusterings: Clusterings, as_json: bool) -> None:
    place = {clusterings.previous(): "previous", clusterings.current(): "current"}
    rows = [(run_id, clusterings.run(run_id), place.get(run_id, "")) for run_id in clusterings.runs()]
    names = ("created", "faces", "people", "in_people")
    if as_json:
        runs = [{"run_id": i, **{name: run[name] for name in names}, "place": at} for i, run, at in rows]
        click.echo(json.dumps(runs, indent=2))
        return
    for run_id, run, at in rows:
        click.echo(
            f"{run_id}  {run['people']} people, {run['in_people']} of {run['faces']} faces  {at}".rstrip()
        )
