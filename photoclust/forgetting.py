"""Forgetting: which faces, photos, people and names of an index a request comes to, and their erasure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from photoclust.errors import IndexMissingError, UsageError
from photoclust.grouping import neighbour_graph
from photoclust.index import files
from photoclust.index.erase import Erasure, erase, stored_faces
from photoclust.index.scrub import among
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.calibration import calibration_of


def erasure_of(
    store: IndexStore, people: Sequence[str], photos: Sequence[str], keep_out: bool = False
) -> Erasure:
    """Find out what is to be erased.

    Parameters
    ----------
    store
        The index.
    people
        Ids or names of people, or ids of single faces. A name stands for everybody who bears it.
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
        raise UsageError("Say whom to forget: a person's id or name, or a photo with --photo.")
    whole = frozenset(_photo_id(store, path) for path in photos)
    faces = stored_faces(store.folder, ["face_id", "photo_id"])
    chosen = set(faces.filter(among("photo_id", whole))["face_id"].to_pylist())
    current = store.current_clustering()
    if current is None and people:
        raise IndexMissingError(
            f"{store.folder} has no people yet; make them with `photoclust cluster --index {store.folder}`."
        )
    if current is None:
        return Erasure(frozenset(chosen), whole, keep_out=keep_out)
    chosen |= {face for asked in people for face in _faces_of(asked, store, current)}
    stay = current.assignments.filter(~among("face_id", chosen))["person_id"].unique()
    leaving = current.people.filter(~pc.field("person_id").isin(stay))
    staying = current.people.filter(pc.field("person_id").isin(stay))
    names = set(leaving["name"].to_pylist()) - set(staying["name"].to_pylist()) - {""}
    ids = frozenset(leaving["person_id"].to_pylist())
    return Erasure(frozenset(chosen), whole, ids, frozenset(names), keep_out)


def forget(store: IndexStore, erasure: Erasure) -> dict[str, Any]:
    """Erase what was found out, and keep the neighbour graph of the rest; the caller holds the lock.

    Returns
    -------
    The receipt, see `photoclust.index.erase.erase`.
    """
    current = store.current_clustering()
    if current is not None and store.read_graph() is not None:
        rest = store.faces(["embedding"]).filter(~among("face_id", erasure.faces))
        calibration = calibration_of(store.settings.embed.model)
        neighbour_graph(store, rest, calibration, current.run["config"]["k"])
    return erase(store, erasure)


def _faces_of(asked: str, store: IndexStore, current: Clustering) -> set[str]:
    """Faces of the people called so, those of missing photos too, or the one face."""
    people = current.people
    names = zip(people["person_id"].to_pylist(), people["name"].to_pylist(), strict=True)
    called = {person for person, name in names if asked and asked.casefold() in (person, name.casefold())}
    own = among("person_id", called) | (pc.field("face_id") == asked)
    found = set(current.assignments.filter(own)["face_id"].to_pylist())
    if not found:
        raise UsageError(
            f"Nobody called {asked!r}, and no face of that id, is in {store.folder}; "
            f"`photoclust export --index {store.folder} --format csv --output -` lists everybody."
        )
    return found | _absent_faces(store, called, set(current.assignments["face_id"].to_pylist()))


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
    row = known.filter(among("uri", {path, str(Path(path).absolute())})).slice(0, 1).to_pylist()
    if not row:
        raise UsageError(f"The photo {path!r} is not in {store.folder}; give its path as it was indexed.")
    if not row[0]["photo_id"]:
        raise UsageError(f"{path!r} could not be read when it was indexed: there is nothing of it to forget.")
    return row[0]["photo_id"]
