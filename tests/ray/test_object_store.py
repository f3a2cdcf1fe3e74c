"""A bucket equals a folder, on both engines, even when the store has troubles."""

from __future__ import annotations

import itertools
import tarfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from skimage import data as pictures
from skimage.io import imsave

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.errors import ObjectStoreError
from photoclust.index.store import IndexStore
from photoclust.limits import RetryPolicy, TimeLimits, limited
from photoclust.photos.sources.references import find_photos
from photoclust.storage.retry import counting_retries
from photoclust.workflows.context import Context
from photoclust.workflows.index import IndexReport, index_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces, none, the same photo twice, and one that is broken."""
    folder = tmp_path_factory.mktemp("photos")
    for step in range(1, 4):
        imsave(folder / f"{step}.png", pictures.astronaut()[: -step * 20, step * 8 :], check_contrast=False)
    imsave(folder / "coffee.png", pictures.coffee(), check_contrast=False)
    (folder / "copy.png").write_bytes((folder / "coffee.png").read_bytes())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 this is no photo")
    with tarfile.open(folder / "more.tar", "w") as archive:
        archive.add(folder / "1.png", "person/again.png")
        archive.add(folder / "broken.jpg", "../out.jpg")
    return folder


def indexed(folder: Path, source: str, engine: str) -> tuple[pa.Table, pa.Table, IndexReport]:
    """Rows of photos, their uris relative to the source and their versions left out, and of faces."""
    known = IndexStore.exists(folder)
    store = IndexStore.open(folder) if known else IndexStore.create(folder, IndexSettings(), "sha")
    config = EngineConfig(kind=engine, num_cpus=1 if engine == "ray" else None)
    with store.lock(), counting_retries() as door:
        refs = find_photos([source])
        report = index_photos(refs, store, Context(lambda: start(config)))
    report = replace(report, retries=report.retries + door.requests)
    photos = store.photos().drop_columns("version")
    uris = [uri.removeprefix(source) for uri in photos["uri"].to_pylist()]
    return photos.set_column(1, "uri", pa.array(uris)), store.faces(), report


@pytest.fixture(scope="module")
def expected(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, pa.Table]:
    rows, faces, report = indexed(tmp_path_factory.mktemp("index") / "i", str(photos), "local")
    assert dict(report.indexed) == {"ok": 4, "no_face": 2, "failed": 2}
    assert report.retries == 0
    return rows, faces


def is_refused(count: int) -> bool:
    """Tell whether a request is answered with 503: every fifth is."""
    return count % 5 == 1


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])])
def test_a_troubled_bucket_gives_what_the_folder_gives(bucket, photos, expected, tmp_path, engine):
    bucket.upload(photos, "album/")
    count = itertools.count()
    stalls = iter([3600.0])
    bucket.proxy.fault = lambda method, path: 503 if is_refused(next(count)) else next(stalls, None)
    with limited(TimeLimits(store=RetryPolicy(read=5))):
        rows, faces, report = indexed(tmp_path / "index", f"{bucket.uri}/album", engine)
    assert rows.equals(expected[0])
    assert faces.equals(expected[1])
    assert report.retries >= sum(map(is_refused, range(len(bucket.proxy.requests)))) + 1


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])])
def test_credentials_that_expire_end_the_run_and_fail_no_photo(bucket, photos, expected, tmp_path, engine):
    bucket.upload(photos, "album/")
    reads = itertools.count()
    bucket.proxy.fault = lambda method, path: 400 if ".png" in path and next(reads) > 3 else None
    with pytest.raises(
        ObjectStoreError, match=r"^Photos can no longer .* expired; get new ones and try again"
    ):
        indexed(tmp_path / "index", f"{bucket.uri}/album", engine)
    bucket.proxy.fault = lambda method, path: None
    rows = IndexStore.open(tmp_path / "index").photos()
    assert not any("expired" in (error or "") for error in rows["error"].to_pylist())
    again, faces, _ = indexed(tmp_path / "index", f"{bucket.uri}/album", engine)
    assert again.drop_columns("attempts").equals(expected[0].drop_columns("attempts"))
    assert faces.equals(expected[1])
