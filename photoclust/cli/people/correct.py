"""Corrections: ``photoclust people name``, ``merge``, ``split`` and the others that write a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photoclust.cli.people._saying import correction, say_so

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.people.decisions.line import Decision
    from photoclust.workflows.people.people_index import PeopleIndex


@click.command()
@click.argument("person")
@click.argument("new_name", metavar="NAME")
@click.option("--another", is_flag=True, help="Somebody else of the same name: nobody is joined.")
@correction
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

    say_so(index_dir, later, decide)


@click.command()
@click.argument("persons", nargs=-1, required=True, metavar="PERSON...")
@correction
def merge(persons: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Make people one person, with all their faces; the first keeps their name.

    \b
    Examples:
      photoclust people merge "Ada Lovelace" 77a0 --index ~/people
      photoclust people merge 3f6c1d 77a0 90bd --later --index ~/people
    """
    from photoclust.workflows.people import correct

    say_so(
        index_dir,
        later,
        lambda people_index: correct.merge(people_index, [people_index.person(one) for one in persons]),
    )


@click.command()
@click.argument("person")
@click.argument("faces", nargs=-1, required=True, metavar="FACE...")
@correction
def split(person: str, faces: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Take faces out of a person as another person; what looks more like them goes along.

    \b
    Examples:
      photoclust people split "Ada Lovelace" 90bd6e 5e0cf1 --index ~/people
    """
    from photoclust.workflows.people import correct

    say_so(
        index_dir,
        later,
        lambda people_index: correct.split(
            people_index, people_index.person(person), [people_index.face(one) for one in faces]
        ),
    )


@click.command()
@click.argument("person")
@click.argument("faces", nargs=-1, required=True, metavar="FACE...")
@correction
def reject(person: str, faces: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Say that faces, and their near-duplicates, are not a person.

    \b
    Examples:
      photoclust people reject "Ada Lovelace" 90bd6e --index ~/people
    """
    from photoclust.workflows.people import correct

    say_so(
        index_dir,
        later,
        lambda people_index: correct.reject(
            people_index, people_index.person(person), [people_index.face(one) for one in faces]
        ),
    )


@click.command()
@click.argument("which", nargs=-1, required=True, metavar="FACE|PERSON...")
@correction
def same(which: tuple[str, ...], index_dir: Location, later: bool) -> None:
    """Put faces together, with each other or with a person; people among themselves are merged.

    A face goes alone: the others of the person it was with stay where they are.

    \b
    Examples:
      photoclust people same 90bd6e "Ada Lovelace" --index ~/people
      photoclust people same 90bd6e 5e0cf1 --index ~/people
    """
    from photoclust.workflows.people import correct

    say_so(
        index_dir,
        later,
        lambda people_index: correct.same(people_index, [people_index.either(one) for one in which]),
    )


@click.command()
@click.argument("one", metavar="FACE|PERSON")
@click.argument("other", metavar="FACE|PERSON")
@correction
def different(one: str, other: str, index_dir: Location, later: bool) -> None:
    """Keep two people, two faces, or a face and a person apart for ever.

    \b
    Examples:
      photoclust people different "Ada Lovelace" "Annabella Byron" --index ~/people
    """
    from photoclust.workflows.people import correct

    say_so(
        index_dir,
        later,
        lambda people_index: correct.different(
            people_index, people_index.either(one), people_index.either(other)
        ),
    )


@click.command()
@click.argument("persons", nargs=-1, required=True, metavar="PERSON...")
@click.option("--undo", is_flag=True, help="Take them into the lists again.")
@correction
def ignore(persons: tuple[str, ...], undo: bool, index_dir: Location, later: bool) -> None:
    """Leave people out of lists and put them last in the review page, as passers-by.

    \b
    Examples:
      photoclust people ignore 77a0 90bd --index ~/people
      photoclust people ignore 77a0 --undo --index ~/people
    """
    from photoclust.workflows.people import correct

    say_so(
        index_dir,
        later,
        lambda people_index: correct.ignore(
            people_index, [people_index.person(one) for one in persons], undo
        ),
    )


@click.command()
@click.argument("person")
@click.argument("face")
@correction
def cover(person: str, face: str, index_dir: Location, later: bool) -> None:
    """Choose the face that stands for a person.

    \b
    Examples:
      photoclust people cover "Ada Lovelace" 5e0cf1 --index ~/people
    """
    from photoclust.workflows.people import correct

    say_so(
        index_dir,
        later,
        lambda people_index: correct.cover(
            people_index, people_index.person(person), people_index.face(face)
        ),
    )
