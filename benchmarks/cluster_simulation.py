"""A SIMULATION of clusters we do not have: a discrete model fed with rates measured on two cores.

    python benchmarks/cluster_simulation.py --measure     the rates, on this machine
    python benchmarks/cluster_simulation.py               the tables of deploy/README.md

Photos come in batches. A core works on one batch at a time; the driver takes batches that are done one after
another, receives their rows and writes them; when two batches for each core wait there, cores stand still.
Before the first batch the driver lists the photos and plans the work, and after the last one faces are
grouped. What is not in the model: the network, nodes that die, start-up, and the photos' own storage.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CORES = 16  # of a node
BYTES_12MP, BYTES_250PX = 3_000_000, 15_000  # of a file
WAITING = 2  # batches for each core that may wait at the driver
DIRECTIONS = 128  # in which faces of the default model are compared
MAPPED_BYTES = 128 * 4 + 40 * 8  # a face: float32 embeddings; 40 neighbours, int32 and float32
EVENTS = 200_000  # batches in a simulated run, so that the largest takes seconds


@dataclass(frozen=True)
class Rates:
    """What a step costs; seconds of one core unless said otherwise.

    `photo_12mp` and `photo_250px` are two cores over the photos a second of the README's table; the others
    come from ``--measure``. `same_*` is for a photo whose size in bytes is that of another: some node reads
    it, to see whether it is the same photo under two names.
    """

    photo_12mp: float = 2 / 3.05
    photo_250px: float = 2 / 17.8
    list_photo: float = 0.0
    plan_photo: float = 0.0
    same_12mp: float = 0.0
    same_250px: float = 0.0
    hand_photo: float = 0.0  # the driver's, to hand a photo out through Ray Data and to receive its rows
    write_photo: float = 0.0
    sgemm: float = 0.0  # flops a second of one core
    faces: float = 4381 / 3708  # a photo of LFW's development people


MEASURED = Rates(
    list_photo=8.3e-06,
    plan_photo=4.9e-07,
    same_12mp=3.2e-03,
    same_250px=4.3e-05,
    hand_photo=1.8e-04,
    write_photo=1.3e-05,
    sgemm=1.6e11,
)


@dataclass(frozen=True)
class Outcome:
    """A simulated run: hours, and the share of them in which cores and driver had work."""

    index_hours: float
    busy_cores: float
    busy_driver: float


def planning(photos: int, mean_bytes: int, same: float, cores: int, rates: Rates) -> float:
    """Seconds until the first batch, if sizes are spread evenly between nothing and twice their mean."""
    sizes = 2 * mean_bytes
    shared = 1 - sizes / photos * (1 - np.exp(-photos / sizes))
    return photos * (rates.list_photo + rates.plan_photo + shared * same / cores)


def simulate(photos: int, photo_seconds: float, cores: int, rates: Rates) -> Outcome:
    """Index so many photos with so many cores."""
    batch = max(64, photos // EVENTS)
    work, write, batches = (
        batch * photo_seconds,
        batch * (rates.hand_photo + rates.write_photo),
        photos // batch,
    )
    seconds = work * np.random.default_rng(0).uniform(0.5, 1.5, batches)  # no two batches are alike
    at_work = list(seconds[:cores])  # when the batch in hand will be done, for each core
    heapq.heapify(at_work)
    served: deque[float] = deque(maxlen=WAITING * cores)
    driver = 0.0
    for following in [*seconds[cores:], *[np.inf] * len(at_work)]:
        done = heapq.heappop(at_work)
        room = served[0] if len(served) == served.maxlen else 0.0
        driver = max(done, driver) + write
        served.append(driver)
        heapq.heappush(at_work, max(done, room) + following)
    return Outcome(driver / 3600, seconds.sum() / cores / driver, batches * write / driver)


def grouping(faces: float, cores: int, rates: Rates) -> tuple[float, float]:
    """Hours of the exact neighbour search on so many cores, 2 n² d flops, and GB in the driver's files."""
    hours = 2 * faces**2 * DIRECTIONS / (cores * rates.sgemm) / 3600
    return hours, faces * MAPPED_BYTES / 1e9


def table(photos: int, rates: Rates) -> None:
    """Print what becomes of so many photos on ever more nodes."""
    faces = photos * rates.faces
    print(f"\nSIMULATION: {photos:,} photos, {faces:,.0f} faces; nodes of {CORES} cores and a head node")
    print("| nodes | photos | listing, plan (h) | indexing (h) | cores busy | driver busy | neighbours (h) |")
    print("|---|---|---|---|---|---|---|")
    kinds = (("12 MP", rates.photo_12mp, BYTES_12MP, rates.same_12mp),)
    kinds += (("250 px", rates.photo_250px, BYTES_250PX, rates.same_250px),)
    for name, seconds, size, same in kinds:
        for nodes in (1, 4, 16, 64, 256, 1000):
            plan = planning(photos, size, same, nodes * CORES, rates) / 3600
            outcome = simulate(photos, seconds, nodes * CORES, rates)
            hours, _ = grouping(faces, nodes * CORES, rates)
            shares = f"{outcome.busy_cores:.0%} | {outcome.busy_driver:.0%}"
            print(
                f"| {nodes} | {name} | {plan:,.2g} | {outcome.index_hours:,.1f} | {shares} | {hours:,.2g} |"
            )
    _, mapped = grouping(faces, 1, rates)
    print(f"Driver: {mapped:,.1f} GB of embeddings and neighbours in mapped files.")


# -- measuring --------------------------------------------------------------------------------------------


