"""``photoclust demo``: the main job on an album made on the spot, held against what was put in."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.config import ENGINES, EngineConfig
from photoclust.errors import PhotoclustError, UsageError

if TYPE_CHECKING:
    from photoclust.workflows.demo import DemoAlbum, FoundFace, Outcome

_HONEST = (
    "All photos of a person were made from a single one, so this shows that photoclust works here, "
    "not how well it tells people apart."
)


@click.command()
@click.option(
    "--index",
    "index_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="New folder for the index; without it one is made among the temporary files.",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=EngineConfig.kind,
    show_default=True,
    help="Ray actors, or this process alone; auto is the latter where Ray does not start.",
)
@click.option("--keep", is_flag=True, help="Keep the photos of the album too, not only the index.")
def demo(index_dir: Path | None, engine: str, keep: bool) -> None:
    """Try everything on a small album made on the spot.

    Makes some fifty photos of three people from photographs that installed packages carry, runs the main
    job on them and checks that the right people come out. The exit code is 1 if they do not.

    \b
    Examples:
      photoclust demo
      photoclust demo --index ~/photoclust-demo --keep
    """
    from photoclust.workflows.demo import check_outcome, make_album

    _refuse_used(index_dir)
    with _album_folder(keep) as folder:
        index = index_dir or folder.parent / "index"
        album = make_album(folder)
        click.echo(f"Made {len(album.people) + len(album.unreadable)} photos in {folder}.")
        _run(album, index, engine)
        outcome = check_outcome(album, _found(album, index))
    _report(outcome)
    if outcome.problems:
        sys.exit(PhotoclustError.exit_code)


def _refuse_used(index: Path | None) -> None:
    if index is not None and index.exists() and (not index.is_dir() or any(index.iterdir())):
        raise UsageError(f"{index} is not empty; the demo needs a new folder.")


@contextmanager
def _album_folder(keep: bool) -> Generator[Path]:
    """A folder among the temporary files, gone afterwards unless it is to be kept."""
    home = Path(tempfile.mkdtemp(prefix="photoclust-demo-")).resolve()
    try:
        yield home / "photos"
    finally:
        if not keep:
            shutil.rmtree(home / "photos", ignore_errors=True)
            with suppress(OSError):  # the index is in it, unless it was wanted elsewhere
                home.rmdir()


def _run(album: DemoAlbum, index: Path, engine: str) -> None:
    """What `photoclust run` does."""
    from photoclust.cli import _summary
    from photoclust.cli._context import context
    from photoclust.config import ClusterConfig
    from photoclust.workflows.opening import PhotoOptions
    from photoclust.workflows.run import run

    surroundings = context(EngineConfig(kind=engine))
    report = run([str(album.folder)], index, PhotoOptions(), ClusterConfig(), surroundings)
    _summary.write(str(index), report.indexed, report.grouped, as_json=False)


def _found(album: DemoAlbum, index: Path) -> list[FoundFace]:
    """Faces of the index with the person each was given."""
    from photoclust.index.store import IndexStore
    from photoclust.workflows.demo import FoundFace

    store = IndexStore.open(index)
    photos = {
        row["photo_id"]: row for row in store.photos().to_pylist() if _name(album, row) not in album.copies
    }
    clustering = store.current_clustering()
    assert clustering is not None, "the job has just grouped them"
    people = {row["face_id"]: row["person_id"] for row in clustering.assignments.to_pylist()}
    return [
        FoundFace(
            photo=_name(album, photos[row["photo_id"]]),
            place=(row["box"][0] + row["box"][2]) / 2 / photos[row["photo_id"]]["width"],
            height=row["box"][3] - row["box"][1],
            person_id=people.get(row["face_id"], ""),
        )
        for row in store.faces(["photo_id", "box"]).to_pylist()
    ]


def _name(album: DemoAlbum, photo: dict[str, str]) -> str:
    return Path(photo["uri"]).relative_to(album.folder).as_posix()


def _report(outcome: Outcome) -> None:
    click.echo(
        f"\nCheck    {outcome.right} of {outcome.faces} faces are with their person, {outcome.people} people."
    )
    for problem in outcome.problems:
        click.echo(f"Wrong    {problem}")
    if not outcome.problems:
        click.echo("Right    The people found are those that were put in.")
    click.echo(_HONEST)
