"""What is known of the people of a clustering, and who the faces of nobody may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index.store import Clustering
from photoclust.people.clustering.membership import NOBODY
from photoclust.people.identity.facts import Facts, facts_of
from photoclust.people.identity.likeliest import Likeliest, likeliest
from photoclust.people.identity.near import Grouped, Near
from photoclust.records import UNSURE
from photoclust.workflows.snapshot import Snapshot


def with_facts(clustering: Clustering, faces: Snapshot) -> Clustering:
    """Add what is known of people (`facts_of`), and who the unsure faces may be (`likeliest`)."""
    grouped = grouped_faces(faces, clustering)
    near = Near.of(grouped, faces.calibration)
    return _of_faces(_of_people(clustering, facts_of(grouped, near)), likeliest(near, len(faces.table)))


def grouped_faces(faces: Snapshot, clustering: Clustering) -> Grouped:
    """A grouping of all faces, and what is known of them; groups go by the rows of its people."""
    return Grouped(
        faces.score_normalised,
        faces.graph,
        _group_of(clustering),
        clustering.assignments["confidence"].to_numpy(),
        ~faces.poor,
        faces.exclusions,
        faces.uncounted,
        faces.store.scratch,
    )


def _of_people(clustering: Clustering, facts: Facts) -> Clustering:
    ids = clustering.people["person_id"].to_pylist()
    columns = {
        "confidence": facts.confidence,
        "cohesion": facts.cohesion,
        "weakest_face_id": clustering.assignments["face_id"].take(facts.weakest).to_pylist(),
        "weakest_confidence": facts.weakest_confidence,
        "nearest_person_id": [ids[other] if other != NOBODY else None for other in facts.nearest],
        "nearest_evidence": _known(facts.nearest_evidence, facts.nearest),
        "nearest_chance_same": _known(facts.chance_same, facts.nearest),
    }
    return replace(clustering, people=_with_columns(clustering.people, columns))


def _of_faces(clustering: Clustering, found: Likeliest) -> Clustering:
    ids = [*clustering.people["person_id"].to_pylist(), ""]  # NOBODY is the last
    known = clustering.assignments["status"].to_numpy() != UNSURE
    columns = {
        "likeliest_person_id": pa.array([ids[group] for group in found.group], mask=known),
        "likeliest_chance": pa.array(found.chance, mask=known),
    }
    return replace(clustering, assignments=_with_columns(clustering.assignments, columns))


def _group_of(clustering: Clustering) -> npt.NDArray[np.int64]:
    """Row of each face's person, or `NOBODY`."""
    people, assigned = clustering.people["person_id"], clustering.assignments["person_id"]
    found = pc.index_in(assigned, value_set=people)  # pyright: ignore[reportAttributeAccessIssue]
    return pc.fill_null(found, NOBODY).to_numpy().astype(np.int64)


def _with_columns(table: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.array(values, field.type))
    return table


def _known(values: npt.NDArray[np.float32], nearest: npt.NDArray[np.int64]) -> list[float | None]:
    pairs = zip(values.tolist(), nearest.tolist(), strict=True)
    return [value if other != NOBODY else None for value, other in pairs]
