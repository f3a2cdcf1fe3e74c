"""How long it takes to find a face among very many people: `photoclust identify` on a synthetic index.

``python benchmarks/gallery.py INDEX [--people N] [--probes N]`` makes an index of so many people of
one face each, whose embeddings are spread like those of INDEX (by their mean and covariance), loads the
gallery as `identify` does and asks it for faces. Prints seconds to load, milliseconds for a
probe once its face is embedded, and the memory of the process. Run it where nothing else runs.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.pairs import templates
from photoclust.records import (
    ASSIGNMENT_SCHEMA,
    FACE_SCHEMA,
    MEMBER,
    PERSON_SCHEMA,
    PHOTO_SCHEMA,
    face_embeddings,
)
from photoclust.workflows.identify import Identifier

AT_ONCE = 50_000


def main() -> None:
    """Parse, make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", metavar="INDEX", help="a real index, whose embeddings are imitated")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--probes", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        real = face_embeddings(IndexStore.open(arguments.index).faces(["embedding"]))
        store = make(Path(folder, "index"), real, arguments.people)
        before, began = psutil.Process().memory_info().rss, time.perf_counter()
        identifier = Identifier(store)
        loaded = time.perf_counter() - began
        held = psutil.Process().memory_info().rss - before
        seconds = np.array(list(asked(identifier, real[: arguments.probes]))) * 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(identifier.gallery):,} people: loaded in {loaded:.1f} s, {held / 2**30:.1f} GiB held, "
        f"peak {peak:.1f} GiB"
    )
    clock, processors = np.median(seconds, axis=0)
    print(f"a probe: median {clock:.0f} ms by the clock, least {seconds[:, 0].min():.0f} ms", end=", ")
    print(f"{processors:.0f} ms of processors")


def make(folder: Path, real: np.ndarray, people: int) -> IndexStore:
    """An index of synthetic people, one face each."""
    store = IndexStore.create(folder, IndexSettings(), "synthetic")
    rng, mean = np.random.default_rng(0), real.mean(0)
    spread = np.linalg.svd(real - mean, full_matrices=False)
    way = (spread[2] * spread[1][:, None] / np.sqrt(len(real))).astype(np.float32)
    for begin in range(0, people, AT_ONCE):
        count = min(AT_ONCE, people - begin)
        rows = rng.standard_normal((count, len(way)), np.float32) @ way + mean
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        store.append(*tables(begin, rows.astype(np.float16)))
    ids = [f"{i:032x}" for i in range(people)]
    assignments = pa.table(
        {"face_id": ids, "label": pa.array(np.arange(people, dtype=np.int32)), "person_id": ids}
    )
    assignments = filled(assignments, ASSIGNMENT_SCHEMA, {"status": MEMBER, "confidence": 1.0})
    rest = {"name": "", "faces": 1, "photos": 1}
    persons = filled(pa.table({"person_id": ids, "cover_face_id": ids}), PERSON_SCHEMA, rest)
    clustering = Clustering("20260101T000000", assignments, persons, {})
    store.clusterings.write(clustering)
    store.clusterings.put_in_force(clustering.run_id)
    return store


def tables(begin: int, rows: np.ndarray) -> Iterator[pa.Table]:
    """Photos and faces."""
    ids = [f"{begin + i:032x}" for i in range(len(rows))]
    photo = pa.table({"photo_id": ids, "uri": [f"/photos/{one}.jpg" for one in ids]})
    yield filled(photo, PHOTO_SCHEMA, {"size": 1, "version": "1", "status": "ok", "attempts": 1})
    embedding = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])
    face = pa.table({"face_id": ids, "photo_id": ids, "embedding": embedding})
    rest = {"detection_score": 1.0, "sharpness": 1.0, "yaw": 0.0, "quality": 1.0, "thumbnail": b""}
    yield filled(face, FACE_SCHEMA, rest | {"box": [0.0, 0.0, 9.0, 9.0], "landmarks": [0.0] * 10})


def filled(table: pa.Table, schema: pa.Schema, values: dict[str, object]) -> pa.Table:
    """The table with all columns of a schema: a value for all rows, or nothing."""
    for field in schema:
        if field.name not in table.column_names:
            column = pa.repeat(pa.scalar(values.get(field.name), field.type), len(table))
            table = table.append_column(field, column)
    return table.select(schema.names).cast(schema)


def asked(identifier: Identifier, embeddings: np.ndarray) -> Iterator[tuple[float, float]]:
    """Seconds for each probe, by the clock and of processors."""
    for row in embeddings:
        began, processors = time.perf_counter(), time.process_time()
        probe = templates(calibration_of("casia-webface"), calibration_of("casia-webface").centred(row[None]))
        identifier.gallery.identify(probe, 0.5, 3)
        yield time.perf_counter() - began, time.process_time() - processors


if __name__ == "__main__":
    main()
