"""Labelled data sets: which photo is said to show whom, and in which split.

Two layouts are read: folders, ``DATASET/PERSON/photo`` or ``DATASET/SPLIT/PERSON/photo``, on a disk or in a
bucket, and a CSV with the columns ``path`` and ``label``, and ``split`` if there is one (`label_table`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from photoclust.errors import UsageError
from photoclust.photo_refs import PhotoRef
from photoclust.photos.sources.buckets import canonical
from photoclust.photos.sources.passed_over import in_words
from photoclust.photos.sources.references import find_photos, look_at
from photoclust.photos.sources.selection import Selection
from photoclust.records import local_path, page_of
from photoclust.storage.label_table import LabelRow, read_label_table
from photoclust.storage.uris import is_object_uri, parse_uri

SPLITS = frozenset(
    {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "evaluation"}
)
"""Folder names, letter case aside, that make a data set one with splits if all its top folders bear them."""


@dataclass(frozen=True)
class Labelled:
    """One line of a data set: a photo, whom it is said to show, and its split (``""`` for none)."""

    uri: str
    label: str
    split: str


@dataclass(frozen=True)
class Dataset:
    """A labelled data set as it was found.

    Attributes
    ----------
    entries
        In the order of folders and lines. A file may be listed under two labels.
    refs
        The files, each once.
    problems
        What could not be used, in a sentence each.
    root
        Folder of the data set, or of the CSV, as a path or URI.
    """

    entries: tuple[Labelled, ...]
    refs: tuple[PhotoRef, ...]
    problems: tuple[str, ...]
    root: str = ""


def read_dataset(location: str, selection: Selection | None = None) -> Dataset:
    """Find the photos and labels of a data set.

    Parameters
    ----------
    location
        A folder, a prefix in a bucket, or a CSV file with a header.
    selection
        What to leave out of a folder or bucket; counts it.

    Raises
    ------
    UsageError
        `location` is neither, or holds fewer than two labels.
    """
    if location.startswith("@"):
        raise UsageError(
            f"{location!r} is a list of files, which says nothing of who is who; "
            "give a folder with a folder for each person, or a CSV with the columns path and label."
        )
    path, far = Path(location), is_object_uri(location)
    if not far and not path.exists():
        raise UsageError(f"{location!r} does not exist or cannot be reached; check the path.")
    dataset = _from_folder(location, selection) if far or path.is_dir() else _from_csv(path)
    labels = {entry.label for entry in dataset.entries}
    if len(labels) < 2:
        found = f"only one, {next(iter(labels))[:80]!r}" if labels else "none"
        first = f" {dataset.problems[0]}" if dataset.problems else ""
        raise UsageError(f"A data set needs two labels or more to compare; {location} has {found}.{first}")
    return dataset


# -- folders ------------------------------------------------------------------------------------------


def _from_folder(location: str, selection: Selection | None) -> Dataset:
    selection = selection or Selection()
    found = tuple(find_photos([location], None, selection))
    refs = tuple(ref for ref in found if not page_of(ref.uri))
    parts = _parts_of_objects(location, refs) if is_object_uri(location) else _parts_of_files(location, refs)
    splits = _has_splits(parts)
    depth = 3 if splits else 2
    entries = [
        Labelled(ref.uri, _text(part[depth - 2]), _text(part[0]) if splits else "")
        for ref, part in zip(refs, parts, strict=True)
        if len(part) >= depth
    ]
    loose = len(refs) - len(entries)
    problems = [f"{loose} photos lie in no person's folder and were left out."] if loose else []
    if pages := len(found) - len(refs):
        problems.append(f"{pages} further pages of TIFF files, which cannot be linked, were left out.")
    problems += [f"{line}." for line in in_words(selection.passed_over.values())]
    inside = {entry.uri for entry in entries}
    root = location if is_object_uri(location) else os.path.abspath(location)  # noqa: PTH100
    kept = tuple(ref for ref in refs if ref.uri in inside)
    return Dataset(tuple(entries), kept, tuple(problems), root)


def _parts_of_files(location: str, refs: Sequence[PhotoRef]) -> list[tuple[str, ...]]:
    root = os.path.abspath(location)  # noqa: PTH100 (as uris are made: links stay)
    return [Path(local_path(ref.uri)).relative_to(root).parts for ref in refs]


def _parts_of_objects(location: str, refs: Sequence[PhotoRef]) -> list[tuple[str, ...]]:
    root = parse_uri(location)[1].rstrip("/")
    keys = (parse_uri(ref.uri)[1] for ref in refs)
    return [tuple(key.removeprefix(root).strip("/").split("/")) for key in keys]


def _has_splits(parts: list[tuple[str, ...]]) -> bool:
    tops = {part[0].casefold() for part in parts if len(part) > 1}
    return bool(tops) and tops <= SPLITS and any(len(part) > 2 for part in parts)


def _text(name: str) -> str:
    """A file name that is not UTF-8 as text that can be written."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


# -- CSV ----------------------------------------------------------------------------------------------


def _from_csv(file: Path) -> Dataset:
    table = read_label_table(file)
    problems = list(table.notes)
    lines: dict[tuple[str, str], Labelled] = {}
    for row in table.rows:
        problem, entry = _line(file, row)
        if not problem and (entry.uri, entry.label) in lines:
            problem = "the same photo and label stood on an earlier line"
        if problem:
            problems.append(f"{file}, line {row.line}: {problem}; left out.")
        else:
            lines[entry.uri, entry.label] = entry
    refs = {path: look_at(path) for path in dict.fromkeys(entry.uri for entry in lines.values())}
    entries = (Labelled(refs[entry.uri].uri, entry.label, entry.split) for entry in lines.values())
    root = os.path.abspath(file.parent)  # noqa: PTH100
    return Dataset(tuple(entries), tuple(refs.values()), tuple(problems), root)


def _line(file: Path, row: LabelRow) -> tuple[str, Labelled]:
    """What is wrong with a line, ``""`` for nothing, and what it says."""
    where = _place(file, row.photo)
    entry = Labelled(where, row.person, row.split)
    if row.too_long:
        return "it has more fields than the header", entry
    if not row.photo:
        return "it names no photo", entry
    if not entry.label:
        return "it has no label", entry
    return _trouble(where, row.photo), entry


def _place(file: Path, path: str) -> str:
    if is_object_uri(path):
        return canonical(path)
    return os.path.abspath(os.path.join(file.parent, local_path(path)))  # noqa: PTH100, PTH118 (links stay)


def _trouble(where: str, path: str) -> str:
    if is_object_uri(where):
        return ""  # looking takes a request; what is not there fails when it is read
    try:
        usable = Path(where).is_file()
    except (OSError, ValueError):
        usable = False
    return "" if usable else f"there is no photo {path[:200]!r}"
