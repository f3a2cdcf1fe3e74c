"""Corrections: ``photoclust people name``, ``merge``, ``split`` and the others that write a decision."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from photoclust.cli._context import context
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.index.store import IndexStore
    from photoclust.people.decisions.line import Decision
    from photoclust.workflows.people.apply import Applied
    from photoclust.workflows.people.people_index import PeopleIndex

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h

Command = TypeVar("Command", bound=Callable[..., Any])


def _correction(command: Command) -> Command:
    later = click.option("--later", is_flag=True, help="Only note it down; `photoclust cluster` applies it.")
    yes = click.option(
        "--yes",
        is_flag=True,
        expose_value=False,
        callback=_keep_yes,
        help="Do not ask before two people who both have a name become one.",
    )
    return index_option(later(yes(command)))


def _keep_yes(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[_YES] = value


class _NoPandas:
    """Finder of modules by which pandas counts as not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse that name; see `importlib.abc.MetaPathFinder.find_spec`."""
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)


def _keep_pandas_out() -> None:
    """Let pyarrow find out, once for this process, that there is no pandas, which it would else import.

    pyarrow asks whether a list is a pandas series before it takes it. To answer that costs 0.5 s, and 1.4 s
    where modules were not compiled when they were installed. Others may import pandas as before.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow

        pyarrow.array([])
    finally:
        sys.meta_path.remove(finder)


def _reuse_memory() -> None:
    """Let the C library use memory that was freed again, where it would ask the system for new pages.

    Among many faces a correction is some hundred passes over arrays of megabytes, and to get the memory for
    one takes longer than the pass. A process that ends with the correction need give nothing back before.
    """
    import ctypes

    with suppress(OSError, AttributeError):  # macOS and musl have no mallopt
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def _say_so(index_dir: Location, later: bool, decide: Callable[[PeopleIndex], list[Decision]]) -> None:
    """Write decisions down and apply them."""
    _keep_pandas_out()
    _reuse_memory()
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
    click.echo(f"{applied.moved} faces changed their person; {applied.people} people now.")
    for problem in applied.problems:
        click.echo(f"Not applied: {problem}")


_YES = "photoclust.yes"


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


@click.command()
@click.argument("person")
@click.argument("new_name", metavar="NAME")
@click.option("--another", is_flag=True, help="Somebody else of the same name: nobody is joined.")
@_correction
def name(person: str, new_name: str, another: bool, index_dir: Location, later: bool) -> None:
    """Name a person; whoever has that name already is joined with them. An empty NAME takes a name away.

    \b
    Examples:
      photoclust people name 3f6c1d "Ada Lovelace" --index ~/people
      photoclust people name 77a0 "Ada Lovelace" --another --index ~/people
    """
    from photoclust.workflows.people import correct

    def decide(people_index: PeopleIndex) -> list[Decision]:
        return correct.name(people_index, people_index.person(person), new_name, another)

    _say_so(index_dir, later, decide)


@click.command()
@click.argument("persons", nargs=-1, required=True, metavar="PERSON...")
@_correction
def merge(persons: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Make people one person, with all their faces; the first keeps their name.

    \b
    Examples:
      photoclust people merge "Ada Lovelace" 77a0 --index ~/people
      photoclust people merge 3f6c1d 77a0 90bd --later --index ~/people
    """
    from photoclust.workflows.people import correct

    _say_so(
        index_dir,
        later,
        lambda people_index: correct.merge(people_index, [people_index.person(one) for one in persons]),
    )


@click.command()
@click.argument("person")
@click.argument("faces", nargs=-1, required=True, metavar="FACE...")
@_correction
def split(person: str, faces: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Take faces out of a person as another person; what looks more like them goes along.

    \b
    Examples:
      photoclust people split "Ada Lovelace" 90bd6e 5e0cf1 --index ~/people
    """
    from photoclust.workflows.people import correct

    _say_so(
        index_dir,
        later,
        lambda people_index: correct.split(
            people_index, people_index.person(person), [people_index.face(one) for one in faces]
        ),
    )


@click.command()
@click.argument("person")
@click.argument("faces", nargs=-1, required=True, metavar="FACE...")
@_correction
def reject(person: str, faces: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Say that faces, and their near-duplicates, are not a person.

    \b
    Examples:
      photoclust people reject "Ada Lovelace" 90bd6e --index ~/people
    """
    from photoclust.workflows.people import correct

    _say_so(
        index_dir,
        later,
        lambda people_index: correct.reject(
            people_index, people_index.person(person), [people_index.face(one) for one in faces]
        ),
    )


@click.command()
@click.argument("which", nargs=-1, required=True, metavar="FACE|PERSON...")
@_correction
def same(which: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Put faces together, with each other or with a person; people among themselves are merged.

    A face goes alone: the others of the person it was with stay where they are.

    \b
    Examples:
      photoclust people same 90bd6e "Ada Lovelace" --index ~/people
      photoclust people same 90bd6e 5e0cf1 --index ~/people
    """
    from photoclust.workflows.people import correct

    _say_so(
        index_dir,
        later,
        lambda people_index: correct.same(people_index, [people_index.either(one) for one in which]),
    )


@click.command()
@click.argument("one", metavar="FACE|PERSON")
@click.argument("other", metavar="FACE|PERSON")
@_correction
def different(one: str, other: str, index_dir: Location, later: bool) -> None:
    """Keep two people, two faces, or a face and a person apart for ever.

    \b
    Examples:
      photoclust people different "Ada Lovelace" "Annabella Byron" --index ~/people
    """
    from photoclust.workflows.people import correct

    _say_so(
        index_dir,
        later,
        lambda people_index: correct.different(
            people_index, people_index.either(one), people_index.either(other)
        ),
    )


@click.command()
@click.argument("persons", nargs=-1, required=True, metavar="PERSON...")
@click.option("--undo", is_flag=True, help="Take them into the lists again.")
@_correction
def ignore(persons: tuple[str, ...], undo: bool, index_dir: Location, later: bool) -> None:
    """Leave people out of lists and put them last in the review page, as passers-by.

    \b
    Examples:
      photoclust people ignore 77a0 90bd --index ~/people
      photoclust people ignore 77a0 --undo --index ~/people
    """
    from photoclust.workflows.people import correct

    _say_so(
        index_dir,
        later,
        lambda people_index: correct.ignore(
            people_index, [people_index.person(one) for one in persons], undo
        ),
    )


@click.command()
@click.argument("person")
@click.argument("face")
@_correction
def cover(person: str, face: str, index_dir: Location, later: bool) -> None:
    """Choose the face that stands for a person.

    \b
    Examples:
      photoclust people cover "Ada Lovelace" 5e0cf1 --index ~/people
    """
    from photoclust.workflows.people import correct

    _say_so(
        index_dir,
        later,
        lambda people_index: correct.cover(
            people_index, people_index.person(person), people_index.face(face)
        ),
    )
