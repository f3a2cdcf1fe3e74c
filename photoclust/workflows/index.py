"""From photos to rows in the index, top to bottom; from rows to people see `photoclust.workflows.cluster`.

Left of Parquet every photo is handled alone and streams through an engine; right of it nothing touches a
pixel, so that grouping can be repeated in seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, replace
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.config import CollectionConfig, DecodeConfig, IndexSettings
from photoclust.errors import NoPhotosError, ObjectStoreError, PhotoError, UsageError
from photoclust.index.place import Location
from photoclust.index.planning.absence import Absence, gone_from
from photoclust.index.planning.plan import Identify, Plan, plan
from photoclust.index.planning.unread import Unread
from photoclust.index.planning.worklist import Unanswered, references, with_copies
from photoclust.index.runs import passed_over_before
from photoclust.index.store import IndexStore
from photoclust.index.unfinished import unfinished
from photoclust.index.writer import PartWriter
from photoclust.photo_refs import PhotoRef
from photoclust.photos.identifying import identities
from photoclust.photos.sources.gone import is_gone
from photoclust.photos.sources.reach import Roots, require_there
from photoclust.photos.sources.search import Search
from photoclust.records import (
    PHOTO_SCHEMA,
    face_schema,
    failed_row,
    page_of,
    photos_and_faces,
    stage_seconds,
)
from photoclust.storage.retry import counting_retries, handed_over
from photoclust.workflows.context import INDEX, Context
from photoclust.workflows.opening import PhotoOptions, open_index
from photoclust.workflows.run_stats import IndexReport, RunStats
from photoclust.workflows.snapshot.succession import Succession

if TYPE_CHECKING:
    from photoclust.stages import Engine

PHOTOS_A_MESSAGE = 100_000


def index(photos: Sequence[str], folder: Location, options: PhotoOptions, context: Context) -> IndexReport:
    """Bring an index up to date with photos; it is made where there is none.

    Parameters
    ----------
    photos
        Folders, files, URIs, archives and lists; see `photoclust.photos.sources.references.find_photos`.
    folder
        The index, on this machine.
    options
        What was asked for.
    context
        Where the work runs and who is told of it.

    Raises
    ------
    UsageError
        No sources are given.
    NoPhotosError
        There are no photos, and none known before that could be missing.
    IndexLockedError
        Another process is writing to the index.
    MissingPhotosError, SourceLostError
        See `index_photos`.
    """
    if not photos:
        raise UsageError("No photos were named; name folders, files, URIs, archives or lists.")
    search = options.search(photos)
    with counting_retries() as around:
        refs, none_found = find(search)
        if none_found and not (IndexStore.exists(folder) and options.missing != "keep"):
            raise none_found
        store = open_index(folder, options)
        with store.lock():
            found = _counted(refs, context)
            report = index_photos(found, store, context, options.collection(search), search)
    if none_found and not report.changed_something:
        raise none_found
    return replace(report, retries=report.retries + around.requests)


def find(search: Search) -> tuple[Iterator[PhotoRef], NoPhotosError | None]:
    """What the sources hold, or what they say when that is nothing: known photos may be missing from them."""
    refs = search.photos()
    try:
        return chain([next(refs)], refs), None
    except NoPhotosError as error:
        return iter(()), error


def _counted(refs: Iterator[PhotoRef], context: Context) -> Iterator[PhotoRef]:
    """Say how many photos there are, now and then and in the end."""
    found = 0
    for found, ref in enumerate(refs, 1):
        yield ref
        if found % PHOTOS_A_MESSAGE == 0:
            context.log(f"{found} photos found so far.")
    context.log(f"{found} photos found.")


def index_photos(
    refs: Iterable[PhotoRef],
    store: IndexStore,
    context: Context,
    collection: CollectionConfig | None = None,
    search: Search | None = None,
) -> IndexReport:
    """Bring the index up to date with a collection; the caller holds the index's lock.

    Until it has ended, ``unfinished.json`` says so; a run that changed something is recorded in ``runs/``.

    Parameters
    ----------
    refs
        The photos, as a source finds them.
    store
        Where the rows go.
    context
        Where the work runs, and who is told how many photos are done.
    collection
        What the run may say about photos that are not among `refs`; by default nothing.
    search
        Where `refs` come from: says what it has left out.

    Raises
    ------
    MissingPhotosError
        So many photos are no longer there that a drive may be unplugged; nothing was written.
    SourceLostError
        What photos are read from went out of reach; what was finished was written.
    """
    collection, search = collection or CollectionConfig(), search or Search()
    with unfinished(store.folder, context.verb):
        report = _indexed(refs, store, context, collection, search)
        if report.changed_something or report.passed_over != passed_over_before(store.folder):
            store.write_run({"kind": "index", "job": context.job, **asdict(report)})
    return report


def _indexed(
    refs: Iterable[PhotoRef],
    store: IndexStore,
    context: Context,
    collection: CollectionConfig,
    search: Search,
) -> IndexReport:
    stats, no_faces = RunStats(), store.face_schema.empty_table()
    with counting_retries() as finding:
        work = _planned(refs, store, collection, context)
        absence = _absence(work, collection)
    stats.add_seconds("find", stats.seconds)
    gone = handed_over(is_gone)
    unread = Unread(is_gone, Roots(collection.folders))
    with counting_retries() as writing, PartWriter(store) as writer:
        # first what is gone: should this be killed, the new names are still new to the next run
        for rows in chain(absence.rows(search.reason_left_out), absence.moves_back(gone)):
            _write(writer, RunStats(), rows, no_faces)
        for rows in work.photos.tables("back"):
            _write(
                writer, stats, rows.select(PHOTO_SCHEMA.names), no_faces, Succession(store, _changed(rows))
            )
        if work.opened:
            with context.start_engine() as engine, context.progress(INDEX, work.to_do) as advance:
                advance(work.known_copies + work.returned)
                for some in work.work():
                    succession = Succession(store, some.changed)
                    for photos, faces in _rows(engine, some.refs, store.settings, stats):
                        photos = with_copies(photos, some.copies)
                        _write(writer, RunStats(), absence.moves_of(photos, gone), no_faces)
                        _write(writer, stats, unread.sort(photos, some.known), faces, succession)
                        stats.pace(len(photos))
                        advance(len(photos))
            _write(writer, stats, unread.rest(), no_faces)
    stats.retries += finding.requests + writing.requests
    return replace(
        stats.report(work, absence.lost, unread, absence.moved),
        left_out=absence.left_out,
        passed_over=search.passed_over.values(),
    )


def _planned(
    refs: Iterable[PhotoRef], store: IndexStore, collection: CollectionConfig, context: Context
) -> Plan:
    """What is to be done, and which known photos are no longer there."""
    asked = {} if collection.missing == "keep" else {"are_gone": gone_from(collection.folders, is_gone)}
    start = context.start_identifying or _here
    with ExitStack() as stack:
        identify = cache(lambda: stack.enter_context(start(store.settings.decode)))
        return plan(
            refs,
            store.parts.read_photos(),
            lambda some: identify()(some),
            store.folder,
            collection.retry_failed,
            **asked,
        )


def _here(limits: DecodeConfig) -> AbstractContextManager[Identify]:
    return nullcontext(partial(identities, limits=limits))


def _absence(work: Plan, collection: CollectionConfig) -> Absence:
    """What becomes of known photos that were not found; asks where too many are gone."""
    if work.gone:
        require_there(collection.folders)
    absence = Absence(work, collection.folders)
    if collection.missing == "check":
        # a TIFF that lost its further pages was saved anew: no drive is gone
        absence.require_plausible([begin for begin in collection.folders if not page_of(f"{begin}2")])
    return absence


def _changed(rows: pa.Table) -> dict[str, dict[str, Any]]:
    """By uri, what was known of photos that have another picture now."""
    changed = rows.filter(pc.field("changed_from").is_valid()).select(["uri", "changed_from"])
    return {row["uri"]: row["changed_from"] for row in changed.to_pylist()}


def _write(
    writer: PartWriter,
    stats: RunStats,
    photos: pa.Table,
    faces: pa.Table,
    succession: Succession | None = None,
) -> None:
    if len(photos):
        stats.statuses.update(photos["status"].to_pylist())
        stats.faces += len(faces)
        began = time.monotonic()
        writer.add(photos, faces, succession.of(photos, faces) if succession else ())
        stats.add_seconds("write", time.monotonic() - began)


def _rows(
    engine: Engine, refs: pa.Table, settings: IndexSettings, stats: RunStats
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Rows for every photo of `refs`, whatever happens to the processes that work on them.

    A photo that takes its process down takes the rest of its batch with it. Those that gave no row are
    tried again, each alone, for as long as that brings rows home, since the death of one may still cost
    its neighbours. What then gives none is a failed photo.
    """
    waiting = Unanswered(refs)
    photos_at_once: int | None = None
    while before := len(waiting):
        for indexed in engine.stream(waiting.table, settings, photos_at_once):
            photos, faces = photos_and_faces(indexed)
            _require_credentials(indexed)
            stats.add_notes(indexed["note"])
            for stage, seconds in stage_seconds(indexed).items():
                stats.add_seconds(stage, seconds)
            stats.retries += sum(filter(None, indexed["retries"].to_pylist()))
            waiting.answered(photos["uri"].to_pylist())
            yield photos, faces
        if photos_at_once and len(waiting) == before:
            break
        photos_at_once = 1
    died = PhotoError("detect", "the process working on it died, or was ended after too long a time")
    tried = waiting.table["attempts"].to_pylist()
    lost = [failed_row(ref, often, died) for ref, often in zip(references(waiting.table), tried, strict=True)]
    yield pa.Table.from_pylist(lost, schema=PHOTO_SCHEMA), face_schema(settings.embed.dimension).empty_table()


def _require_credentials(indexed: pa.Table) -> None:
    """End the run rather than fail every photo that is left; those not written are done by the next."""
    expired = indexed.filter(pc.field("credentials_expired"))
    if len(expired):
        raise ObjectStoreError(f"Photos can no longer be read: {expired['error'][0].as_py()}.")
