"""What a run leaves behind about itself."""

from __future__ import annotations

import json
from pathlib import Path

from skimage import data as pictures
from skimage.io import imsave

from photoclust.config import ClusterConfig, EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.index.store import IndexStore
from photoclust.photos.sources.references import find_photos
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.context import Context
from photoclust.workflows.index import IndexReport, index_photos

JOB = "photoclust-run-1-1"


def index(store: IndexStore, photos: Path) -> IndexReport:
    config = EngineConfig(kind="local")
    return index_photos(find_photos([str(photos)]), store, Context(lambda: start(config), job=JOB))


def test_a_run_is_recorded_with_the_seconds_of_each_stage(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    imsave(photos / "astronaut.png", pictures.astronaut(), check_contrast=False)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 this is no photo")
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "sha")

    report = index(store, photos)
    (file,) = (store.folder / "runs").iterdir()
    run = json.loads(file.read_text())
    assert (run["kind"], run["job"]) == ("index", JOB)
    assert (run["faces"], run["indexed"]) == (1, {"ok": 1, "failed": 1})
    assert set(run["stage_seconds"]) == {"find", "read", "decode", "detect", "embed", "write"}
    assert all(seconds >= 0 for seconds in run["stage_seconds"].values())
    assert run["stage_seconds"]["detect"] > 0
    assert run["stage_seconds"]["embed"] > 0
    assert sum(run["stage_seconds"].values()) <= report.seconds
    assert file.stat().st_mode & 0o077 == 0

    index(store, photos)
    assert len(list((store.folder / "runs").iterdir())) == 1, "a run that did nothing is no event"

    group_faces(store, ClusterConfig(), job=JOB)
    clustering = store.current_clustering()
    assert clustering is not None
    assert set(clustering.run["stage_seconds"]) == {"neighbours", "cluster"}
    assert clustering.run["job"] == JOB
