"""``photoclust people``: who is there; what a user may correct about it is in `correct`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option
from photoclust.cli.people.correct import cover, different, ignore, merge, name, reject, same, split
from photoclust.cli.people.import_ import import_
from photoclust.cli.people.suggest import suggest
from photoclust.cli.people.undo import log, undo
from photoclust.cli.people.which_faces import draw, not_a_face
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.people.decisions.line import Decision
    from photoclust.workflows.people.people_index import PeopleIndex

_EXAMPLES = """\b
Examples:
  photoclust people list --index ~/people
  photoclust people name 3f6c1d "Ada Lovelace" --index ~/people
  photoclust people merge "Ada Lovelace" 77a0 --index ~/people
  photoclust people reject "Ada Lovelace" 90bd6e --index ~/people
"""


class _Verbs(click.Group):
    """The verbs, some of which go by another name too."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a verb by either name; see `click.Group.get_command`."""
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))


ALIASES = {"rename": "name", "hide": "ignore", "history": "log"}


@click.group(cls=_Verbs, epilog=_EXAMPLES)
def people() -> None:
    """List people, and correct them: what you say here holds at every grouping from now on.

    PERSON is an id, the beginning of one, a name, or "Person 7" as on the review page; FACE is an id or the
    beginning of one. Each correction is a line of the index's decisions.csv and is applied at once; with
    --later it waits for the next grouping. `undo` takes corrections back.
    """


def _with_facts(row: dict[str, Any], people_index: PeopleIndex) -> str:
    from photoclust.report.facts import facts_in_words, in_a_line

    facts = facts_in_words(row, people_index.names)
    return f"{in_a_line(row)}  ({facts})" if facts else in_a_line(row)


@people.command("list")
@click.option("--unnamed", is_flag=True, help="Only people without a name.")
@click.option("--ignored", is_flag=True, help="Only people who are ignored; else they are left out.")
@index_option
@_options.json_option
def list_(unnamed: bool, ignored: bool, index_dir: Location, as_json: bool) -> None:
    """List people, most faces first.

    With the share of their faces that is expected to be right, and who is nearest of the others.

    \b
    Examples:
      photoclust people list --index ~/people
      photoclust people list --unnamed --json --index ~/people
    """
    people_index = _people_index(index_dir)
    rows = [row for row in people_index.people.values() if bool(row["ignored"]) == ignored]
    _write([row for row in rows if not (unnamed and row["name"])], people_index, as_json)


def _write(rows: list[dict[str, Any]], people_index: PeopleIndex, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([row | {"ignored": bool(row["ignored"])} for row in rows], indent=2))
        return
    for row in rows:
        click.echo(_with_facts(row, people_index))


@people.command()
@click.argument("text")
@index_option
@_options.json_option
def find(text: str, index_dir: Location, as_json: bool) -> None:
    """List the people whose name or id holds a text, in upper or lower case; those ignored too.

    \b
    Examples:
      photoclust people find ada --index ~/people
      photoclust people find 3f6c --json --index ~/people
    """
    people_index, wanted = _people_index(index_dir), text.casefold()
    rows = [
        row
        for person, row in people_index.people.items()
        if wanted in people_index.called(person).casefold() or person.startswith(wanted)
    ]
    _write(rows, people_index, as_json)
    if not (rows or as_json):
        click.echo(f"Nobody's name holds {text!r}.")


@people.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def delete(words: tuple[str, ...]) -> None:
    """Say which command does what is meant: `forget`, `people ignore` or `people undo`.

    \b
    Examples:
      photoclust people delete "Ada Lovelace"
    """
    raise UsageError(
        "`photoclust forget PERSON` erases somebody from the index for good; `photoclust people ignore "
        "PERSON` leaves them out of the lists, and `photoclust people undo` takes the last correction back."
    )


@people.command()
@click.argument("person")
@index_option
@_options.json_option
def show(person: str, index_dir: Location, as_json: bool) -> None:
    """Show the faces of a person, which of them are theirs because you said so, and what you said of them.

    \b
    Examples:
      photoclust people show "Ada Lovelace" --index ~/people
      photoclust people show 3f6c1d --json --index ~/people
    """
    from photoclust.report.facts import percent
    from photoclust.report.names import visible

    people_index = _people_index(index_dir)
    found = people_index.person(person)
    faces = people_index.pictured(found)
    said = [_as_dict(line) for line in people_index.about(found)]
    if as_json:
        click.echo(json.dumps(people_index.people[found] | {"faces": faces, "decisions": said}, indent=2))
        return
    click.echo(_with_facts(people_index.people[found], people_index))
    for said_so in _weakest(people_index.people[found]):
        click.echo(said_so)
    for face in faces:
        box = ",".join(f"{side:.0f}" for side in face["box"])
        sure = percent(face["confidence"])
        status = "decided" if face["decided"] else face["status"]
        click.echo(f"{face['face_id']}  {sure:>4}  {status:<7}  {box}  {visible(face['photo'], 400)}")
    for line in said:
        click.echo(f"Line {line['line']}: {line['at']}  {line['kind']}  {visible(line['value'])}".rstrip())


def _weakest(row: dict[str, Any]) -> list[str]:
    from photoclust.report.facts import percent

    if row["weakest_face_id"] is None:
        return []
    weakest = f"weakest face {row['weakest_face_id']}, {percent(row['weakest_confidence'])} sure"
    return [f"Cohesion {row['cohesion']:.2f}; {weakest}"]


def _as_dict(line: Decision) -> dict[str, Any]:
    return vars(line) | {"at": line.at.isoformat(), "faces": list(line.faces), "others": list(line.others)}


def _people_index(index_dir: Location) -> PeopleIndex:
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people.people_index import PeopleIndex

    return PeopleIndex(IndexStore.open(index_dir))


_CORRECTIONS = (name, merge, split, reject, same, different, ignore, cover, not_a_face, draw)
for _verb in (*_CORRECTIONS, suggest, import_, undo, log):
    people.add_command(_verb)
