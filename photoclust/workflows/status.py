"""What an index holds: photos, faces, people, and what is still to be done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from photoclust.index.runs import passed_over_before
from photoclust.index.store import IndexStore
from photoclust.index.unfinished import unfinished_run
from photoclust.records import FAILED, FORGOTTEN, MISSING, NO_FACE, OK
from photoclust.workflows.review_page import review_page

if TYPE_CHECKING:
    import pyarrow as pa

    from photoclust.index.store import Clustering


@dataclass(frozen=True)
class ModelStatus:
    """The embedding model of an index: its name, and the SHA-256 of its weights."""

    name: str
    sha256: str


@dataclass(frozen=True)
class PhotoCounts:
    """How many photos there are.

    Attributes
    ----------
    seen
        All that are there, those forgotten among them.
    with_faces, without_faces, failed, forgotten
        Of those, by what came of them.
    missing
        No longer there, nor under another name.
    left_out
        Still there, and no longer taken by the search.
    copies
        Files with the same picture as another.
    """

    seen: int
    with_faces: int
    without_faces: int
    failed: int
    missing: int
    left_out: int
    forgotten: int
    copies: int


@dataclass(frozen=True)
class GroupingStatus:
    """The grouping in force; see `photoclust.workflows.run_stats.GroupReport`.

    Attributes
    ----------
    created
        When, in ISO 8601.
    named
        People who have a name.
    """

    run_id: str
    created: str
    faces: int
    people: int
    in_people: int
    unsure: int
    low_quality: int
    named: int
    neighbour_recall: float | None


@dataclass(frozen=True)
class FailedPhoto:
    """A photo that could not be used: at which stage, why, and how often that was tried."""

    uri: str
    stage: str
    error: str
    attempts: int


@dataclass(frozen=True)
class IndexStatus:
    """What an index holds.

    Attributes
    ----------
    index
        The index, as the user calls it.
    unfinished
        ``began``, ``host`` and ``verb`` of a run of indexing that has not ended; None where there is none.
    grouping
        None where faces were never grouped.
    missing
        Uris of the photos that are no longer there.
    passed_over
        What the last search did not take; see `photoclust.photos.sources.passed_over.PassedOver`.
    grouped
        Whether the grouping in force is one of all faces there are, and of no others.
    review_page
        Where the review page is, or would be.
    """

    index: str
    model: ModelStatus
    photos: PhotoCounts
    faces: int
    unfinished: dict[str, Any] | None
    grouping: GroupingStatus | None
    failed: tuple[FailedPhoto, ...]
    missing: tuple[str, ...]
    passed_over: dict[str, dict[str, int]]
    grouped: bool
    review_page: Path

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, without what follows from others."""
        values = asdict(self)
        del values["grouped"], values["review_page"]
        return values | {"failed": list(values["failed"]), "missing": list(self.missing)}


def status(store: IndexStore) -> IndexStatus:
    """Count what an index holds; of its photos only those that are named become Python objects."""
    known = store.known_photos()
    photos = known.filter(pc.field("status") != MISSING)
    away = known.filter(pc.field("status") == MISSING)
    left_out = away.filter(pc.field("left_out").is_valid())
    missing = _missing(away.filter(pc.field("left_out").is_null()), photos)
    failed = photos.filter(pc.field("status") == FAILED).select(["uri", "stage", "error", "attempts"])
    stored, clustering = store.faces([]), store.current_clustering()
    faces, bare = stored["face_id"], _bare(photos, stored)
    return IndexStatus(
        index=store.called,
        model=ModelStatus(store.settings.embed.model, store.model_sha256),
        photos=_counts(known, photos, len(missing), len(left_out), bare),
        faces=len(faces),
        unfinished=unfinished_run(store.folder),
        grouping=_grouping(clustering),
        failed=tuple(FailedPhoto(**row) for row in failed.to_pylist()),
        missing=tuple(missing),
        passed_over=passed_over_before(store.folder),
        grouped=clustering is not None and clustering.assignments["face_id"].equals(faces),
        review_page=review_page(store.folder),
    )


def _bare(photos: pa.Table, faces: pa.Table) -> int:
    """How many photos have had faces, of which the user said that they are none."""
    had = photos.filter(pc.field("status") == OK)
    return len(had.filter(~pc.field("photo_id").isin(faces["photo_id"].unique())))


def _counts(known: pa.Table, photos: pa.Table, missing: int, left_out: int, bare: int) -> PhotoCounts:
    counted = {row["values"]: row["counts"] for row in known["status"].value_counts().to_pylist()}
    usable = photos.filter(pc.field("status") != FAILED)["photo_id"]
    return PhotoCounts(
        seen=len(photos),
        with_faces=counted.get(OK, 0) - bare,
        without_faces=counted.get(NO_FACE, 0) + bare,
        failed=counted.get(FAILED, 0),
        missing=missing,
        left_out=left_out,
        forgotten=counted.get(FORGOTTEN, 0),
        copies=len(usable) - len(usable.unique()),
    )


def _missing(away: pa.Table, photos: pa.Table) -> list[str]:
    """Uris of missing photos whose picture is under no other name, `photos` being those that are there."""
    elsewhere = pc.field("photo_id").isin(photos["photo_id"].unique())
    return away.filter(~elsewhere)["uri"].to_pylist()


def _grouping(clustering: Clustering | None) -> GroupingStatus | None:
    if clustering is None:
        return None
    names = ("created", "faces", "people", "in_people", "unsure", "low_quality")
    return GroupingStatus(
        run_id=clustering.run_id,
        **{name: clustering.run[name] for name in names},
        named=sum(name != "" for name in clustering.people["name"].to_pylist()),
        neighbour_recall=clustering.run.get("neighbour_recall"),
    )
