"""Photos that cannot be read for a while, through a whole run of indexing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from photoclust.config import CollectionConfig, IndexSettings
from photoclust.errors import PhotoError, SourceLostError
from photoclust.index.store import IndexStore
from photoclust.photo_refs import PhotoRef
from photoclust.photos.identity import picture_id
from photoclust.photos.sources import files
from photoclust.photos.sources.references import find_photos, folder_prefixes, read_photo
from photoclust.records import INDEXED_SCHEMA, failed_row
from photoclust.workflows.context import Context
from photoclust.workflows.index import IndexReport, index_photos


class ReadingEngine:
    """Reads photos and finds no faces in them; `before` is told of each first."""

    def __init__(self, before: Callable[[str], object]) -> None:
        self.before = before

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        for values in refs.to_pylist():
            tried, ref = values["attempts"], PhotoRef.of_row(values)
            self.before(ref.uri)
            try:
                photo_id = picture_id(read_photo(ref, settings.decode))
                row: dict[str, Any] = values | {"photo_id": photo_id, "status": "no_face"}
                row |= {"attempts": tried + 1, "faces": []}
            except PhotoError as error:
                row = failed_row(ref, tried, error)
            yield pa.Table.from_pylist([row], schema=INDEXED_SCHEMA)


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    for number in range(30):
        Image.new("RGB", (8, 8), (number, 80, 80)).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore.create(tmp_path / "index", IndexSettings(), "sha")


def index(store: IndexStore, drive: Path, before: Callable[[str], object] = lambda _: None) -> IndexReport:
    @contextmanager
    def start() -> Iterator[ReadingEngine]:
        yield ReadingEngine(before)

    sources = [str(drive)]
    collection = CollectionConfig(tuple(folder_prefixes(sources)))
    return index_photos(find_photos(sources), store, Context(start), collection)


@contextmanager
def unreadable(*names: str) -> Iterator[None]:
    """Let the system refuse files, which it does not for root."""
    read = files.read_file

    def refuse(uri: str, *arguments: Any) -> bytes:
        if Path(uri).name in names:
            raise PhotoError("read", "permission denied")
        return read(uri, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "read_file", refuse)
        yield


def statuses(store: IndexStore) -> dict[str, int]:
    counted = store.photos()["status"].value_counts().to_pylist()
    return {value["values"]: value["counts"] for value in counted}


def test_a_photo_that_may_be_read_now_needs_no_option(store: IndexStore, drive: Path) -> None:
    with unreadable("03.png"):
        assert index(store, drive).indexed == {"no_face": 29, "failed": 1}
        again = index(store, drive, lambda uri: pytest.fail(uri))
        assert (again.indexed, again.unchanged, again.unread) == ({}, 30, 1)
    assert index(store, drive).indexed == {"no_face": 1}
    assert statuses(store) == {"no_face": 30}


def test_a_photo_that_has_changed_and_cannot_be_read_stays_as_it_was(store: IndexStore, drive: Path) -> None:
    index(store, drive)
    before = store.photos()
    Image.new("RGB", (9, 9)).save(drive / "03.png")
    with unreadable("03.png"):
        report = index(store, drive)
    assert (report.indexed, report.kept, report.unread) == ({}, 1, 1)
    assert store.photos().equals(before)
    assert index(store, drive).indexed == {"no_face": 1}


@pytest.mark.parametrize("known", [False, True], ids=["new photos", "known photos that changed"])
def test_a_drive_that_goes_in_mid_run(store: IndexStore, drive: Path, known: bool) -> None:
    if known:
        index(store, drive)
        for number, path in enumerate(sorted(drive.iterdir())):
            Image.new("RGB", (100 + number, 90)).save(path)

    def unplug(uri: str) -> None:
        if uri.endswith("07.png"):
            drive.rename(drive.with_name("away"))

    with pytest.raises(SourceLostError, match=f"{drive} can no longer be read"):
        index(store, drive, unplug)
    assert statuses(store) == {"no_face": 30 if known else 7}
    drive.with_name("away").rename(drive)
    assert index(store, drive).indexed == {"no_face": 23}
    assert statuses(store) == {"no_face": 30}


def test_a_drive_that_goes_while_the_work_is_planned(store: IndexStore, drive: Path) -> None:
    index(store, drive)
    sources = [str(drive)]
    refs = find_photos(sources)
    first = next(refs)
    collection = CollectionConfig(tuple(folder_prefixes(sources)), "drop")
    drive.rename(drive.with_name("away"))
    with pytest.raises(SourceLostError):
        index_photos([first], store, Context(lambda: nullcontext(None)), collection)
    assert statuses(store) == {"no_face": 30}


def test_a_photo_that_is_deleted_before_it_is_read_is_no_failure(store: IndexStore, drive: Path) -> None:
    report = index(store, drive, lambda uri: uri.endswith("03.png") and Path(uri).unlink())
    assert (report.indexed, report.vanished) == ({"no_face": 29}, 1)
    assert statuses(store) == {"no_face": 29}
