"""Forgetting: which faces, photos, people and names of an index a request comes to, and their erasure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from photoclust.errors import UsageError
from photoclust.index import files
from photoclust.index.erasure.erase import Erasure, erase, pending, stored_faces
from photoclust.index.erasure.scrub import among
from photoclust.index.store import IndexStore
from photoclust.index.successors import read_successors, related
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.decisions.file import read_decisions
from photoclust.people.decisions.line import NAME, SAME
from photoclust.people.decisions.which_faces import which_faces
from photoclust.photos.sources.files import names_of
from photoclust.workflows.people.people_index import PeopleIndex, Ref
from photoclust.workflows.review_page import write_page
from photoclust.workflows.snapshot.extending import neighbour_graph


@dataclass(frozen=True)
class Receipt:
    """What was erased, as it is written down in the index.

    Attributes
    ----------
    at
        When, in ISO 8601.
    photoclust
        The version that did it.
    receipt
        The file, relative to the index.
    faces, photos
        How many.
    files_rewritten, files_removed
        Files of the index.
    keyed_faces, keyed_photos
        Keyed hashes of the ids.
    kept_out
        Whether the photos stay out if they are indexed again.
    not_erased
        What an erasure cannot reach, a sentence each.
    """

    at: str
    photoclust: str
    receipt: str
    faces: int
    photos: int
    files_rewritten: int
    files_removed: int
    keyed_faces: list[str]
    keyed_photos: list[str]
    kept_out: bool
    not_erased: list[str]


def erasure_of(
    store: IndexStore, people: Sequence[str], photos: Sequence[str], keep_out: bool = False
) -> Erasure:
    """Find out what is to be erased.

    Parameters
    ----------
    store
        The index.
    people
        Ids or names of people, or ids of single faces, of ids the beginning will do. A name stands for
        everybody who bears it.
    photos
        Paths or URIs of photos; every copy of a photo is meant, and every face in it.
    keep_out
        See `Erasure`.

    Raises
    ------
    UsageError
        Nobody, or something that is not in the index, is to be forgotten.
    IndexMissingError
        People are to be forgotten and there are none yet.
    """
    if not (people or photos):
        raise UsageError(
            "Say whom to forget: a person's id or name, or a photo.",
            python="A photo is named with photos=.",
            cli="A photo is named with --photo.",
        )
    whole = frozenset(_photo_id(store, path) for path in photos)
    faces = stored_faces(store.folder, ["face_id", "photo_id"])
    chosen = set(faces.filter(among("photo_id", whole))["face_id"].to_pylist())
    chosen |= _faces_of(people, store) if people else set()
    chosen = related(chosen, read_successors(store.folder))
    current = store.current_clustering()
    if current is None:
        return Erasure(frozenset(chosen | _drawn_with(store, chosen, whole)), whole, keep_out=keep_out)
    stay = current.assignments.filter(~among("face_id", chosen))["person_id"].unique()
    leaving = current.people.filter(~pc.field("person_id").isin(stay))
    staying = current.people.filter(pc.field("person_id").isin(stay))
    names = set(leaving["name"].to_pylist()) - set(staying["name"].to_pylist()) - {""}
    ids = frozenset(leaving["person_id"].to_pylist())
    chosen |= _drawn_with(store, chosen, whole, names)
    return Erasure(frozenset(chosen), whole, ids, frozenset(names), keep_out)


def forget(
    store: IndexStore,
    people: Sequence[str] = (),
    photos: Sequence[str] = (),
    keep_out: bool = False,
    agreed: Erasure | None = None,
) -> Receipt:
    """Erase people and photos, and write the review page without them; nobody may hold the index's lock.

    Parameters
    ----------
    store
        The index.
    people, photos, keep_out
        See `erasure_of`.
    agreed
        What somebody has agreed to: where it would be something else by now, nothing is erased.

    Raises
    ------
    UsageError, IndexMissingError
        See `erasure_of`.
    IndexLockedError
        Another process is writing to the index.
    IndexWriteError
        The disk is full, say. What was begun is finished by the next command that writes to the index.
    """
    with store.lock():
        erasure = erasure_of(store, people, photos, keep_out)
        if agreed is not None and erasure != agreed:
            raise UsageError("The index has changed since you were asked; run the command again.")
        _keep_graph(store, erasure)
        receipt = Receipt(**erase(store.place, erasure))
        write_page(store)
    return receipt


def finish_interrupted(store: IndexStore) -> set[str]:
    """Finish an erasure that was interrupted; gives the ids and names it was about, if there was one."""
    asked = pending(store.folder)
    if asked:
        with store.lock():  # whoever takes the lock finishes it
            write_page(store)
    return asked


def is_among(person: str, finished: set[str]) -> bool:
    """Whether a finished erasure was about a person, said by name, by id or by the beginning of it."""
    ids = (one for one in finished if re.fullmatch("[0-9a-f]{16,}", one))
    return person in finished or any(one.startswith(person) for one in ids if person)


def _keep_graph(store: IndexStore, erasure: Erasure) -> None:
    """Keep the neighbour graph of the faces that stay."""
    current = store.current_clustering()
    if current is not None and store.read_graph() is not None:
        rest = store.faces([]).filter(~among("face_id", erasure.faces))
        calibration = calibration_of(store.settings.embed.model, store.settings.embed.dimension)
        neighbour_graph(store, rest, calibration, current.run["config"]["k"])


def _faces_of(asked: Sequence[str], store: IndexStore) -> set[str]:
    """Faces of the people called so, those of missing photos too, and single faces."""
    people_index = PeopleIndex(store)
    meant = [ref for text in asked for ref in _called(text, people_index)]
    people = {ref.person for ref in meant if ref.person}
    faces = {ref.face for ref in meant if ref.face}
    faces |= {face for face, person in people_index.person_of.items() if person in people}
    return faces | _absent_faces(store, people, set(people_index.person_of))


def _drawn_with(
    store: IndexStore, faces: set[str], photos: Collection[str], names: Collection[str] = ()
) -> set[str]:
    """Faces that were drawn in some photos, or said to be somebody of some faces or names; read or not."""
    decisions = read_decisions(store.decisions_text())
    drawn = which_faces(decisions).drawn
    found = {face for face, one in drawn.items() if one.photo_id in photos}
    for line in decisions.lines:
        if line.kind in (NAME, SAME) and (line.value in names or not faces.isdisjoint(line.others)):
            found |= drawn.keys() & {*line.faces}
    return found


def _called(text: str, people_index: PeopleIndex) -> list[Ref]:
    """Everybody of a name, or whom or what an id means."""
    name = text.casefold()
    named = [
        Ref(person, "")
        for person, row in people_index.people.items()
        if name and row["name"].casefold() == name
    ]
    return named or [people_index.either(text)]


def _absent_faces(store: IndexStore, people: set[str], present: set[str]) -> set[str]:
    """Faces that are in no grouping now and were these people's when they last were."""
    found: set[str] = set()
    for path in sorted((store.folder / "clusterings").glob("*/assignments.parquet"), reverse=True):
        then = files.read_table(path, ["face_id", "person_id"]).filter(~among("face_id", present))
        found.update(then.filter(among("person_id", people))["face_id"].to_pylist())
        present.update(then["face_id"].to_pylist())
    return found


def _photo_id(store: IndexStore, path: str) -> str:
    known = store.known_photos()
    row = known.filter(among("uri", names_of(path))).slice(0, 1).to_pylist()
    if not row:
        raise UsageError(f"The photo {path!r} is not in {store.folder}; give its path as it was indexed.")
    if not row[0]["photo_id"]:
        raise UsageError(f"{path!r} could not be read when it was indexed: there is nothing of it to forget.")
    return row[0]["photo_id"]
