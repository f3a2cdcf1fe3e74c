"""``photoclust forget``: people and photos out of the index, for good."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._ask import require_yes
from photoclust.cli._index_option import index_option
from photoclust.cli._progress import say
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.index.erasure.erase import Erasure
    from photoclust.index.place import Location
    from photoclust.index.store import IndexStore
    from photoclust.workflows.forget import Receipt


@click.command()
@click.argument("people", nargs=-1, metavar="[PERSON]...")
@click.option("--photo", "photos", multiple=True, metavar="PATH", help="A photo, with all faces in it.")
@click.option(
    "--keep-out",
    is_flag=True,
    help="Keep keyed hashes of the photos, so that the faces stay out even if the photos are indexed anew.",
)
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@index_option
@_options.json_option
def forget(
    people: tuple[str, ...],
    photos: tuple[str, ...],
    keep_out: bool,
    yes: bool,
    index_dir: Location,
    as_json: bool,
) -> None:
    """Erase people, or photos, from an index: embeddings, thumbnails, graph, pages, older groupings.

    PERSON is the id or the name of a person, or the id of a single face; the beginning of an id will do, and
    a name stands for everybody who bears it. There is no way back. The photos themselves are not touched, and
    neither are exports outside the index, backups, and snapshots of the disk. Photos that lie where they lay
    are not looked at again, so that the faces do not come back with the next run.

    A receipt with the time, the counts and keyed hashes of what was erased stays in the folder
    `forgotten` of the index.

    \b
    Examples:
      photoclust forget "Ada Lovelace" --index ~/people
      photoclust forget 3f6c1d0a9b2e4c11 --keep-out --yes --json --index ~/people
      photoclust forget --photo ~/Pictures/party.jpg --index ~/people
    """
    from photoclust.index.store import IndexStore
    from photoclust.workflows.forget import erasure_of, finish_interrupted, is_among
    from photoclust.workflows.forget import forget as erase

    store = IndexStore.open(index_dir)
    finished = finish_interrupted(store)
    people = tuple(person for person in people if not is_among(person, finished))
    if finished and not (people or photos):
        click.echo("Finished what was interrupted; the receipt is in the folder `forgotten`.", err=as_json)
        return
    erasure = erasure_of(store, people, photos, keep_out)
    if not yes:
        _confirm(store, erasure)
    say("Erasing.")
    receipt = erase(store, people, photos, keep_out, erasure)
    _write(store, receipt, as_json)


def _confirm(store: IndexStore, erasure: Erasure) -> None:
    from photoclust.index.erasure.receipt import not_erased

    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to ask whether it is meant; add --yes.")
    people = f" of {_count(len(erasure.people), 'person', 'people')}" if erasure.people else ""
    photos = f" and {_count(len(erasure.photos), 'whole photo', 'whole photos')}" if erasure.photos else ""
    click.echo(f"{_count(len(erasure.faces), 'face', 'faces')}{people}{photos} will be erased.", err=True)
    click.echo(f"This reaches only {store.folder}; not {', not '.join(not_erased(store.place))}.", err=True)
    require_yes("There is no way back. Go on?", "Nothing was erased.")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _write(store: IndexStore, receipt: Receipt, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(receipt), indent=2))
        return
    what = f"{_count(receipt.faces, 'face', 'faces')}"
    what += f" and {_count(receipt.photos, 'whole photo', 'whole photos')}" if receipt.photos else ""
    rewritten = _count(receipt.files_rewritten, "file", "files")
    click.echo(f"Erased      {what}; {rewritten} rewritten, {receipt.files_removed} removed")
    click.echo(f"Receipt     {store.folder / receipt.receipt}")
    click.echo(f"Not erased  {receipt.not_erased[0]}")
    for place in receipt.not_erased[1:]:
        click.echo(f"            {place}")
