"""Between the index and the people room: tables to arrays and back, the stored graph and the clustering."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust import __version__
from photoclust.config import ClusterConfig
from photoclust.errors import VectorError
from photoclust.index.graph import StoredGraph
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.bursts import twins
from photoclust.people.calibration import Calibration
from photoclust.people.constraints import Resolution, resolve
from photoclust.people.continuity import Continuity, Retired
from photoclust.people.decisions import Decisions, read_decisions
from photoclust.people.exclusions import Exclusions
from photoclust.people.facts import facts_of
from photoclust.people.membership import NOBODY
from photoclust.people.neighbours import Nearest, NeighbourGraph, nearest, neighbours, update
from photoclust.people.same_photo import once_a_photo
from photoclust.people.verify import Groups, VerifyInput
from photoclust.records import (
    ASSIGNMENT_SCHEMA,
    EMBEDDING_SIZE,
    LOW_QUALITY,
    PERSON_SCHEMA,
    RETIRED_SCHEMA,
    UNSURE,
    face_embeddings,
)

_DISTANCES = 1  # another number whenever a distance of the same vectors may be another, in its last bit even
_AT_ONCE = 8192  # embeddings centred at once: 32 MB of float64, as many as are multiplied at once there


def decisions_of(store: IndexStore) -> Decisions:
    """Read what the user has decided."""
    return read_decisions(store.decisions_text())


def fingerprint(
    faces: pa.Table, config: ClusterConfig, decisions: Decisions, calibration: Calibration
) -> str:
    """Sum up everything a clustering follows from, as 32 hex digits."""
    digest = blake2b(digest_size=16)
    digest.update("\n".join(faces["face_id"].to_pylist()).encode())
    said = [vars(line) for line in decisions.lines]
    columns = [*ASSIGNMENT_SCHEMA.names, *PERSON_SCHEMA.names]
    settings = [__version__, columns, asdict(config), said, decisions.problems]
    digest.update(json.dumps(settings, default=str).encode())
    for name, value in sorted(vars(calibration).items()):
        digest.update(
            name.encode() + (value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
        )
    return digest.hexdigest()


# -- neighbours ---------------------------------------------------------------------------------------


def comparable_embeddings(faces: pa.Table, calibration: Calibration) -> npt.NDArray[np.float32]:
    """Embeddings of `faces`, row for row, centred as the calibration of their model asks.

    Raises
    ------
    VectorError
        One is no unit vector; the message names its face_id.
    """
    return _comparable(face_embeddings(faces), faces, calibration)


def _stored_embeddings(store: IndexStore, faces: pa.Table) -> npt.NDArray[np.float16]:
    """Embeddings of `faces`, row for row, without ever having them twice."""
    rows = np.empty((len(faces), EMBEDDING_SIZE), np.float16)
    for place, embeddings in store.column("embedding", faces["face_id"]):
        rows[place] = embeddings.flatten().to_numpy(zero_copy_only=False).reshape(-1, EMBEDDING_SIZE)
    return rows


def _comparable(
    embeddings: npt.NDArray[Any], faces: pa.Table, calibration: Calibration
) -> npt.NDArray[np.float32]:
    """Centre embeddings of `faces` block by block: what is made on the way is four times as large."""
    blocks: list[npt.NDArray[np.float32]] = []
    for start in range(0, max(1, len(faces)), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        try:
            blocks.append(calibration.centred(embeddings[part]))
        except VectorError as error:
            raise _named(error, faces[part], embeddings[part]) from error
    return np.concatenate(blocks)


def neighbour_graph(
    store: IndexStore,
    faces: pa.Table,
    calibration: Calibration,
    k: int,
    keep: bool = True,
    search: Nearest = nearest,
) -> tuple[npt.NDArray[np.float32], NeighbourGraph]:
    """Comparable embeddings of `faces` of the index and their neighbour graph, row for row.

    A stored graph is brought up to date where faces have come or gone, and one is built where there is none.
    With `keep` the outcome is stored; the caller then holds the index's lock. `search` compares faces.
    """
    embeddings = _comparable(_stored_embeddings(store, faces), faces, calibration)
    marks, stored = _marks(embeddings), store.read_graph()
    if stored is None or stored.indices.type.list_size != max(0, min(k, len(stored.face_ids) - 1)):
        graph, changed = neighbours(embeddings, k, "auto", search), True
    else:
        position = _positions(stored, faces, marks)
        graph, changed = _stored_graph(stored), not np.array_equal(position, np.arange(len(faces)))
        graph = update(graph, position, embeddings, k, "auto", search) if changed else graph
    if keep and changed and graph.indices.size:
        store.write_graph(_to_store(graph, faces, marks))
    return embeddings, graph


def _positions(stored: StoredGraph, faces: pa.Table, marks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Row among `faces` of each face of the stored graph, −1 where it is gone or its embedding is another."""
    row = {face: row for row, face in enumerate(faces["face_id"].to_pylist())}
    position = np.array([row.get(face, -1) for face in stored.face_ids.to_pylist()], np.int64)
    same = stored.marks.to_numpy() == np.append(marks, np.uint64(0))[position]
    return np.where(same, position, -1)


