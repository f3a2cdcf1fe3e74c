"""Seconds that corrections take through the command line, start of the process and review page included.

    python benchmarks/corrections.py INDEX
    python benchmarks/corrections.py --synthetic 100000

The index is copied first. Each correction is given once to warm up and then as often as asked for, each time
about other people; the least of the seconds by the clock and of those of processors are printed. Synthetic
faces follow the two-covariance model of the shipped calibration; persons have 1 to some hundred of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows.people.people_index import PeopleIndex

THUMBNAIL = b"\xff\xd8" + bytes(3000) + b"\xff\xd9"
PART = 10_000  # faces
# modules that are compiled anew in every process would be half of what is measured
_ENVIRONMENT = {name: said for name, said in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def synthetic_index(
    folder: Path, n: int, sizes: np.ndarray | None = None, thumbnails: Sequence[bytes] = (THUMBNAIL,)
) -> None:
    """An index of so many made-up faces, each in a photo of its own; `sizes` are the faces of each person."""
    store = IndexStore.create(folder, IndexSettings(), "synthetic")
    rng = np.random.default_rng(0)
    sizes = np.minimum(rng.zipf(1.6, n), 500) if sizes is None else sizes
    person = np.repeat(np.arange(len(sizes)), sizes)[:n]
    share = calibration_of("casia-webface").plain.identity
    for start in range(0, n, PART):
        own = person[start : start + PART]
        identity = np.stack([np.random.default_rng(p).normal(size=EMBEDDING_SIZE) for p in np.unique(own)])
        rows = np.sqrt(share) * identity[np.unique(own, return_inverse=True)[1]]
        rows += np.sqrt(1 - share) * rng.normal(size=rows.shape)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        ids = [f"{start + row:032x}" for row in range(len(own))]
        store.append(_photos(ids), _faces(ids, rows.astype(np.float16), thumbnails))


def _photos(ids: list[str]) -> pa.Table:
    plain = {"size": 1, "version": "1", "status": "ok", "attempts": 1, "width": 99, "height": 99}
    return pa.Table.from_pylist(
        [{"photo_id": one, "uri": f"/{one}.jpg"} | plain for one in ids], PHOTO_SCHEMA
    )


def _faces(ids: list[str], rows: np.ndarray, thumbnails: Sequence[bytes]) -> pa.Table:
    n = len(ids)
    columns = {
        "face_id": [f"{one}-0" for one in ids],
        "photo_id": ids,
        "box": pa.FixedSizeListArray.from_arrays(np.tile(np.array([0, 0, 60, 60], np.float32), n), 4),
        "landmarks": pa.FixedSizeListArray.from_arrays(np.zeros(10 * n, np.float32), 10),
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), EMBEDDING_SIZE),
        "thumbnail": [thumbnails[row % len(thumbnails)] + one.encode() for row, one in enumerate(ids)],
    }
    columns |= dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), np.ones(n, np.float32))
    return pa.table({name: columns[name] for name in FACE_SCHEMA.names}, schema=FACE_SCHEMA)


def corrections(folder: Path) -> dict[str, Callable[[int], list[str]]]:
    """Words of each correction, about the people of a number."""

    def people(number: int) -> tuple[str, str, list[str]]:
        people_index = PeopleIndex(IndexStore.open(folder))
        many = [person for person, row in people_index.people.items() if row["faces"] > 2 and not row["name"]]
        first, second = many[2 * number], many[2 * number + 1]
        return first, second, sorted(people_index.faces_of(first))

    return {
        "name": lambda i: ["name", people(i)[0], f"Ada {i}"],
        "ignore": lambda i: ["ignore", people(i)[0]],
        "cover": lambda i: ["cover", people(i)[0], people(i)[2][0]],
        "merge": lambda i: ["merge", *people(i)[:2]],
        "reject": lambda i: ["reject", people(i)[0], people(i)[2][0]],
        "split": lambda i: ["split", people(i)[0], people(i)[2][0]],
        "different": lambda i: ["different", *people(i)[:2]],
    }


def timed(words: list[str], folder: Path) -> tuple[float, float]:
    """Seconds by the clock and of processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "photoclust", *words, "--index", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env=_ENVIRONMENT)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(folder: Path, times: int) -> Iterator[str]:
    """A line for each correction."""
    wall, processors = timed(["cluster"], folder)
    yield f"{'the grouping before':20} {wall:8.2f} {processors:8.2f}"
    for name, words in corrections(folder).items():
        seconds = [timed(["people", *words(number)], folder) for number in range(times + 1)][1:]
        yield f"{name:20} {min(w for w, _ in seconds):8.2f} {min(p for _, p in seconds):8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", nargs="?", type=Path)
    parser.add_argument("--synthetic", type=int, metavar="FACES")
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    if bool(arguments.index) == bool(arguments.synthetic):
        parser.error("Give an index or --synthetic FACES.")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "index"
        if arguments.synthetic:
            synthetic_index(folder, arguments.synthetic)
        else:
            shutil.copytree(arguments.index, folder)
        print(f"{len(IndexStore.open(folder).faces([]))} faces")
        print(f"{'seconds':20} {'clock':>8} {'cpu':>8}")
        for line in measured(folder, arguments.times):
            print(line, flush=True)


if __name__ == "__main__":
    main()
