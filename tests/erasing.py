"""Forgetting people, and looking for what is left of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.records import face_embeddings
from photoclust.workflows.forget import forget as erase

PeopleOf = Callable[[IndexStore], dict[str, str]]
KNOWN = calibration_of("casia-webface")


def ids_of(store: IndexStore, person: str) -> list[str]:
    clustering = store.current_clustering()
    assert clustering is not None
    return clustering.assignments.filter(pc.field("person_id") == person)["face_id"].to_pylist()


def traces(faces: pa.Table) -> Iterator[bytes]:
    """Everything by which one of some faces could be known again, as bytes."""
    for row in faces.to_pylist():
        vector = np.array(row["embedding"], np.float16)
        yield vector.tobytes()
        yield vector.astype(np.float32).tobytes()
        yield row["thumbnail"]
        yield base64.b64encode(row["thumbnail"])
        yield row["face_id"].encode()
    centred = KNOWN.centred(face_embeddings(faces)) if len(faces) else np.zeros((0, 1), np.float32)
    yield from (row.tobytes() for row in centred)


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """What every file holds, and behind compression what every column of Parquet holds; links' targets."""
    for path in folder.rglob("*"):
        if path.is_symlink():
            yield path, str(path.readlink()).encode()
        elif path.is_file():
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                for column in pq.read_table(path).combine_chunks().columns:
                    for buffer in (b for chunk in column.chunks for b in chunk.buffers() if b is not None):
                        yield path, buffer.to_pybytes()


def found_in(folder: Path, faces: pa.Table) -> set[str]:
    needles = list(traces(faces))
    return {path.name for path, content in contents(folder) if any(needle in content for needle in needles)}


def faces_of(store: IndexStore, person: str) -> pa.Table:
    clustering = store.current_clustering()
    assert clustering is not None
    own = clustering.assignments.filter(pc.field("person_id") == person)["face_id"]
    return store.faces().filter(pc.field("face_id").isin(own.combine_chunks()))


def forget(store: IndexStore, *people: str, photos: tuple[str, ...] = (), keep_out: bool = False) -> dict:
    return asdict(erase(store, people, photos, keep_out))
