"""Peak memory of the process that plans, hands out and writes, by the number of photos.

    python benchmarks/driver_memory.py 4000 20000 200000

The flow of `photoclust index` with photos that are not there and an engine that gives each of them a made-up
face: nothing is decoded, so that what remains is the driver's own. Each number gets processes of its own, one
in which all photos are new and one in which all are known.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.index.store import IndexStore
from photoclust.photo_refs import PhotoRef, Version
from photoclust.records import EMBEDDING_SIZE, INDEXED_SCHEMA, OK
from photoclust.workflows.context import Context
from photoclust.workflows.index import index_photos

AT_ONCE = 64


def found(photos: int) -> Iterator[PhotoRef]:
    """Photos of different sizes, so that none is read to find copies."""
    for number in range(photos):
        uri = f"/photos/2019/a summer in the mountains/IMG_{number:08}.jpg"
        yield PhotoRef(uri, 2_000_000 + number, Version.parse(str(10**18 + number)))


def indexed(ref: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Row of INDEXED_SCHEMA with one face."""
    face: dict[str, Any] = {"box": np.zeros(4), "landmarks": np.zeros(10), "thumbnail": rng.bytes(3000)}
    face |= dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), 1.0)
    face["embedding"] = rng.normal(size=EMBEDDING_SIZE).astype(np.float16)
    name = ref["uri"].rpartition("_")[2]
    face |= {"face_id": name, "photo_id": name}
    photo = {"photo_id": name, "width": 4000, "height": 3000, "orientation": 1, "status": OK}
    return ref | photo | {"faces": [face], "attempts": 1}


class MadeUp:
    """An engine that looks at nothing."""

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        rng = np.random.default_rng(0)
        for start in range(0, len(refs), AT_ONCE):
            rows = [indexed(ref, rng) for ref in refs.slice(start, AT_ONCE).to_pylist()]
            yield pa.Table.from_pylist(rows, schema=INDEXED_SCHEMA)


def index(folder: str, photos: int) -> None:
    """One run of indexing; prints the peak of this process."""
    if IndexStore.exists(folder):
        store = IndexStore.open(folder)
    else:
        store = IndexStore.create(folder, IndexSettings(), "sha")
    index_photos(found(photos), store, Context(lambda: nullcontext(MadeUp())))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=int, nargs="+")
    parser.add_argument("--folder", help="Index here, in this process.")
    arguments = parser.parse_args()
    if arguments.folder:
        index(arguments.folder, arguments.photos[0])
        return
    for photos in arguments.photos:
        with tempfile.TemporaryDirectory() as scratch:
            again = [sys.executable, __file__, str(photos), "--folder", f"{scratch}/index"]
            new, known = (
                int(subprocess.run(again, check=True, capture_output=True, text=True).stdout) / 1e6
                for _ in range(2)
            )
        print(f"{photos} photos: peak {new:.0f} MB where they are new, {known:.0f} MB where they are known")


if __name__ == "__main__":
    main()
