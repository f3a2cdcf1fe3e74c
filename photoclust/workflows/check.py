"""Everything in an index, looked at: each file's checksums, and what the files say of one another.

Nothing is changed. Each finding names the file and what to do about it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from photoclust.errors import IndexStoreError, PhotoclustError
from photoclust.index import files
from photoclust.index.cures import cure
from photoclust.index.erasure.keep_out import FOLDER as FORGOTTEN
from photoclust.index.erasure.keep_out import keyed
from photoclust.index.head import read_head
from photoclust.index.migration import KNOWN
from photoclust.index.store import IndexStore
from photoclust.index.successors import FOLDER as SUCCESSORS
from photoclust.people.decisions.file import read_decisions
from photoclust.records import face_embeddings

_UNIT = 0.01  # by which the length of a stored vector may differ from one: float16 has three digits
# the rest is made anew, or a user's
_FOLDERS = ("photos", "faces", SUCCESSORS, "neighbours", "clusterings", "runs", FORGOTTEN)
_FILES = ("index.json", "current.json", "unfinished.json", "forgetting.json", "ids.parquet", KNOWN)


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a file of an index, in one sentence, and what to do, in another."""

    path: Path
    problem: str


def check_index(store: IndexStore) -> Iterator[Finding]:
    """Look at everything in an index.

    Yields
    ------
    Finding
        What is wrong, file by file; nothing where all is well.
    """
    damaged: set[Path] = set()
    for path in files_of(store):
        problem = _damage(path)
        if problem:
            damaged.add(path)
            yield Finding(path, problem)
    yield from _modes(store)
    yield from _decisions(store)
    yield from _parts(store, damaged)
    if not damaged:
        yield from _grouping(store)


def without_checksum(store: IndexStore) -> int:
    """Number of files that carry no checksum, so that a change would not show; damaged ones do not count."""
    return sum(not _is_sealed(path) for path in files_of(store))


def _is_sealed(path: Path) -> bool:
    try:
        return files.has_checksum(path)
    except (IndexStoreError, OSError, ValueError):
        return True  # damaged, and named as such


def files_of(store: IndexStore) -> list[Path]:
    """Files of an index that hold what is known; pages and exports are made of them."""
    found = [store.folder / name for name in _FILES]
    for name in _FOLDERS:
        found += sorted((store.folder / name).rglob("*"))
    return [
        path
        for path in found
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".tmp-")
    ]


def _damage(path: Path) -> str:
    """What is wrong with the content of one file; empty where nothing is."""
    read: dict[str, Callable[[Path], object]] = {".parquet": files.read_table, ".json": files.read_json}
    reader = read.get(path.suffix, Path.read_bytes)
    if path.name == "index.json":
        reader = _read_head
    if path.parts[-2:] == (FORGOTTEN, "key"):
        reader = _read_key
    try:
        reader(path)
    except (IndexStoreError, OSError) as error:
        return str(error)
    return ""


def _read_head(path: Path) -> object:
    return read_head(path.parent)


def _read_key(path: Path) -> object:
    return keyed(path.parent.parent, "")


def _modes(store: IndexStore) -> Iterator[Finding]:
    """Files and folders that others than the owner can read."""
    found = [path for path in files_of(store) if _is_open(path)]
    folders = [path for name in _FOLDERS for path in (store.folder / name, *(store.folder / name).rglob("*"))]
    found += [path for path in (store.folder, *folders) if path.is_dir() and _is_open(path)]
    if found:
        yield Finding(
            found[0],
            f"{found[0]}{_and_others(len(found) - 1)} can be read by others than the owner. "
            f"Run `chmod -R go= {store.folder}`.",
        )


def _and_others(count: int) -> str:
    if not count:
        return ""
    return " and one other" if count == 1 else f" and {count:,} others"


def _is_open(path: Path) -> bool:
    return os.name == "posix" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _decisions(store: IndexStore) -> Iterator[Finding]:
    """Lines of the user's decisions that cannot be understood."""
    try:
        problems = read_decisions(store.decisions_text()).problems
    except (OSError, PhotoclustError) as error:
        problems = (str(error),)
    for problem in problems:
        yield Finding(store.decisions_file, f"{store.decisions_file}: {problem}")


def _parts(store: IndexStore, damaged: set[Path]) -> Iterator[Finding]:
    """Parts of photos and of faces: that they fit one another."""
    for mark in store.parts.marks():
        if mark in damaged:
            continue
        try:
            faces = store.parts.faces_of(mark)
            if faces in damaged:
                continue
            yield from _part(mark, files.read_table(mark), files.read_table(faces))
        except IndexStoreError as error:
            yield Finding(mark, str(error))


def _part(mark: Path, photos: pa.Table, faces: pa.Table) -> Iterator[Finding]:
    lengths = np.linalg.norm(face_embeddings(faces), axis=1)
    wrong = int(np.count_nonzero(~(np.abs(lengths - 1) <= _UNIT)))
    strangers = set(faces["photo_id"].to_pylist()) - set(photos["photo_id"].to_pylist())
    ids = faces["face_id"].to_pylist()
    for number, what in (
        (wrong, "embeddings that are no unit vectors"),
        (len(strangers), "photos of faces that it does not know"),
        (len(ids) - len(set(ids)), "faces that it holds twice"),
    ):
        if number:
            yield Finding(mark, f"{mark} has {number} {what}. {cure(mark)}")


def _grouping(store: IndexStore) -> Iterator[Finding]:
    """The grouping in force: that it can be read, and speaks of faces that are stored."""
    try:
        current = store.current_clustering()
    except IndexStoreError as error:
        yield Finding(store.clusterings.pointer, str(error))
        return
    if current is None:
        return
    folder = store.clusterings.folder / current.run_id
    unknown = set(current.assignments["face_id"].to_pylist()) - _stored_faces(store)
    people = set(current.people["person_id"].to_pylist())
    strangers = set(current.assignments["person_id"].to_pylist()) - people - {""}
    if unknown or strangers:
        yield Finding(
            folder,
            f"{folder} speaks of {len(unknown)} faces and {len(strangers)} people that are not there. "
            "Run `photoclust cluster` again.",
        )


def _stored_faces(store: IndexStore) -> set[str]:
    found: set[str] = set()
    for mark in store.parts.marks():
        with suppress(IndexStoreError):  # said of the part
            found.update(store.parts.read_faces(mark, ["face_id"])["face_id"].to_pylist())
    return found
