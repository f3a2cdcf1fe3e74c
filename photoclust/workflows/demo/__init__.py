"""The main job on an album made on the spot, compared with what was put in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photoclust.config import ClusterConfig
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.workflows.context import Context
from photoclust.workflows.demo.album import SITTERS, DemoAlbum, Sitter, make_album
from photoclust.workflows.demo.outcome import FoundFace, Outcome, check_outcome
from photoclust.workflows.opening import PhotoOptions
from photoclust.workflows.run import RunReport, run

__all__ = [
    "SITTERS",
    "DemoAlbum",
    "DemoReport",
    "FoundFace",
    "Outcome",
    "Sitter",
    "check_outcome",
    "demo",
    "make_album",
    "require_new",
    "temporary_album",
]


@dataclass(frozen=True)
class DemoReport:
    """What the demo did.

    Attributes
    ----------
    index
        Where the index is.
    run
        What the main job did.
    outcome
        Whether the right people came out.
    """

    index: Path
    run: RunReport
    outcome: Outcome


def require_new(index: Path) -> None:
    """Refuse a folder for the index that holds something.

    Raises
    ------
    UsageError
        It is not empty, or is a file.
    """
    if index.exists() and (not index.is_dir() or any(index.iterdir())):
        raise UsageError(f"{index} is not empty; the demo needs a new folder.")


@contextmanager
def temporary_album(keep: bool = False) -> Generator[DemoAlbum]:
    """Make the album in a folder among the temporary files, gone afterwards unless `keep`."""
    home = Path(tempfile.mkdtemp(prefix="photoclust-demo-")).resolve()
    try:
        yield make_album(home / "photos")
    finally:
        if not keep:
            shutil.rmtree(home / "photos", ignore_errors=True)
            with suppress(OSError):  # the index is in it, unless it was wanted elsewhere
                home.rmdir()


def demo(album: DemoAlbum, index: Path | None, context: Context) -> DemoReport:
    """Run the main job on an album, and check that the right people come out.

    Parameters
    ----------
    album
        The photos, and who is in them.
    index
        New folder for the index; None is a folder beside the photos.
    context
        What surrounds the work.
    """
    folder = index or album.folder.parent / "index"
    report = run([str(album.folder)], folder, PhotoOptions(), ClusterConfig(), context)
    return DemoReport(folder, report, check_outcome(album, _found(album, folder)))


def _found(album: DemoAlbum, index: Path) -> list[FoundFace]:
    """Faces of the index with the person each was given."""
    store = IndexStore.open(index)
    photos = {
        row["photo_id"]: row for row in store.photos().to_pylist() if _name(album, row) not in album.copies
    }
    clustering = store.current_clustering()
    assert clustering is not None, "the job has just grouped them"
    return [
        FoundFace(
            photo=_name(album, photos[row["photo_id"]]),
            place=(row["box"][0] + row["box"][2]) / 2 / photos[row["photo_id"]]["width"],
            height=row["box"][3] - row["box"][1],
            person_id=clustering.person_of.get(row["face_id"], ""),
        )
        for row in store.faces(["photo_id", "box"]).to_pylist()
    ]


def _name(album: DemoAlbum, photo: dict[str, Any]) -> str:
    return Path(photo["uri"]).relative_to(album.folder).as_posix()
