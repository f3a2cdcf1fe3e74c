"""Indexing as tests ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.index.store import IndexStore
from photoclust.photos.sources import find_photos
from photoclust.pipeline import IndexReport, index_photos


@contextmanager
def no_progress(_: int) -> Iterator[object]:
    yield lambda done: None


def index_into(folder: Path, photos: Path | str, config: EngineConfig) -> tuple[IndexStore, IndexReport]:
    """Make an index of photos."""
    store = IndexStore.create(folder, IndexSettings(), "sha")
    with store.lock():
        report = index_photos(find_photos([str(photos)]), store, lambda: start(config), no_progress)
    return store, report
