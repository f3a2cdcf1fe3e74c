"""``photoclust people draw`` and ``not-a-face``: which faces there are, where the detector was wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photoclust.cli.people._saying import correction, say_so
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.people.decisions.line import Decision
    from photoclust.workflows.people.people_index import PeopleIndex


@click.command("not-a-face")
@click.argument("faces", nargs=-1, metavar="[FACE...]")
@click.option("--undo", is_flag=True, help="They are faces: take them in again.")
@correction
def not_a_face(faces: tuple[str, ...], undo: bool, index_dir: Location, later: bool) -> None:
    """Say that findings are no faces: they leave the people, counts and exports. Without FACE, list them.

    \b
    Examples:
      photoclust people not-a-face 90bd6e --index ~/people
      photoclust people not-a-face --index ~/people
      photoclust people not-a-face 90bd6e --undo --index ~/people
    """
    from photoclust.workflows.people import which_faces

    if not faces:
        if undo:
            raise UsageError("Say which faces are to be taken in again.")
        _list(index_dir)
        return
    say_so(index_dir, later, lambda people_index: which_faces.not_a_face(people_index, faces, undo))


def _list(index_dir: Location) -> None:
    from photoclust.index.store import IndexStore
    from photoclust.report.names import visible
    from photoclust.workflows.people.people_index import PeopleIndex
    from photoclust.workflows.people.which_faces import list_left_out

    store = IndexStore.open(index_dir)
    found = list_left_out(store, PeopleIndex(store))
    for one in found:
        box = ",".join(f"{side:.0f}" for side in one.box)
        click.echo(f"{one.face_id}  {box}  {visible(one.photo, 400)}")
    if not found:
        click.echo("Nothing was said to be no face.")


@click.command()
@click.argument("photo")
@click.argument("x", type=click.FloatRange(0))
@click.argument("y", type=click.FloatRange(0))
@click.argument("width", type=click.FloatRange(0))
@click.argument("height", type=click.FloatRange(0))
@click.option("--name", default="", metavar="NAME", help="Who it is: somebody who is there, or a new name.")
@correction
def draw(
    photo: str, x: float, y: float, width: float, height: float, name: str, index_dir: Location, later: bool
) -> None:
    """Draw a face that was not found: its box in PHOTO, in pixels of the upright photo from the top left.

    The box is moved to fit where the detector sees a face in it. `people undo` takes the face out again.

    \b
    Examples:
      photoclust people draw ~/Pictures/party.jpg 420 180 90 110 --name "Ada Lovelace" --index ~/people
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people import which_faces

    def decide(people_index: PeopleIndex) -> list[Decision]:
        where = which_faces.drawn_on(IndexStore.open(index_dir), photo)
        return which_faces.draw(people_index, where, (x, y, x + width, y + height), name)

    say_so(index_dir, later, decide)
