"""The review page of an index, written anew when what it shows has changed."""

from __future__ import annotations

from pathlib import Path

from photoclust.index.store import IndexStore


def review_page(folder: str | Path) -> Path:
    """Where the review page of an index lies."""
    return Path(folder).absolute() / "review" / "index.html"


def refresh_page(store: IndexStore) -> None:
    """Write the review page unless it shows what there is; the caller holds the index's lock."""
    if not _is_fresh(store):
        write_page(store)


def _is_fresh(store: IndexStore) -> bool:
    """Tell whether the page was written after everything it shows."""
    from photoclust.report.parts import FILE

    page = review_page(store.folder).with_name(FILE)
    shown = [store.folder / "current.json", *(store.folder / "photos").glob("part-*")]
    return page.is_file() and page.stat().st_mtime_ns >= max(path.stat().st_mtime_ns for path in shown)


def write_page(store: IndexStore) -> None:
    """Write the review page of an index that has people; the caller holds its lock."""
    import pyarrow as pa

    from photoclust.index.prepared import stamp_of
    from photoclust.report.album import Album
    from photoclust.report.review import write_review
    from photoclust.workflows.snapshot.compared import ComparedFaces

    clustering = store.current_clustering()
    if clustering is None:
        return
    faces = ComparedFaces.load(store).table.select(["face_id", "photo_id", "quality"])
    album = Album(store.photos(), faces, clustering.assignments, clustering.people)
    write_review(
        album,
        store.folder / "review",
        store.folder.resolve().name,
        thumbnails=lambda rows: store.column("thumbnail", faces["face_id"].take(pa.array(rows))),
        mark=stamp_of(store.folder, "faces"),
    )
