"""The whole flow, read top to bottom: photos to rows in the index, rows to people.

Left of Parquet every photo is handled alone and streams through an engine; right of it nothing touches a
pixel, so that grouping can be repeated in seconds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Protocol

import pyarrow as pa

from photoclust.config import ClusterConfig, CollectionConfig, DecodeConfig, IndexSettings
from photoclust.errors import PhotoError
from photoclust.grouping import (
    decisions_of,
    fingerprint,
    neighbour_graph,
    new_clustering,
    previous_people,
    verify_input,
)
from photoclust.index.absence import lost_photos, missing_rows, require_plausible
from photoclust.index.plan import Plan, plan, with_copies
from photoclust.index.store import Clustering, IndexStore
from photoclust.index.writer import PartWriter
from photoclust.people.calibration import calibration_of
from photoclust.people.continuity import keep_ids
from photoclust.people.density import density_clusters
from photoclust.people.verify import verify
from photoclust.photos.sources import content_id, is_gone, read_photo
from photoclust.records import (
    FACE_SCHEMA,
    PHOTO_SCHEMA,
    PhotoRef,
    failed_row,
    photos_and_faces,
    ref_table,
)

Progress = Callable[[int], None]


class Engine(Protocol):
    """What runs the stages: see `photoclust.engine`."""

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        """Yield tables of INDEXED_SCHEMA for all of `refs` (REF_SCHEMA), in any order."""
        ...


@dataclass(frozen=True)
class IndexReport:
    """What one run of indexing did.

    Attributes
    ----------
    found
        Photos that the sources held.
    unchanged
        Of those, how many were in the index already.
    indexed
        Rows written, by status.
    copies
        Of those, files with the same bytes as another.
    missing
        Photos known before that are no longer there, nor anywhere else under another name.
    returned
        Photos that had been missing and are back as they were; they are among the rows written.
    seconds
        Time for everything, the start of the engine included.
    photos_a_second
        Rate from the first rows that came back to the last, so start-up apart; None for too few photos.
    """

    found: int
    unchanged: int
    indexed: dict[str, int]
    copies: int
    missing: int
    returned: int
    seconds: float
    photos_a_second: float | None


def index_photos(
    refs: Iterable[PhotoRef],
    store: IndexStore,
    start_engine: Callable[[], AbstractContextManager[Engine]],
    progress: Callable[[int], AbstractContextManager[Progress]],
    collection: CollectionConfig | None = None,
) -> IndexReport:
    """Bring the index up to date with a collection; the caller holds the index's lock.

    Parameters
    ----------
    refs
        The photos, as a source finds them.
    store
        Where the rows go.
    start_engine
        Called only when there is work.
    progress
        Called with the number of photos to do; gives what is told of each few done.
    collection
        What the run may say about photos that are not among `refs`; by default nothing.

    Raises
    ------
    MissingPhotosError
        So many photos are no longer there that a drive may be unplugged; nothing was written.
    """
    collection = collection or CollectionConfig()
    seen, limits = store.known_photos(), store.settings.decode
    work = plan(refs, seen, lambda ref: _identify(ref, limits), collection.retry_failed)
    missing = _missing(work, seen, collection)
    counts: Counter[str] = Counter()
    pace = _Pace()
    with PartWriter(store) as writer:
        known = pa.Table.from_pylist([*work.known_copies, *work.returned], schema=PHOTO_SCHEMA)
        _write(writer, counts, known, FACE_SCHEMA.empty_table())
        _write(writer, Counter(), missing, FACE_SCHEMA.empty_table())
        if work.refs:
            with start_engine() as engine, progress(work.to_do) as tell:
                tell(len(known))
                for photos, faces in _rows(engine, work, store.settings):
                    photos = with_copies(photos, work.copies)
                    _write(writer, counts, photos, faces)
                    pace.add(len(photos))
                    tell(len(photos))
    return IndexReport(
        found=work.total,
        unchanged=work.unchanged,
        indexed=dict(counts),
        copies=work.to_do - len(work.refs) - len(work.returned),
        missing=len(lost_photos(work, missing.to_pylist(), seen)),
        returned=len(work.returned),
        seconds=pace.seconds,
        photos_a_second=pace.rate,
    )


def _missing(work: Plan, known: pa.Table, collection: CollectionConfig) -> pa.Table:
    """Rows for photos that are no longer there."""
    if collection.missing == "keep":
        return PHOTO_SCHEMA.empty_table()
    rows = missing_rows(work, collection.folders, is_gone)
    if collection.missing == "check":
        require_plausible(work, rows, known, collection.folders)
    return pa.Table.from_pylist(rows, schema=PHOTO_SCHEMA)


class _Pace:
    """Stopwatch of a run: whole seconds, and the rate once rows have begun to come."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.first = self.last = 0.0
        self.photos = 0

    def add(self, photos: int) -> None:
        self.last = time.monotonic()
        if self.first:
            self.photos += photos
        else:
            self.first = self.last

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def rate(self) -> float | None:
        return self.photos / (self.last - self.first) if self.last > self.first else None


