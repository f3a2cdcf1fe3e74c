"""What every correction does: ask where two names would be one, write down, apply, say what came of it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._context import context
from photoclust.cli._index_option import index_option
from photoclust.cli.people._quick import reuse_memory

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.index.store import IndexStore
    from photoclust.people.decisions.line import Decision
    from photoclust.workflows.people.apply import Applied
    from photoclust.workflows.people.people_index import PeopleIndex

_YES = "photoclust.yes"


def _keep_yes(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[_YES] = value


later_option = click.option(
    "--later", is_flag=True, help="Only note it down; `photoclust cluster` applies it."
)
correction = _options.together(
    index_option,
    later_option,
    click.option(
        "--yes",
        is_flag=True,
        expose_value=False,
        callback=_keep_yes,
        help="Do not ask before two people who both have a name become one.",
    ),
)


def say_so(index_dir: Location, later: bool, decide: Callable[[PeopleIndex], list[Decision]]) -> None:
    """Write decisions down and apply them."""
    reuse_memory()
    from photoclust.index.store import IndexStore
    from photoclust.people.decisions.journal import in_words
    from photoclust.workflows.people.apply import apply, note

    store = IndexStore.open(index_dir)
    _ask_first(store, decide)
    noted = note(store, decide, join_named=click.get_current_context().meta[_YES])
    before, decisions = noted.before, noted.decisions
    place = shlex.quote(store.called)
    click.echo(
        f"{in_words(decisions, before.called_of)}{_as_one(before, decisions)}. "
        f"`photoclust people undo --index {place}` takes it back."
    )
    if later:
        click.echo("Noted down; the next grouping applies it.")
        return
    applied = apply(store, before, context())
    for said in _about(decisions, applied.after):
        click.echo(said)
    tell_applied(applied)


def tell_applied(applied: Applied) -> None:
    """Say what corrections came to."""
    tell_moved(applied.moved, applied.people)
    for problem in applied.problems:
        click.echo(f"Not applied: {problem}")


def tell_moved(faces: int, people: int) -> None:
    """Say how many faces changed their person, and how many people there are."""
    moved = "1 face" if faces == 1 else f"{faces:,} faces"
    now = "1 person" if people == 1 else f"{people:,} people"
    click.echo(f"{moved} changed their person; {now} now.")


def _ask_first(store: IndexStore, decide: Callable[[PeopleIndex], list[Decision]]) -> None:
    """Ask, while nobody is locked out, whether people with two names are meant to become one."""
    from photoclust.workflows.people.correct import named_joined
    from photoclust.workflows.people.people_index import PeopleIndex

    meta = click.get_current_context().meta
    if meta[_YES] or not sys.stdin.isatty():
        return
    people_index = PeopleIndex(store)
    names = named_joined(people_index, decide(people_index))
    if names:
        question = f"{' and '.join(map(repr, names))} both have a name; are they one person?"
        click.confirm(question, abort=True, err=True)
        meta[_YES] = True


def _as_one(people_index: PeopleIndex, decisions: list[Decision]) -> str:
    """What is added where a name joins people."""
    from photoclust.people.decisions.line import DIFFERENT, NAME

    names = {line.value for line in decisions if line.kind == NAME and line.value}
    if any(line.kind == DIFFERENT for line in decisions) or decisions[0].kind != NAME:
        return ""
    person = people_index.person_of.get(decisions[0].faces[0], "")
    there = [row for one, row in people_index.people.items() if row["name"] in names and one != person]
    faces = sum(row["faces"] for row in there)
    return f": one person now with the {there[0]['name']!r} there was, of {faces:,} faces" if there else ""


def _about(decisions: list[Decision], people_index: PeopleIndex) -> list[str]:
    """A line for each person the decisions speak of."""
    from photoclust.report.facts import in_a_line

    faces = (side[0] for line in decisions for side in (line.faces, line.others) if side)
    known = dict.fromkeys(people_index.person_of.get(face, "") for face in faces)
    return [in_a_line(people_index.people[person]) for person in known if person]
