"""What to do about a damaged file of an index: what it holds can be made again, or it cannot."""

from __future__ import annotations

from pathlib import Path

from photoclust.index.marks import marks_of


def cure(path: Path) -> str:
    """Say what to do about a damaged file."""
    folder = path.parent.name
    if folder in ("photos", "faces"):
        return _cure_of_part(path)
    if path.parent.parent.name == "clusterings":
        return _cure_of_clustering(path)
    if path.name == "index.json":
        return "Restore it from a backup, or start a new index: settings and model stand nowhere else."
    if folder == "forgotten":
        return "Restore it from a backup: it says what must stay out of the index."
    if folder == "successors":
        return (
            "Restore it from a backup; or delete it, and what was said of faces whose photos were cropped, "
            "turned or retouched since no longer applies to them."
        )
    if path.name == "known.parquet":
        return (
            "Restore it from a backup; or delete it, and faces stay with the people that they were known to "
            "be before the model changed only where the new one says so by itself."
        )
    if path.name == "forgetting.json":
        return "Restore it from a backup, or delete it and repeat the `photoclust forget` it was about."
    if folder == "runs" or path.name in ("unfinished.json", "state.json"):
        return "Delete it; nothing depends on it."
    return "Delete it and run `photoclust cluster` again: it is made anew."


def _cure_of_part(path: Path) -> str:
    marks = marks_of(path) if path.parent.name == "faces" else [path]
    if not marks:
        return "Delete it; nothing refers to it."
    return (
        f"Delete {' and '.join(map(str, marks))} and run `photoclust run` again: "
        "only the photos of that part are done anew."
    )


def _cure_of_clustering(path: Path) -> str:
    pointer = path.parent.parent.parent / "current.json"
    others = sorted(run.parent.name for run in path.parent.parent.glob("*/run.json"))
    others = [name for name in others if name != path.parent.name]
    if not others:
        return (
            f"Delete the folder {path.parent} and {pointer}, and run `photoclust cluster` again: names and "
            "other corrections are kept, ids of people are new."
        )
    return (
        f"Run `photoclust cluster --use {others[-1]}`, delete the folder {path.parent}, and run "
        "`photoclust cluster`: names, corrections and ids are kept."
    )