def measure(photos: int = 20_000) -> Rates:
    """Rates of this machine in processor seconds, which a busy machine stretches less than the clock."""
    import pyarrow as pa
    from threadpoolctl import threadpool_limits

    from photoclust.config import IndexSettings
    from photoclust.index.planning.plan import plan
    from photoclust.index.store import IndexStore
    from photoclust.index.writer import PartWriter
    from photoclust.photos.sources.references import find_photos

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photos"
        folder.mkdir()
        for number in range(photos):
            with (folder / f"{number:08}.jpg").open("wb") as file:
                file.truncate(number + 1)  # all of different sizes, so that none is read
        one = list(find_photos([str(folder / "00000000.jpg")]))  # what is imported is no photo's
        assert plan(one, [], _nothing, folder.parent).opened == 1
        list_seconds, refs = _timed(lambda: list(find_photos([str(folder)])))
        plan_seconds, work = _timed(lambda: plan(refs, [], _nothing, folder.parent))
        assert work.opened == photos
        same = [_same(folder / "size", size) for size in (BYTES_12MP, BYTES_250PX)]
        store = IndexStore.create(Path(scratch) / "index", IndexSettings(), "sha")
        rows = [_indexed(64) for _ in range(photos // 64)]

        def write() -> None:
            with PartWriter(store) as writer:
                for indexed in rows:
                    writer.add(*_parted(indexed))

        write_seconds, _ = _timed(write)
    assert isinstance(rows[0], pa.Table)
    left = np.random.default_rng(0).normal(size=(2048, 512)).astype(np.float32)
    with threadpool_limits(1):
        sgemm_seconds = min(_timed(lambda: left @ left.T)[0] for _ in range(20))
    return Rates(
        list_photo=list_seconds / photos,
        plan_photo=plan_seconds / photos,
        same_12mp=same[0],
        same_250px=same[1],
        hand_photo=_hand(photos),
        write_photo=write_seconds / photos,
        sgemm=2 * 2048**2 * 512 / sgemm_seconds,
    )


def _nothing(_: object) -> Iterator[None]:
    """Which pictures files hold, of which none is read."""
    return iter(())


def _same(path: Path, size: int) -> float:
    """Seconds to see what a file of so many bytes is."""
    from photoclust.config import DecodeConfig
    from photoclust.photo_refs import PhotoRef, Version
    from photoclust.photos.sources.references import content_id, read_photo

    path.write_bytes(np.random.default_rng(0).bytes(size))
    ref = PhotoRef(str(path), size, Version.parse("1"))
    return min(_timed(lambda: content_id(read_photo(ref, DecodeConfig())))[0] for _ in range(50))


def _hand(photos: int) -> float:
    """Processor seconds of the driver for a photo when the actors have nothing to do."""
    from photoclust.config import EngineConfig, IndexSettings
    from photoclust.engine import ray as ray_engine
    from photoclust.engine import start
    from photoclust.photo_refs import PhotoRef, Version, ref_table

    rows = _indexed(64)

    class Idle:
        def __init__(self, *_: object) -> None:
            pass

        def __call__(self, _):  # type: ignore[no-untyped-def]
            return rows

    class Through(Idle):
        def __call__(self, indexed):  # type: ignore[no-untyped-def]
            return indexed

    ray_engine.FindFaces, ray_engine.EmbedFaces = Idle, Through  # type: ignore[misc]
    refs = ref_table([PhotoRef(f"/{i}.jpg", 1, Version.parse("")) for i in range(photos)], [0] * photos)
    with start(EngineConfig(num_cpus=2, photos_per_batch=64)) as engine:
        tables = iter(engine.stream(refs, IndexSettings()))
        next(tables)  # what comes before is start-up
        seconds, received = _timed(lambda: sum(map(len, tables)))
    return seconds / received


def _parted(indexed):  # type: ignore[no-untyped-def]
    """What the driver does with rows as they come."""
    from photoclust.records import photos_and_faces, stage_seconds

    stage_seconds(indexed)
    return photos_and_faces(indexed)


def _indexed(photos: int):  # type: ignore[no-untyped-def]
    """Rows as they come from an actor: one face each, with noise for an embedding and for a thumbnail."""
    import pyarrow as pa

    from photoclust.records import INDEXED_SCHEMA

    rng = np.random.default_rng(0)
    face = {
        "box": [0.0] * 4,
        "landmarks": [0.0] * 10,
        "detection_score": 1.0,
        "sharpness": 1.0,
        "yaw": 0.0,
        "quality": 1.0,
        "thumbnail": rng.bytes(2500),
    }
    rows = []
    for _ in range(photos):
        name = rng.bytes(16).hex()
        embedding = rng.normal(size=512).astype(np.float16)
        own = face | {"face_id": name, "photo_id": name, "embedding": embedding}
        row = {"photo_id": name, "uri": f"/photos/{name}.jpg", "size": 1, "version": "1", "status": "ok"}
        rows.append(row | {"attempts": 1, "faces": [own], "seconds": {"detect": 0.1}})
    return pa.Table.from_pylist(rows, schema=INDEXED_SCHEMA)


def _timed(work: Callable[[], object]):  # type: ignore[no-untyped-def]
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def main() -> None:
    """Print the rates, or the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure", action="store_true")
    if parser.parse_args().measure:
        for name, value in vars(measure()).items():
            print(f"{name} = {value:.3g}")
        return
    for photos in (10_000_000, 1_000_000_000):
        table(photos, MEASURED)


if __name__ == "__main__":
    main()
