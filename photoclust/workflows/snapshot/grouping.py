"""Between the index and the people room: tables to arrays, and people to the tables of a clustering."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust import __version__
from photoclust.config import ClusterConfig
from photoclust.errors import DecisionsError
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.clustering.same_photo import once_a_photo
from photoclust.people.clustering.verify import Groups
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.decisions.file import Decisions, followed, read_decisions
from photoclust.people.decisions.resolving import Resolution, resolve
from photoclust.people.identity.continuity import Continuity, Retired
from photoclust.records import (
    ASSIGNMENT_SCHEMA,
    LOW_QUALITY,
    PERSON_SCHEMA,
    RETIRED_SCHEMA,
    UNSURE,
)

PROBLEMS_SHOWN = 5


def decisions_of(store: IndexStore, now: Callable[[str], list[str]] | None) -> Decisions:
    """Read what the user has decided, about the faces that are there now.

    Parameters
    ----------
    store
        The index.
    now
        See `IndexStore.followed`.

    Raises
    ------
    DecisionsError
        When a line cannot be understood, with its number.
    """
    decisions = read_decisions(store.decisions_text())
    require_understood(decisions, store.decisions_file)
    return followed(decisions, now) if now else decisions


def require_understood(decisions: Decisions, file: Path) -> None:
    """Make sure that every line of the user's decisions is understood.

    Raises
    ------
    DecisionsError
        When one is not, with its number.
    """
    if not decisions.problems:
        return
    few = " ".join(decisions.problems[:PROBLEMS_SHOWN])
    more = len(decisions.problems) - PROBLEMS_SHOWN
    rest = f" {more} more lines cannot either." if more > 0 else ""
    raise DecisionsError(
        f"{few}{rest} The people stay as they are until {file} is put right: correct these lines, remove "
        "them, or put back the file that was there."
    )


def fingerprint(
    faces: pa.Table,
    config: ClusterConfig,
    decisions: Decisions,
    calibration: Calibration,
    known: Mapping[str, str],
) -> str:
    """Sum up everything a clustering follows from, as 32 hex digits."""
    digest = blake2b(digest_size=16)
    digest.update("\n".join(faces["face_id"].to_pylist()).encode())
    said = [vars(line) for line in decisions.lines]
    columns = [*ASSIGNMENT_SCHEMA.names, *PERSON_SCHEMA.names]
    settings = [__version__, columns, asdict(config), said, decisions.problems]
    settings += [sorted(known.items())] if known else []
    digest.update(json.dumps(settings, default=str).encode())
    for part in calibration_in_bytes(calibration):
        digest.update(part)
    return digest.hexdigest()


def calibration_in_bytes(calibration: Calibration) -> Iterator[bytes]:
    """Everything a calibration says."""
    for name, value in sorted(vars(calibration).items()):
        yield name.encode() + (value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())


def verify_input(faces: pa.Table, embeddings: npt.NDArray[np.float32]) -> VerifyInput:
    """Arrays of a face table, row for row."""
    photos = _numbered(faces["photo_id"])
    boxes = faces["box"].combine_chunks().flatten().to_numpy().reshape(-1, 4)
    return VerifyInput(embeddings, faces["quality"].to_numpy(), photos, boxes)


def _numbered(ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Number of each text in their order, from 0; a Python string of each would take a hundred bytes."""
    ranks = pc.rank(ids, tiebreaker="dense")  # pyright: ignore[reportAttributeAccessIssue]
    return ranks.to_numpy().astype(np.int64) - 1


def resolved_among(
    decisions: Decisions, face_ids: Sequence[str], near_duplicates: npt.NDArray[np.int64]
) -> Resolution:
    """What decisions come to for some faces; what could not be read is among the problems."""
    resolution = resolve(decisions, face_ids, near_duplicates)
    return replace(resolution, problems=(*decisions.remarks, *resolution.problems))


def with_known(resolution: Resolution, known: Mapping[str, str], face_ids: Sequence[str]) -> Resolution:
    """Add whom faces were known to be before the model changed: ids of people, by face id."""
    if not known:
        return resolution
    number = {person: row for row, person in enumerate(sorted(set(known.values())))}
    rows = np.array([number.get(known.get(face, ""), NOBODY) for face in face_ids], np.int64)
    return replace(resolution, constraints=replace(resolution.constraints, known=rows))


def names_of_faces(resolution: Resolution, face_ids: Sequence[str]) -> dict[str, str]:
    """The name of each face that carries one: those that were named, and those that must be with them."""
    person = resolution.constraints.person()
    names = {int(person[row]): name for row, name in resolution.names.items()}
    rows = np.flatnonzero(np.isin(person, list(names)))
    return {face_ids[row]: names[int(person[row])] for row in rows.tolist()}


