"""The photos of an index taken in at once, and in five instalments in three orders: the same people?

    python benchmarks/incremental.py INDEX

Detection is left out: the rows of INDEX, which is only read, are added to new indexes among the temporary
files, and grouped after every instalment. Then a fifth of the photos go missing, and come back.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.records import FACE_SCHEMA, MISSING
from photoclust.workflows.cluster import group_faces

INSTALMENTS, ORDERS = 5, 3


def take_in(store: IndexStore, photos: pa.Table, faces: pa.Table) -> float:
    """Add photos and their faces and group all; gives the seconds that grouping took."""
    own = faces.filter(pc.field("photo_id").isin(photos["photo_id"].combine_chunks()))
    store.append(photos, own)
    began = time.perf_counter()
    with store.lock():
        group_faces(store, ClusterConfig())
    return time.perf_counter() - began


def people(store: IndexStore) -> pa.Table:
    clustering = store.current_clustering()
    assert clustering is not None
    return clustering.assignments


def same(left: pa.Table, right: pa.Table) -> str:
    """Whether two groupings are one partition, and how far their ids agree."""
    ids = [table["person_id"].to_pylist() for table in (left, right)]
    alone = left["face_id"].to_pylist()
    named = [[person or face for person, face in zip(own, alone, strict=True)] for own in ids]
    groups = [np.unique(own, return_inverse=True)[1] for own in named]
    pairs = len(np.unique(np.stack(groups), axis=1).T)
    columns = ["face_id", "label", "status", "confidence"]
    whole = left.select(columns).equals(right.select(columns))
    whole &= pairs == len(set(named[0])) == len(set(named[1]))
    equal = np.mean(np.array(ids[0]) == np.array(ids[1]))
    verdict = "the same people" if whole else "OTHER PEOPLE"
    return f"{verdict} (pairwise F {pairwise_scores(*groups).f:.4f}), {equal:.1%} of ids equal"


def main(location: str) -> None:
    source = IndexStore.open(location)
    photos, faces = source.photos(), source.faces(list(FACE_SCHEMA.names))
    print(f"{len(photos)} photos, {len(faces)} faces")
    with tempfile.TemporaryDirectory() as scratch:

        def new(name: str) -> IndexStore:
            return IndexStore.create(Path(scratch) / name, source.settings, source.model_sha256)

        take_in(new("warm"), photos.slice(0, 100), faces)  # compiles what is compiled at first use
        whole = new("whole")
        seconds = take_in(whole, photos, faces)
        print(f"at once: grouped in {seconds:.2f} s")
        for order in range(ORDERS):
            store = new(f"order-{order}")
            rows = np.random.default_rng(order).permutation(len(photos))
            parts = [photos.take(pa.array(part)) for part in np.array_split(rows, INSTALMENTS)]
            took = [take_in(store, part, faces) for part in parts]
            print(f"order {order}: {same(people(store), people(whole))}")
            print("  grouped in " + ", ".join(f"{s:.2f}" for s in took) + " s")
        before, last = people(store), parts[0]
        former, status = (last.schema.get_field_index(name) for name in ("former_status", "status"))
        away = last.set_column(former, "former_status", last["status"])
        away = away.set_column(status, "status", pa.array([MISSING] * len(away)))
        rest = new("rest")
        take_in(rest, pa.concat_tables(parts[1:]), faces)
        for text, rows, expected in (("gone", away, people(rest)), ("and back", last, before)):
            seconds = take_in(store, rows, FACE_SCHEMA.empty_table())
            print(f"a fifth {text}: {same(people(store), expected)}, grouped in {seconds:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1])
