"""``photoclust identify``: who the people in photos are."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from photoclust.cli._index_option import index_option
from photoclust.cli._types import Share

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.identify import IdentifiedPhoto, PersonMatch

_PHOTOS_SHOWN = 3


@click.command()
@click.argument("probes", nargs=-1, required=True, metavar="PROBE...")
@click.option(
    "--most",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    metavar="N",
    help="How many people are named of each face.",
)
@click.option(
    "--prior",
    type=Share(),
    default="50%",
    show_default=True,
    metavar="PERCENTAGE",
    help="How likely it was, before looking, that a face is somebody of the index.",
)
@click.option(
    "--min-probability",
    type=Share(),
    default="50%",
    show_default=True,
    metavar="PERCENTAGE",
    help="How likely somebody must be to be known.",
)
@click.option(
    "--face",
    type=click.IntRange(1),
    metavar="N",
    help="Look at the N-th face of each photo alone, counted from the clearest.",
)
@index_option
@click.option("--json", "as_json", is_flag=True, help="Write a line of JSON for each photo.")
def identify(probes: tuple[str, ...], index_dir: Location, as_json: bool, **values: float) -> None:
    """Say who the people in photos are, of the people of an index.

    PROBE is a photo, a folder or whatever else `photoclust index` takes; nothing of it is kept. For each face
    the nearest people are named with how likely it is that it is them, and the photos they are in; or it is
    said that it is nobody known. The probabilities of all people and of nobody add up to one. Photos that
    cannot be used are named on stderr.

    \b
    Examples:
      photoclust identify visitor.jpg --index ~/people
      photoclust identify new-photos/ --json --index ~/people > who.jsonl
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.identify import IdentifyOptions
    from photoclust.workflows.identify import identify as workflow

    options = IdentifyOptions(**values)  # pyright: ignore[reportArgumentType]
    for photo in workflow(IndexStore.open(index_dir), probes, options):
        if as_json:
            click.echo(json.dumps(photo.to_dict()))
            sys.stdout.flush()
        elif photo.problem:
            click.echo(photo.problem, err=True)
        else:
            _say(photo)


def _say(photo: IdentifiedPhoto) -> None:
    from photoclust.report.names import visible

    note = ", which is in the index" if photo.in_index else ""
    click.echo(f"{visible(photo.photo, 400)}{note}")
    for face in photo.faces:
        if not face.known:
            nearest = f"; nearest {_who(face.candidates[0])}" if face.candidates else ""
            click.echo(f"  face {face.number}: nobody known{nearest}")
            continue
        for place, one in enumerate(face.candidates):
            begin = f"face {face.number}:" if place == 0 else "     or"
            click.echo(f"  {begin} {_who(one)}")
            if place == 0:
                click.echo(f"    in {_where(one)}")


def _who(one: PersonMatch) -> str:
    from photoclust.report.names import visible
    from photoclust.report.verdict import chance

    return f"{visible(one.called)}, {chance(one)}, distance {one.distance:.3f}"


def _where(one: PersonMatch) -> str:
    from photoclust.report.names import visible

    shown = ", ".join(visible(photo, 400) for photo in one.photos[:_PHOTOS_SHOWN])
    more = len(one.photos) - _PHOTOS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
