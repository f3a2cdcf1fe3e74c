"""``photoclust people import``: names that were given in other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._context import context
from photoclust.cli._index_option import index_option
from photoclust.cli.people._saying import later_option, tell_moved

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.people.import_names import NamesImport
    from photoclust.workflows.people.names_of_others import NameWithoutFace

_SHOWN = 20  # lines of each kind


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@later_option
@index_option
@_options.json_option
def import_(paths: tuple[str, ...], dry_run: bool, later: bool, index_dir: Location, as_json: bool) -> None:
    """Take over names that were given in other programs.

    PATH is a file, or a folder with all that is in it: XMP sidecars and photos with XMP in them (digiKam,
    Lightroom, Windows, osxphotos), .picasa.ini and Picasa's contacts.xml, JSON of Google Takeout, exiftool
    or osxphotos, or a CSV with the columns path,name,x,y,w,h, named itself. Names go to the faces that they
    were drawn around; where there is none, one is drawn. A name that the index has already stays.
    `photoclust people undo` takes it all back.

    \b
    Examples:
      photoclust people import ~/Pictures --dry-run --index ~/people
      photoclust people import ~/Pictures ~/picasa/contacts.xml --index ~/people
      photoclust people import ~/Takeout/Photos --json --index ~/people
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people.import_names import import_names

    report = import_names(IndexStore.open(index_dir), paths, context(), dry_run, later)
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2))
        return
    _say_found(report)
    _say_new(report, "would get" if dry_run else "gets")
    drawn = "would be drawn here" if dry_run else "are drawn here"
    _say(f"{len(report.drawn):,} named regions without a face {drawn}:", _places(report.drawn))
    _say_left(report)
    if report.moved is not None:
        tell_moved(report.moved, report.people or 0)
    elif report.new or report.drawn:
        click.echo("Nothing was written." if dry_run else "Noted down; the next grouping applies it.")
    for problem in report.not_applied:
        click.echo(f"Not applied: {problem}")


def _say_found(report: NamesImport) -> None:
    found = report.found
    click.echo(
        f"{found.files:,} files name people in {found.photos:,} photos: {len(found.names):,} faces, "
        f"{report.already:,} of which have that name already."
    )


def _say_new(report: NamesImport, gets: str) -> None:
    from photoclust.report.names import visible

    lines = [
        f"  {visible(one.called) if one.called else 'nobody so far'} {gets} the name {visible(one.name)!r}, "
        f"by {one.faces:,} {'face' if one.faces == 1 else 'faces'}"
        for one in report.new
    ]
    _say(f"{len(lines):,} new names:", lines)
    several = [
        f"  {visible(called)}: " + ", ".join(f"{visible(name)} ({count:,})" for name, count in names.items())
        for called, names in report.several.items()
    ]
    _say("Grouped as one person and named as several; each name goes to its own faces alone:", several)


def _say_left(report: NamesImport) -> None:
    """Say what was not used, and why."""
    from photoclust.report.names import visible

    found = report.found
    differing = [
        f"  face {one.face}: {visible(one.name)}, here {visible(one.called)}" for one in report.differing
    ]
    _say(f"{len(differing):,} faces are called otherwise here, which stays:", differing)
    bare = [one for one in found.without_face if one not in report.drawn]
    for names, what in (
        (bare, "named regions have no face here"),
        (found.contradicting, "regions give a face another name than a file before; the first holds"),
        (found.unused, "names are said without a place, and not exactly one face is left for them"),
        (found.other_shape, "regions were drawn on a picture of another shape"),
    ):
        _say(f"{len(names):,} {what}:", _places(names))
    absent = [f"  {visible(photo, 200)}" for photo in found.not_indexed]
    _say(f"{len(absent):,} photos are not in the index, or not to be told from others:", absent)
    wrong = [f"  {visible(name)}: {reason}" for name, reason in report.not_names.items()]
    _say(f"{len(wrong):,} names are none:", wrong)
    unusable = [f"  {visible(file, 200)}: {reason}" for file, reason in found.problems.items()]
    _say(f"{len(unusable):,} files cannot be used:", unusable)


def _places(names: Sequence[NameWithoutFace]) -> list[str]:
    from photoclust.report.names import visible

    return [f"  {visible(one.name)} in {visible(one.photo, 200)}" for one in names]


def _say(heading: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    click.echo(heading)
    for line in lines[:_SHOWN]:
        click.echo(line)
    if len(lines) > _SHOWN:
        click.echo(f"  and {len(lines) - _SHOWN:,} more")
