"""An index with everything that may hold a person."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from erasing import PeopleOf, ids_of

from photoclust.config import ClusterConfig
from photoclust.index.store import IndexStore
from photoclust.people.decisions.line import HEADER
from photoclust.report.album import Album
from photoclust.report.export import write_export
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.review_page import write_page


@pytest.fixture
def store(_full_index: IndexStore, tmp_path: Path) -> IndexStore:
    """An index with everything that may hold a person: names, two groupings, pages, exports, leftovers."""
    return IndexStore.open(shutil.copytree(_full_index.folder, tmp_path / "index", symlinks=True))


@pytest.fixture(scope="session")
def _full_index(
    build: Callable[[Path], IndexStore], people_of: PeopleOf, tmp_path_factory: pytest.TempPathFactory
) -> IndexStore:
    album_index = build(tmp_path_factory.mktemp("full") / "index")
    who = people_of(album_index)
    album_index.decisions_file.write_text(
        f"{','.join(HEADER)}\n"
        f"2026-01-01,name,{who['ada']},{' '.join(ids_of(album_index, who['ada'])[:3])},,Ada Lovelace\n"
        f"2026-01-01,name,{who['bea']},{' '.join(ids_of(album_index, who['bea'])[:3])},,Bea\n"
    )
    for k in (9, 8):
        group_faces(album_index, ClusterConfig(k=k))
    clustering = album_index.current_clustering()
    assert clustering is not None
    faces = album_index.faces()
    album = Album(album_index.photos(), faces, clustering.assignments, clustering.people)
    for fmt in ("csv", "json", "parquet"):
        write_export(album, fmt, album_index.folder / f"faces.{fmt}", embeddings=True)
    write_export(album, "folders", album_index.folder / "by person")
    write_page(album_index)
    (album_index.folder / "clusterings" / ".tmp-left").write_bytes(faces["thumbnail"][0].as_py())
    image = base64.b64encode(faces["thumbnail"][0].as_py()).decode()
    (album_index.folder / "board.html").write_text(f'<img src="data:image/jpeg;base64,{image}">')
    (album_index.folder / "notes.txt").write_text("The user's own.")
    return album_index
