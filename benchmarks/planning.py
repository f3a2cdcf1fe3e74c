"""What it costs to find out what a run has to do, by the number of photos that are known.

    python benchmarks/planning.py 100000 1000000
    python benchmarks/planning.py 1000000 --moved 0.1 --new 0.1 --folder DIR
    python benchmarks/planning.py 100000 --files

An index of made-up photos without faces is written as indexing writes one; then `photoclust index` is run on
a made-up listing of the same photos, of which some are there under another name (``--moved``), are gone
(``--gone``), have changed (``--changed``), or are new (``--new``), each as a share of all. Nothing is opened:
what a file holds follows from its name. Each run is a process of its own. Shown are seconds by the clock and
of the processor, without the start of Python, and the peak memory. With ``--folder`` the index stays there.
``--files`` makes the files, without content, and runs the command `photoclust index` on them five times.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa

from photoclust.config import CollectionConfig, IndexSettings
from photoclust.index.store import IndexStore
from photoclust.index.writer import PHOTOS_A_PART
from photoclust.models.weights import weights_sha256
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos.sources.references import find_photos
from photoclust.records import INDEXED_SCHEMA, NO_FACE, PHOTO_SCHEMA, PhotoIdentity
from photoclust.workflows import index as workflow
from photoclust.workflows.context import Context
from photoclust.workflows.opening import fastest

FOLDER = "/photos/2019/a summer in the mountains/"
SHARES = ("moved", "gone", "changed", "new")
AT_ONCE = 64


def uri(number: int, folder: str = "") -> str:
    return f"{FOLDER}{folder}{number // 1000:05}/IMG_{number:08}.jpg"


def name(number: int) -> str:
    return f"{number:032x}"


def known(begin: int, end: int) -> pa.Table:
    """Rows of PHOTO_SCHEMA; sizes are spread as those of photos of 3 MB are."""
    numbers = range(begin, end)
    columns = {
        "photo_id": list(map(name, numbers)),
        "uri": list(map(uri, numbers)),
        "size": list(map(size, numbers)),
        "version": [str(10**18 + number) for number in numbers],
        "width": [4000] * len(numbers),
        "height": [3000] * len(numbers),
        "orientation": [1] * len(numbers),
        "status": [NO_FACE] * len(numbers),
        "attempts": [1] * len(numbers),
    }
    nothing = {field.name: pa.nulls(len(numbers), field.type) for field in PHOTO_SCHEMA}
    return pa.table(nothing | columns, schema=PHOTO_SCHEMA)


def size(number: int) -> int:
    return 1_000_000 + number * 2_654_435_761 % 4_000_000


def make_index(folder: str, photos: int) -> None:
    """An index of so many photos."""
    store = IndexStore.create(folder, IndexSettings(), "sha")
    no_faces = store.face_schema.empty_table()
    with store.lock():
        for start in range(0, photos, PHOTOS_A_PART):
            store.append(known(start, min(start + PHOTOS_A_PART, photos)), no_faces)


def listing(photos: int, shares: dict[str, float]) -> Iterator[PhotoRef]:
    """What a search finds of them."""
    draws = np.random.default_rng(0)
    moved, gone, changed = (shares[share] for share in SHARES[:3])
    for start in range(0, photos, 65536):
        chance = draws.random(min(65536, photos - start))
        for number, draw in enumerate(chance.tolist(), start):
            if draw < gone:
                continue
            is_moved, is_changed = draw - gone < moved, 0 <= draw - gone - moved < changed
            version = Version.modified(10**18 + number + is_changed)
            yield PhotoRef(uri(number, "moved/" if is_moved else ""), size(number), version)
    for number in range(photos, photos + round(photos * shares["new"])):
        yield PhotoRef(uri(number, "new/"), size(number), Version.modified(10**18 + number))


def identify(refs: Iterable[PhotoRef]) -> Iterator[PhotoIdentity | None]:
    """What files of these names hold."""
    return map(identity, refs)


def identity(ref: PhotoRef) -> PhotoIdentity:
    """What a file of this name holds."""
    picture = name(int(ref.uri[-12:-4]))
    return PhotoIdentity(picture, picture)


class MadeUp:
    """An engine that looks at nothing and finds no face."""

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        for start in range(0, len(refs), AT_ONCE):
            rows = [
                ref
                | {"photo_id": name(int(ref["uri"][-12:-4])), "status": NO_FACE, "attempts": 1, "faces": []}
                for ref in refs.slice(start, AT_ONCE).to_pylist()
            ]
            yield pa.Table.from_pylist(rows, schema=INDEXED_SCHEMA)


def index(folder: str, photos: int, shares: dict[str, float]) -> None:
    """One run of indexing; prints what it took."""
    workflow.is_gone = lambda _: True  # type: ignore[assignment]
    store, began, spent = IndexStore.open(folder), time.perf_counter(), time.process_time()
    context = Context(lambda: nullcontext(MadeUp()), lambda _: nullcontext(identify))
    collection = CollectionConfig((FOLDER,), "drop")
    workflow.require_there = lambda _: None  # type: ignore[assignment]
    with store.lock():
        report = workflow.index_photos(listing(photos, shares), store, context, collection)
    took = {"seconds": time.perf_counter() - began, "processor": time.process_time() - spent}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    said = {"found": report.found, "unchanged": report.unchanged, "copies": report.copies}
    said |= {"missing": report.missing, "moved": report.moved, "indexed": report.indexed}
    print(json.dumps(took | {"find": report.stage_seconds["find"], "peak_mb": peak} | said))


def again(folder: Path, photos: int) -> None:
    """The command on files that are all known."""
    files, settings = folder / "files", fastest(IndexSettings())
    for number in range(photos):
        file = files / f"{number // 1000:05}" / f"IMG_{number:08}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as content:
            content.truncate(size(number))
    store = IndexStore.create(str(folder / "index"), settings, weights_sha256(settings.embed.model))
    refs = list(find_photos([str(files)]))
    with store.lock():
        for start in range(0, photos, PHOTOS_A_PART):
            some = refs[start : start + PHOTOS_A_PART]
            rows = known(start, start + len(some)).to_pylist()
            found = [row | ref.row() for row, ref in zip(rows, some, strict=True)]
            store.append(pa.Table.from_pylist(found, PHOTO_SCHEMA), store.face_schema.empty_table())
    command = [sys.executable, "-m", "photoclust", "index", str(files), "--index", str(folder / "index")]
    for _ in range(5):
        began, before = time.perf_counter(), os.times()
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        spent = os.times()
        processor = sum(spent[2:4]) - sum(before[2:4])
        print(f"{time.perf_counter() - began:.1f} s, {processor:.1f} s of processors: {said.splitlines()[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photos", type=int, nargs="+")
    for share in SHARES:
        parser.add_argument(f"--{share}", type=float, default=0.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    shares = {share: getattr(options, share) for share in SHARES}
    if options.here:
        index(str(options.folder), options.photos[0], shares)
        return
    for photos in options.photos:
        with tempfile.TemporaryDirectory() as scratch:
            if options.files:
                again(Path(scratch), photos)
                continue
            folder = options.folder or Path(scratch) / "index"
            if not IndexStore.exists(str(folder)):
                make_index(str(folder), photos)
            flags = [word for share, value in shares.items() for word in (f"--{share}", str(value))]
            command = [sys.executable, __file__, str(photos), "--here", "--folder", str(folder), *flags]
            print(photos, subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


if __name__ == "__main__":
    main()
