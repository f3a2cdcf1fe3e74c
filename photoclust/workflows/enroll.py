"""A person put into an index by name, known from a few photos or a single one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from photoclust.config import ClusterConfig
from photoclust.errors import ProbeError, UsageError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.line import NAME, Decision, acceptable_name
from photoclust.report.names import visible
from photoclust.workflows.cluster import group
from photoclust.workflows.context import Context
from photoclust.workflows.index import index
from photoclust.workflows.opening import PhotoOptions
from photoclust.workflows.people.apply import apply, note
from photoclust.workflows.people.people_index import PERSON_NUMBER, PeopleIndex
from photoclust.workflows.snapshot.probes import Prober


@dataclass(frozen=True)
class Enrolled:
    """Who was put in.

    Attributes
    ----------
    person_id, name
        Their id and name.
    enrolled
        Ids of the faces that were enrolled.
    faces, photos
        How many faces and photos of theirs the index holds now, the enrolled ones among them.
    problems
        Decisions that could not be applied, a sentence each.
    """

    person_id: str
    name: str
    enrolled: tuple[str, ...]
    faces: int
    photos: int
    problems: tuple[str, ...]


def enroll(
    store: IndexStore,
    name: str,
    paths: Sequence[str],
    context: Context,
    face: int | None = None,
    join_named: bool = False,
) -> Enrolled:
    """Put a person into the gallery: index their photos, and name the face in each.

    The name is a decision about faces, as any other: it holds at every grouping from now on, and photos of
    theirs that are there already, or come later, are found by it.

    Parameters
    ----------
    store
        The index; nobody may hold its lock.
    name
        Of the person; who has it already gets the photos.
    paths
        Path or URI of each photo.
    context
        Where the work runs and who is told of it.
    face
        Number of the face that is meant in each photo, from 1, best first; None where there is one.
    join_named
        Whether somebody who has another name may become one with them.

    Raises
    ------
    UsageError
        The name is none, a photo shows several faces and none was chosen, or shows somebody who has another
        name.
    ProbeError
        A photo cannot be used or shows no face, or the index keeps it out.
    IndexLockedError
        Another process is writing to the index.
    """
    name, faces = _acceptable(name), faces_meant(store, paths, face)
    said = Decision(datetime.min.replace(tzinfo=UTC), NAME, tuple(dict.fromkeys(faces.values())), value=name)
    if store.clusterings.current() is not None:
        _require_nobody_else(PeopleIndex(store), said, join_named)
    index(paths, store.place, PhotoOptions(missing="keep", retry_failed=True), context)
    there = set(store.faces([])["face_id"].to_pylist())
    if lost := [path for path, one in faces.items() if one not in there]:
        raise ProbeError(f"The face in {visible(lost[0], 400)} was forgotten, and the index keeps it out.")
    if store.clusterings.current() is None:
        group(store, ClusterConfig(), context)

    def decide(before: PeopleIndex) -> list[Decision]:
        _require_nobody_else(before, said, join_named)
        return [said]

    noted = note(store, decide, join_named)
    applied = apply(store, noted.before, context)
    person = applied.after.person_of.get(said.faces[0], "")
    row = applied.after.people.get(person, {})
    counts = row.get("faces", 0), row.get("photos", 0)
    return Enrolled(person, row.get("name", ""), said.faces, *counts, applied.problems)


def _require_nobody_else(before: PeopleIndex, said: Decision, join_named: bool) -> None:
    """Refuse to rename somebody in passing."""
    names = {before.names.get(before.person_of.get(face, ""), "") for face in said.faces} - {"", said.value}
    if names and not join_named:
        raise UsageError(
            f"The photo shows {visible(min(names))} already; nothing was changed.",
            python="If they are to have another name, say join_named=True.",
            cli="If they are to have another name, add --yes.",
        )


def _acceptable(name: str) -> str:
    try:
        found = acceptable_name(name)
    except ValueError as error:
        raise UsageError(f"{error}.".capitalize()) from error
    if not found or PERSON_NUMBER.fullmatch(found):
        raise UsageError(f"{found!r} is no name of a person; give one.")
    return found


def faces_meant(store: IndexStore, paths: Sequence[str], number: int | None) -> dict[str, str]:
    """Id of the face that is meant in each photo; see `enroll`."""
    if not paths:
        raise UsageError("Name a photo of the person.")
    prober, found = Prober(store.settings), dict[str, str]()
    for path in paths:
        photo = prober.one(path)
        if number is None and len(photo.faces) > 1:
            raise UsageError(
                f"{visible(path, 400)} shows {len(photo.faces)} faces, and one is wanted.",
                python="Say with face=N which is meant, counted from the clearest.",
                cli="Say with --face N which is meant, counted from the clearest; `photoclust verify A A "
                "--picture OUT.png` numbers them.",
            )
        found[path] = photo.faces["face_id"][photo.chosen(number)[0]].as_py()
    return found
