"""What an erasure removes whole, as it is made anew when it is next needed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from photoclust.errors import IndexCorruptError
from photoclust.index import files
from photoclust.index.erasure.receipt import Changes
from photoclust.index.erasure.scrub import Gone
from photoclust.index.prepared import FOLDER as PREPARED
from photoclust.storage.writers import is_abandoned

_EXPORT_MARK = ".photoclust-export"  # in every folder of links that an export made


def remove_derived(folder: Path, gone: Gone, targets: set[str], changes: Changes) -> None:
    """Remove what is made anew when it is next needed, and what a killed run left behind.

    Parameters
    ----------
    folder
        The index.
    gone
        What is erased.
    targets
        Paths of its photos: an export with a link to one of them goes too.
    changes
        Takes down what was removed.
    """
    marked = (mark.parent for mark in folder.rglob(_EXPORT_MARK))
    exports = [export for export in marked if targets.intersection(_link_targets(export))]
    leftovers = [path for path in folder.rglob(".tmp-*") if not path.is_symlink() and is_abandoned(path)]
    graph = [folder / "neighbours"] if _graph_holds(folder, gone) else []
    for place in (folder / "review", folder / PREPARED, *graph, *exports, *leftovers):
        with files.writing(place):
            if place.is_dir():
                changes.removed.update(path for path in place.rglob("*") if not path.is_dir())
                shutil.rmtree(place)
            elif place.exists():
                changes.removed.add(place)
                place.unlink()


def _graph_holds(folder: Path, gone: Gone) -> bool:
    """Tell whether the neighbour graph knows a face that goes, or cannot be asked."""
    for path in (folder / "neighbours").rglob("*"):
        try:
            if path.suffix != ".parquet" or gone.faces.intersection(
                files.read_table(path, ["face_id"])["face_id"].to_pylist()
            ):
                return True
        except (IndexCorruptError, KeyError):
            return True
    return False


def _link_targets(folder: Path) -> Iterator[str]:
    return (str(path.readlink()) for path in folder.rglob("*") if path.is_symlink())