def placed_by_decisions(decisions: Decisions, assignments: pa.Table) -> set[str]:
    """Ids of the faces of a table of ASSIGNMENT_SCHEMA that are somebody's because the user said so."""
    face_ids, burst = assignments["face_id"].to_pylist(), assignments["burst"].to_pylist()
    number = [-1 - row if one is None else one for row, one in enumerate(burst)]
    _, first, member = np.unique(np.array(number, np.int64), return_index=True, return_inverse=True)
    said = resolve(decisions, face_ids, first[member]).constraints.members
    return {face_ids[row] for row in np.flatnonzero(said).tolist()}


def new_clustering(
    faces: pa.Table,
    labels: npt.NDArray[np.int32],
    groups: Groups,
    kept: Continuity,
    resolution: Resolution,
    bursts: npt.NDArray[np.int64],
) -> Clustering:
    """Tables of a clustering, and the counts for its ``run.json``; `bursts` is of `near_duplicates`."""
    alone = np.bincount(bursts, minlength=len(bursts))[bursts] == 1
    assignments = pa.table(
        {
            "face_id": faces["face_id"],
            "label": labels,
            "person_id": kept.people,
            "status": pa.array(groups.status),
            "confidence": groups.confidence,
            "burst": pa.array(bursts, pa.int32(), mask=alone),
            "likeliest_person_id": pa.nulls(len(faces), pa.string()),
            "likeliest_chance": pa.nulls(len(faces), pa.float32()),
        },
        schema=ASSIGNMENT_SCHEMA,
    )
    created = datetime.now(UTC)
    counts = {status: int(np.count_nonzero(groups.status == status)) for status in (UNSURE, LOW_QUALITY)}
    numbers = {person: one.number for person, one in kept.identities.items()}
    table = _people(faces, assignments, resolution, numbers)
    run = {
        "created": created.isoformat(timespec="seconds"),
        "photoclust": __version__,
        "faces": len(faces),
        "people": len(table),
        "in_people": sum(person != "" for person in kept.people),
        **counts,
        "problems": list(resolution.problems),
    }
    retired = retired_table(kept.retired)
    return Clustering(f"{created:%Y%m%dT%H%M%S%f}Z", assignments, table, run, retired)


def retired_table(retired: Mapping[str, Retired]) -> pa.Table:
    """Table of RETIRED_SCHEMA."""
    rows = [
        {"person_id": person, "successor": one.successor, "face_ids": list(one.faces)}
        for person, one in retired.items()
    ]
    return pa.Table.from_pylist(rows, schema=RETIRED_SCHEMA)


def _people(
    faces: pa.Table, assignments: pa.Table, resolution: Resolution, numbers: Mapping[str, int]
) -> pa.Table:
    """One row of PERSON_SCHEMA for each person, largest first."""
    whose, face_ids = assignments["person_id"], faces["face_id"]
    names = {whose[row].as_py(): name for row, name in resolution.names.items()}
    ignored = {whose[row].as_py() for row in resolution.ignored}
    chosen = {whose[row].as_py(): face_ids[row].as_py() for row in reversed(resolution.covers)}
    rows: list[dict[str, Any]] = [
        row
        | {
            "name": names.get(row["person_id"], ""),
            "cover_face_id": chosen.get(row["person_id"], row["cover_face_id"]),
            "ignored": row["person_id"] in ignored,
            "number": numbers[row["person_id"]],
        }
        for row in _counted(faces, assignments).to_pylist()
    ]
    rows.sort(key=lambda row: (-row["faces"], row["person_id"]))
    return pa.Table.from_pylist(rows, schema=PERSON_SCHEMA)


def _counted(faces: pa.Table, assignments: pa.Table) -> pa.Table:
    """Of each person ``person_id``, how many ``faces`` and ``photos``, and the ``cover_face_id`` by default.

    That is the face with the greatest product of quality and confidence, of these the last by id.
    """
    members = faces.select(["face_id", "photo_id"]).append_column("person_id", assignments["person_id"])
    worth = faces["quality"].to_numpy() * assignments["confidence"].to_numpy()
    members = members.append_column("worth", pa.array(worth)).filter(pc.field("person_id") != "")
    members = members.sort_by([("worth", "ascending"), ("face_id", "ascending")])
    people = members.group_by("person_id", use_threads=False)
    found = people.aggregate([("face_id", "count"), ("photo_id", "count_distinct"), ("face_id", "last")])
    return found.rename_columns(["person_id", "faces", "photos", "cover_face_id"])


def exclusions_of(photos: npt.NDArray[np.int64], resolution: Resolution) -> Exclusions:
    """What keeps faces apart: `photos` (from `conflicting_photos`), and decisions."""
    return once_a_photo(photos).also(resolution.constraints.exclusions)