def _write(writer: PartWriter, counts: Counter[str], photos: pa.Table, faces: pa.Table) -> None:
    if len(photos):
        counts.update(photos["status"].to_pylist())
        writer.add(photos, faces)


def _rows(engine: Engine, work: Plan, settings: IndexSettings) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Rows for every photo of the plan, whatever happens to the processes that work on them.

    A photo that takes its process down takes the rest of its batch with it. Those that gave no row are
    tried again, each alone, for as long as that brings rows home, since the death of one may still cost
    its neighbours. What then gives none is a failed photo.
    """
    waiting = {ref.uri: (ref, tried) for ref, tried in zip(work.refs, work.attempts, strict=True)}
    photos_at_once: int | None = None
    while waiting:
        before = len(waiting)
        todo = ref_table([ref for ref, _ in waiting.values()], [tried for _, tried in waiting.values()])
        for indexed in engine.stream(todo, settings, photos_at_once):
            photos, faces = photos_and_faces(indexed)
            for uri in photos["uri"].to_pylist():
                waiting.pop(uri, None)
            yield photos, faces
        if photos_at_once and len(waiting) == before:
            break
        photos_at_once = 1
    died = PhotoError("detect", "the process working on it died")
    lost = [failed_row(ref, tried, died) for ref, tried in waiting.values()]
    yield pa.Table.from_pylist(lost, schema=PHOTO_SCHEMA), FACE_SCHEMA.empty_table()


def _identify(ref: PhotoRef, limits: DecodeConfig) -> str:
    try:
        return content_id(read_photo(ref, limits))
    except PhotoError:
        return ""


@dataclass(frozen=True)
class GroupReport:
    """What a grouping came to; `problems` are decisions that could not be applied."""

    run_id: str
    faces: int
    people: int
    in_people: int
    unsure: int
    low_quality: int
    seconds: float
    unchanged: bool
    problems: tuple[str, ...]


def group_faces(store: IndexStore, config: ClusterConfig) -> GroupReport:
    """Group all faces of the index into people and put the result in force.

    Does nothing when neither faces, settings nor decisions have changed since the clustering in force.

    Raises
    ------
    VectorError
        When a stored embedding is no unit vector, with its face_id.
    """
    began = time.monotonic()
    faces = store.faces(["box", "quality", "embedding"])
    decisions = decisions_of(store)
    calibration = calibration_of(store.settings.embed.model)
    mark = fingerprint(faces, config, decisions, calibration)
    current = store.current_clustering()
    if current is not None and current.run["fingerprint"] == mark:
        return _report(current, began, unchanged=True, problems=decisions.problems)
    embeddings, graph = neighbour_graph(store, faces, calibration, config.k)
    labels = density_clusters(graph, config)
    groups = verify(verify_input(faces, embeddings), graph, labels, config, calibration)
    people = keep_ids(groups.group, faces["face_id"].to_pylist(), previous_people(current))
    clustering = new_clustering(faces, labels, groups, people, decisions)
    clustering.run.update(fingerprint=mark, config=asdict(config), seconds=time.monotonic() - began)
    store.write_clustering(clustering)
    return _report(clustering, began, unchanged=False, problems=decisions.problems)


def _report(clustering: Clustering, began: float, unchanged: bool, problems: tuple[str, ...]) -> GroupReport:
    run = clustering.run
    counts = {name: run[name] for name in ("faces", "people", "in_people", "unsure", "low_quality")}
    seconds = time.monotonic() - began
    return GroupReport(clustering.run_id, **counts, seconds=seconds, unchanged=unchanged, problems=problems)