def _marks(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """A number for each face that follows from its comparable embedding, uint64, shape (n,).

    A face that was embedded again, on another machine say, has its old id and another vector. Multilinear
    hashing: Dietzfelbinger, Universal hashing and k-wise independent random variables via integer arithmetic
    without primes, STACS 1996. It is seeded with `_DISTANCES`, so that a graph whose distances were summed in
    another way is not mixed with this one's, but built anew.
    """
    words = np.ascontiguousarray(embeddings).view(np.uint64)
    return words @ (
        np.random.default_rng(_DISTANCES).integers(0, 2**64, words.shape[1], np.uint64) | np.uint64(1)
    )


def _stored_graph(stored: StoredGraph) -> NeighbourGraph:
    width = stored.indices.type.list_size
    return NeighbourGraph(
        _matrix(stored.indices, width), _matrix(stored.distances, width), stored.approximate
    )


def _matrix(lists: pa.FixedSizeListArray, width: int) -> npt.NDArray[Any]:
    return lists.flatten().to_numpy().reshape(-1, width)


def _to_store(graph: NeighbourGraph, faces: pa.Table, marks: npt.NDArray[np.uint64]) -> StoredGraph:
    width = graph.indices.shape[1]
    return StoredGraph(
        faces["face_id"].combine_chunks(),
        pa.array(marks),
        pa.FixedSizeListArray.from_arrays(pa.array(graph.indices.ravel()), width),
        pa.FixedSizeListArray.from_arrays(pa.array(graph.distances.ravel()), width),
        graph.approximate,
    )


def _named(error: VectorError, faces: pa.Table, embeddings: npt.NDArray[Any]) -> VectorError:
    norms = np.linalg.norm(embeddings.astype(np.float32), axis=1)
    row = int(np.argmax(~(np.abs(norms - 1) < 0.01)))
    return VectorError(
        f"The embedding of face {faces['face_id'][row].as_py()} (photo {faces['photo_id'][row].as_py()}) "
        f"is no unit vector (its length is {norms[row]:.3g}). Index that photo again."
    )


# -- people -------------------------------------------------------------------------------------------


def verify_input(faces: pa.Table, embeddings: npt.NDArray[np.float32]) -> VerifyInput:
    """Arrays of a face table, row for row."""
    _, photos = np.unique(faces["photo_id"].to_numpy(), return_inverse=True)
    boxes = faces["box"].combine_chunks().flatten().to_numpy().reshape(-1, 4)
    return VerifyInput(embeddings, faces["quality"].to_numpy(), photos, boxes)


def resolved(decisions: Decisions, faces: pa.Table, graph: NeighbourGraph) -> Resolution:
    """What decisions come to for a face table, row for row; what could not be read is among the problems."""
    resolution = resolve(decisions, faces["face_id"].to_pylist(), twins(graph))
    return replace(resolution, problems=(*decisions.problems, *resolution.problems))


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
    """Tables of a clustering, and the counts for its ``run.json``; `bursts` as `twins` gives them."""
    alone = np.bincount(bursts, minlength=len(bursts))[bursts] == 1
    assignments = pa.table(
        {
            "face_id": faces["face_id"],
            "label": labels,
            "person_id": kept.people,
            "status": groups.status.astype(str).tolist(),
            "confidence": groups.confidence,
            "burst": pa.array(bursts, pa.int32(), mask=alone),
        },
        schema=ASSIGNMENT_SCHEMA,
    )
    created = datetime.now(UTC)
    counts = {status: groups.status.tolist().count(status) for status in (UNSURE, LOW_QUALITY)}
    table = _people(faces, assignments, resolution)
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


def _people(faces: pa.Table, assignments: pa.Table, resolution: Resolution) -> pa.Table:
    """One row of PERSON_SCHEMA for each person, largest first."""
    members: dict[str, list[int]] = {}
    people = assignments["person_id"].to_pylist()
    for row, person in enumerate(people):
        if person:
            members.setdefault(person, []).append(row)
    face_ids, photos = faces["face_id"].to_pylist(), faces["photo_id"].to_pylist()
    worth = faces["quality"].to_numpy() * assignments["confidence"].to_numpy()
    names = {people[row]: name for row, name in resolution.names.items()}
    ignored = {people[row] for row in resolution.ignored}
    chosen = {people[row]: face_ids[row] for row in reversed(resolution.covers)}
    rows: list[dict[str, Any]] = [
        {
            "person_id": person,
            "name": names.get(person, ""),
            "faces": len(own),
            "photos": len({photos[i] for i in own}),
            "cover_face_id": chosen.get(person) or face_ids[max(own, key=lambda i: (worth[i], face_ids[i]))],
            "ignored": person in ignored,
        }
        for person, own in members.items()
    ]
    rows.sort(key=lambda row: (-row["faces"], row["person_id"]))
    return pa.Table.from_pylist(rows, schema=PERSON_SCHEMA)


def exclusions_of(photos: npt.NDArray[np.int64], resolution: Resolution) -> Exclusions:
    """What keeps faces apart: `photos` (from `conflicting_photos`), and decisions."""
    return once_a_photo(photos).also(resolution.constraints.exclusions)


def with_facts(
    clustering: Clustering,
    embeddings: npt.NDArray[np.float32],
    photos: npt.NDArray[np.int64],
    exclusions: Exclusions,
    calibration: Calibration,
) -> Clustering:
    """Add what is known of each person; the rest is row for row that of the faces, see `facts_of`."""
    ids = clustering.people["person_id"].to_pylist()
    number = {person: row for row, person in enumerate(ids)}
    assigned = clustering.assignments["person_id"].to_pylist()
    group = np.array([number.get(person, NOBODY) for person in assigned], np.int64)
    confidence = clustering.assignments["confidence"].to_numpy()
    facts = facts_of(embeddings, group, confidence, exclusions, photos, calibration)
    columns = {
        "confidence": facts.confidence,
        "cohesion": facts.cohesion,
        "weakest_face_id": clustering.assignments["face_id"].take(facts.weakest).to_pylist(),
        "weakest_confidence": facts.weakest_confidence,
        "nearest_person_id": [ids[other] if other != NOBODY else None for other in facts.nearest],
        "nearest_evidence": _known(facts.nearest_evidence, facts.nearest),
        "nearest_chance_same": _known(facts.chance_same, facts.nearest),
    }
    people = clustering.people
    for name, values in columns.items():
        place = people.schema.get_field_index(name)
        people = people.set_column(
            place, people.schema.field(place), pa.array(values, people.schema.field(place).type)
        )
    return replace(clustering, people=people)


def _known(values: npt.NDArray[np.float32], nearest: npt.NDArray[np.int64]) -> list[float | None]:
    pairs = zip(values.tolist(), nearest.tolist(), strict=True)
    return [value if other != NOBODY else None for value, other in pairs]
