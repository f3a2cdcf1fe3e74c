"""The main job as the verbs run it: open the index, do the work, write the page, sum up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from photoclust.cli._progress import compare_progress, photo_progress, say
from photoclust.config import ClusterConfig, CollectionConfig, EngineConfig, IndexSettings
from photoclust.errors import NoPhotosError

if TYPE_CHECKING:
    from photoclust.index.store import IndexStore
    from photoclust.photos.sources.search import Search
    from photoclust.records import PhotoRef
    from photoclust.workflows.run_stats import GroupReport, IndexReport

FOUND_SAID = 100_000


@dataclass(frozen=True)
class PhotoOptions:
    """What a user may say about indexing; None leaves it to the index, or to the default of a new one."""

    model: str | None = None
    min_face_size: int | None = None
    max_pixels: int | None = None
    retry_failed: bool = False
    missing: str = "check"
    image_column: str | None = None
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    def search(self, photos: tuple[str, ...]) -> Search:
        """A search for photos that asks for these."""
        from photoclust.photos.sources.search import Search

        return Search(photos, self.image_column, self.exclude, self.include)


def open_index(folder: str, options: PhotoOptions) -> IndexStore:
    """Open the index at `folder`, or make it, with the settings that `options` ask for."""
    from photoclust.index.store import IndexStore
    from photoclust.models.weights import weights_path, weights_sha256

    if not IndexStore.exists(folder):
        settings = _asked_for(IndexSettings(), options)
        weights_path(settings.embed.model)
        return IndexStore.create(folder, settings, weights_sha256(settings.embed.model))
    store = IndexStore.open(folder)
    settings = _asked_for(store.settings, options)
    store.require(settings, weights_sha256(settings.embed.model))
    return IndexStore(store.folder, settings, store.model_sha256)


def _asked_for(settings: IndexSettings, options: PhotoOptions) -> IndexSettings:
    decode, detect, embed = settings.decode, settings.detect, settings.embed
    if options.max_pixels is not None:
        decode = replace(decode, max_pixels=options.max_pixels)
    if options.min_face_size is not None:
        detect = replace(detect, min_face_size=options.min_face_size)
    if options.model is not None:
        embed = replace(embed, model=options.model)
    return replace(settings, decode=decode, detect=detect, embed=embed)


def index(photos: tuple[str, ...], folder: str, engine: EngineConfig, options: PhotoOptions) -> IndexReport:
    """Bring the index at `folder` up to date with `photos`."""
    from photoclust.engine import start
    from photoclust.index.store import IndexStore
    from photoclust.index.unfinished import unfinished
    from photoclust.storage.retry import counting_retries
    from photoclust.workflows.index import index_photos

    search = options.search(photos)
    collection = CollectionConfig(search.prefixes(), options.missing, options.retry_failed)
    with counting_retries() as around:
        refs, none_found = find(search)
        if none_found and not (IndexStore.exists(folder) and options.missing != "keep"):
            raise none_found
        store = open_index(folder, options)
        with store.lock(), unfinished(store.folder):
            report = index_photos(
                _told(refs), store, lambda: start(engine), photo_progress, collection, search
            )
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


def _told(refs: Iterator[PhotoRef]) -> Iterator[PhotoRef]:
    """Say how many photos there are, now and then and in the end."""
    found = 0
    for found, ref in enumerate(refs, 1):
        yield ref
        if found % FOUND_SAID == 0:
            say(f"{found} photos found so far.")
    say(f"{found} photos found.")


def cluster(
    folder: str, config: ClusterConfig, max_named_churn: float = 1.0, engine: EngineConfig | None = None
) -> GroupReport:
    """Group the faces of the index at `folder` and write the page."""
    from photoclust.engine.clustering import start_workers
    from photoclust.engine.neighbours import start_search
    from photoclust.index.searching import DividedSearch
    from photoclust.index.store import IndexStore
    from photoclust.people.graph.approximate import ApproximateSearch
    from photoclust.workflows.cluster import group_faces

    store, place = IndexStore.open(folder), engine or EngineConfig()
    exact = DividedSearch(
        lambda: start_search(place), compare_progress, place.divide_search_from, store.folder
    )
    begin = config.approximate_from
    search = exact if begin is None else ApproximateSearch(exact, begin, compare_progress)
    with store.lock():
        say("Grouping faces.")
        report = group_faces(store, config, max_named_churn, search, lambda: start_workers(place))
        if report.neighbour_recall is not None:
            say(f"Neighbours are approximate: {report.neighbour_recall:.1%} of them found.")
        if not _page_is_fresh(store):
            renew_page(store)
    return report


def use(folder: str, said: str) -> str:
    """Put a clustering of the index at `folder` in force and write the page; gives its id."""
    from photoclust.index.store import IndexStore

    store = IndexStore.open(folder)
    with store.lock():
        run_id = store.clusterings.find(said)
        store.clusterings.read(run_id)
        store.clusterings.put_in_force(run_id)
        if not _page_is_fresh(store):
            renew_page(store)
    return run_id


def _page_is_fresh(store: IndexStore) -> bool:
    """Tell whether the page was written after everything it shows."""
    from photoclust.report.parts import FILE

    page = review_page(store.folder).with_name(FILE)
    shown = [store.folder / "current.json", *(store.folder / "photos").glob("part-*")]
    return page.is_file() and page.stat().st_mtime_ns >= max(path.stat().st_mtime_ns for path in shown)


def renew_page(store: IndexStore) -> None:
    """Write the review page of an index that has people; the caller holds its lock."""
    import pyarrow as pa

    from photoclust.index.prepared import stamp_of
    from photoclust.report.album import Album
    from photoclust.report.review import write_review

    clustering = store.current_clustering()
    if clustering is None:
        return
    faces = store.faces(["quality"])
    album = Album(store.photos(), faces, clustering.assignments, clustering.people)
    write_review(
        album,
        store.folder / "review",
        store.folder.resolve().name,
        thumbnails=lambda rows: store.column("thumbnail", faces["face_id"].take(pa.array(rows))),
        mark=stamp_of(store.folder, "faces"),
    )


def review_page(folder: str | Path) -> Path:
    """Where the review page of an index lies."""
    return Path(folder).absolute() / "review" / "index.html"
