"""What takes a processor for a while, and therefore runs in a process of its own beside the server."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from photoclust.errors import ProbeError, UsageError
from photoclust.extensions import keep_pandas_out
from photoclust.people.identity.changes import Change

if TYPE_CHECKING:
    from photoclust.workflows.enroll import Enrolled
    from photoclust.workflows.explain import Explanation
    from photoclust.workflows.identify import IdentifiedPhoto, Identifier, IdentifyOptions
    from photoclust.workflows.people.suggest import Question
    from photoclust.workflows.verify import Verification, VerifyOptions

# What these processes need is imported there: the server does without.


@dataclass(frozen=True)
class Regrouped:
    """What came of grouping by what was said.

    Attributes
    ----------
    moved
        Faces that changed their person.
    people
        How many people there are.
    problems
        Decisions that could not be applied, a sentence each.
    changes
        What became of people.
    """

    moved: int
    people: int
    problems: tuple[str, ...]
    changes: tuple[Change, ...]


def begin() -> None:
    """Do not end with a traceback at Control-C: the server ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_pandas_out()


def regroup(folder: str) -> Regrouped:
    """Group by everything that was said, with the settings in force."""
    from photoclust.api.context import context_of
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people.apply import apply
    from photoclust.workflows.people.people_index import PeopleIndex
    from photoclust.workflows.snapshot.history import difference

    store = IndexStore.open(folder)
    before = PeopleIndex(store)
    applied = apply(store, before, context_of("local"))
    one, other = before.in_force, applied.after.in_force
    found = [] if one.run_id == other.run_id else difference(one, other)["changes"]
    return Regrouped(applied.moved, applied.people, applied.problems, tuple(Change(**row) for row in found))


def questions(folder: str, most: int, least: float) -> tuple[str, list[Question]]:
    """The grouping in force, and the questions most worth asking about it."""
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people.suggest import suggest

    store = IndexStore.open(folder)
    run_id = store.clusterings.current() or ""
    return run_id, suggest(store, most, least)


def explained(folder: str, one: str, other: str) -> Explanation:
    """Why two faces or people are, or are not, one person."""
    from photoclust.index.store import IndexStore
    from photoclust.workflows.explain import explain

    return explain(IndexStore.open(folder), one, other)


def verified(photos: tuple[bytes, bytes], options: VerifyOptions) -> Verification:
    """Say whether two photos show the same person; they are removed when that is said."""
    from photoclust.workflows.verify import verify

    with _in_files(*photos) as (one, other):
        return replace(verify(one, other, options), photos=(Path(one).name, Path(other).name))


_identifiers: dict[tuple[str, str | None], Identifier] = {}
"""The people of the index, by the grouping in force, for the next photo."""


def identified(folder: str, photo: bytes, options: IdentifyOptions) -> IdentifiedPhoto:
    """Say who the people in a photo are; it is removed when that is said."""
    from photoclust.index.store import IndexStore
    from photoclust.workflows.identify import Identifier

    store = IndexStore.open(folder)
    key = folder, store.clusterings.current()
    if key not in _identifiers:
        _identifiers.clear()
        _identifiers[key] = Identifier(store)
    with _in_files(photo) as (path,):
        found = next(iter(_identifiers[key].photos([path], options)))
        if found.problem:
            raise ProbeError(found.problem)
        return replace(found, photo=Path(path).name)


def enrolled(
    folder: str, photos: tuple[bytes, ...], place: str, said: tuple[str, int | None, bool]
) -> Enrolled:
    """Put a person into the index by photos that are kept in `place` once it is sure that they can be used.

    `said` is their name, which face is meant, and whether who has another name may become one with them.
    """
    from photoclust.api.context import context_of
    from photoclust.index.store import IndexStore
    from photoclust.workflows.enroll import enroll, faces_meant

    store, (name, face, join_named) = IndexStore.open(folder), said
    with _in_files(*photos) as paths:
        faces_meant(store, paths, face)
    kept = [_kept(Path(place), photo) for photo in photos]
    paths = [str(path) for path, _ in kept]
    try:
        return enroll(store, name, paths, context_of("local"), face, join_named)
    except BaseException:
        known = set(store.photos()["uri"].to_pylist())
        for path, new in kept:
            if new and str(path) not in known:
                path.unlink(missing_ok=True)
        raise


def _kept(folder: Path, photo: bytes) -> tuple[Path, bool]:
    """File of a photo, named by its content, and whether it was not there before."""
    from photoclust.index import files
    from photoclust.photos.decode import suffix_of

    files.make_folder(folder.absolute())
    path = folder.absolute() / f"{sha256(photo).hexdigest()[:32]}{suffix_of(photo)}"
    new = not path.exists()
    if new:
        files.write_bytes(path, photo)
    return path, new


@contextmanager
def _in_files(*photos: bytes) -> Generator[list[str]]:
    """Paths of photos in a folder for the owner's eyes only; no error names the folder."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / f"photo-{number}.jpg" for number in range(1, len(photos) + 1)]
        for path, content in zip(paths, photos, strict=True):
            path.write_bytes(content)
        try:
            yield [str(path) for path in paths]
        except (ProbeError, UsageError) as error:
            raise type(error)(str(error).replace(f"{folder}/", "")) from error
