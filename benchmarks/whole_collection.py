"""A large collection through the commands themselves: seconds, peak memory, pairwise F.

    python benchmarks/whole_collection.py 100000
    python benchmarks/whole_collection.py 300000 --folder DIR -- --approximate-from 100000

An index of so many synthetic faces is written as indexing writes one, and grouped by `photoclust cluster`,
with the options after ``--``. Then a hundredth more faces come and it is grouped again, and the verbs that
look at the outcome are run. With `--folder` index and pages stay, and are used again.

Persons have 1 to 500 faces (a Zipf law) that follow the two-covariance model of the shipped calibration in 55
of the 512 dimensions; photos hold 1 to 4 faces, and every twentieth face is of a low quality. Memory is the
proportional set size of all processes together, see `memory.py`. Seconds of processor time stand beside those
of the clock, since they say more on a machine that is shared.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import tempfile
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
from memory import peak_of
from PIL import Image

from photoclust.config import IndexSettings
from photoclust.evaluate.scores import pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.index.writer import FACES_A_PART, PartWriter
from photoclust.people.calibration.evidence import calibration_of
from photoclust.records import FACE_SCHEMA, OK, PHOTO_SCHEMA

DIMENSIONS = 55  # as many as the calibration says carry the spread of real embeddings
THUMBNAILS = 50


class Collection:
    """Synthetic faces by number; a hundredth more than asked for, which come later."""

    def __init__(self, faces: int) -> None:
        rng = np.random.default_rng(0)
        self.all = faces + faces // 100
        sizes = np.minimum(rng.zipf(1.6, self.all), 500)
        self.person = rng.permutation(np.repeat(np.arange(self.all), sizes)[: self.all])
        self.identity = rng.standard_normal((self.person.max() + 1, DIMENSIONS), np.float32)
        self.photo = np.repeat(np.arange(self.all), rng.choice(4, self.all, p=[0.5, 0.25, 0.15, 0.1]) + 1)
        self.thumbnails = [thumbnail(rng) for _ in range(THUMBNAILS)]

    def embeddings(self, begin: int, end: int) -> np.ndarray:
        """Unit vectors, float32, shape (end - begin, 512), that come out as drawn once they are centred."""
        calibration = calibration_of("casia-webface")
        share, mean, basis = calibration.plain.identity, calibration.mean, calibration.basis
        photo = np.random.default_rng(begin).standard_normal((end - begin, DIMENSIONS), np.float32)
        compact = np.sqrt(share) * self.identity[self.person[begin:end]] + np.sqrt(1 - share) * photo
        spread = compact @ basis[:, :DIMENSIONS].T
        spread /= np.linalg.norm(spread, axis=1, keepdims=True)
        along = spread @ mean
        return mean + (np.sqrt(along**2 + 1 - mean @ mean) - along)[:, None] * spread

    def faces(self, begin: int, end: int) -> pa.Table:
        """Rows of FACE_SCHEMA."""
        rng, numbers = np.random.default_rng(begin + 1), np.arange(begin, end)
        corner = rng.uniform(0, 500, (end - begin, 2)) + 700 * (numbers % 5)[:, None]
        box = np.hstack([corner, corner + 200]).astype(np.float32)
        quality = np.where(rng.random(end - begin) < 0.05, 0.2, 0.9).astype(np.float32)
        ones = np.ones(end - begin, np.float32)
        columns = {
            "face_id": [name("face", number) for number in numbers],
            "photo_id": [name("photo", number) for number in self.photo[begin:end]],
            "box": rows_of(box),
            "landmarks": rows_of(np.tile(box, (1, 3))[:, :10]),
            "detection_score": ones,
            "sharpness": ones,
            "yaw": ones,
            "quality": quality,
            "embedding": rows_of(self.embeddings(begin, end).astype(np.float16)),
            "thumbnail": [self.thumbnails[number % THUMBNAILS] for number in numbers],
        }
        return pa.table(columns, schema=FACE_SCHEMA)

    def photos(self, begin: int, end: int) -> pa.Table:
        """Rows of PHOTO_SCHEMA for the photos of some faces."""
        numbers = np.unique(self.photo[begin:end]).tolist()
        rows = [
            {
                "photo_id": name("photo", number),
                "uri": uri(number),
                "size": 2_000_000 + number,
                "version": str(10**18 + number),
                "width": 4000,
                "height": 3000,
                "orientation": 1,
                "taken_at": datetime(2000, 1, 1) + timedelta(minutes=10 * number),
                "status": OK,
                "attempts": 1,
            }
            for number in numbers
        ]
        return pa.Table.from_pylist(rows, schema=PHOTO_SCHEMA)

    def add_to(self, store: IndexStore, begin: int, end: int) -> None:
        """Write some faces as indexing does."""
        with store.lock(), PartWriter(store) as writer:
            for start in range(begin, end, FACES_A_PART):
                stop = min(start + FACES_A_PART, end)
                writer.add(self.photos(start, stop), self.faces(start, stop))


def name(kind: str, number: int) -> str:
    return blake2b(f"{kind} {number}".encode(), digest_size=16).hexdigest()


def uri(photo: int) -> str:
    return f"/photos/2019/a summer in the mountains/{photo // 1000:05}/IMG_{photo:08}.jpg"


def rows_of(matrix: np.ndarray) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def thumbnail(rng: np.random.Generator) -> bytes:
    """A JPEG of 112 pixels and some 3 kB, as those of real faces are."""
    coarse = Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8))
    stream = io.BytesIO()
    coarse.resize((112, 112), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=80)
    return stream.getvalue()


def agreement(store: IndexStore, collection: Collection) -> str:
    """Pairwise F of the grouping in force."""
    clustering = store.current_clustering()
    assert clustering is not None
    numbers = {name("face", number): number for number in range(collection.all)}
    person = collection.person[[numbers[face] for face in clustering.assignments["face_id"].to_pylist()]]
    found, group = np.unique(clustering.assignments["person_id"].to_pylist(), return_inverse=True)
    alone = found[group] == ""
    score = pairwise_scores(person, np.where(alone, -1 - np.arange(len(group)), group))
    seconds = {stage: round(took, 1) for stage, took in clustering.run["stage_seconds"].items()}
    return (
        f"{clustering.run['people']} people, pairwise P {score.precision:.4f} R {score.recall:.4f} "
        f"F {score.f:.4f}; seconds {json.dumps(seconds)}"
    )


def photoclust(folder: Path, *words: str) -> str:
    """Run a verb on the index and say what it cost; what it prints is not looked at."""
    before = _processor_seconds()
    command = [sys.executable, "-m", "photoclust", *words, "--index", str(folder)]
    return f"{peak_of(command, quiet=True)}, {_processor_seconds() - before:.0f} s of processors"


def _processor_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def look(folder: Path, scratch: Path) -> None:
    """Run the verbs that look at the grouping in force."""
    clustering = IndexStore.open(folder).current_clustering()
    assert clustering is not None
    first, second = clustering.people["person_id"].to_pylist()[:2]
    verbs = {
        "status": ["status"],
        "people list": ["people", "list"],
        "people show": ["people", "show", first],
        "people suggest": ["people", "suggest"],
        "explain": ["explain", first, second],
        "diff": ["diff"],
        **{
            f"export {form}": ["export", "--format", form, "--output", str(scratch / f"all.{form}")]
            for form in ("csv", "json", "parquet")
        },
        "people name": ["people", "name", first, "Ada"],
    }
    for verb, words in verbs.items():
        print(f"{verb:16} {photoclust(folder, *words)}", flush=True)


def page_sizes(folder: Path) -> str:
    sizes = [page.stat().st_size for page in (folder / "review").glob("*.html")]
    return f"review: {len(sizes)} pages, {sum(sizes) / 1e6:.0f} MB, the largest {max(sizes) / 1e6:.1f} MB"


def measure(n: int, folder: Path, scratch: Path, options: list[str]) -> None:
    collection = Collection(n)
    if not IndexStore.exists(folder):
        collection.add_to(IndexStore.create(folder, IndexSettings(), "sha"), 0, n)
    store = IndexStore.open(folder)
    steps = {f"{n} faces": None, "again": None, "a hundredth more": (n, collection.all)}
    for step, more in steps.items():
        if more:
            collection.add_to(store, *more)
        print(f"{step}: {photoclust(folder, 'cluster', *options)}", flush=True)
        print(f"  {agreement(store, collection)}; {page_sizes(folder)}", flush=True)
    look(folder, scratch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("faces", type=int, nargs="?", default=100_000)
    parser.add_argument("--folder", type=Path)
    own, options = sys.argv[1:], list[str]()
    if "--" in own:
        own, options = own[: own.index("--")], own[own.index("--") + 1 :]
    arguments = parser.parse_args(own)
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch) / "index"
        measure(arguments.faces, folder, Path(scratch), options)


if __name__ == "__main__":
    main()
