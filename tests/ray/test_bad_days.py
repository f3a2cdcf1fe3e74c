"""Photos that hang, full GPUs, slow stages and slow disks: the job finishes and stays in bounds."""

from __future__ import annotations

import logging
import re
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from skimage import data as pictures
from skimage.io import imsave

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import ray as ray_engine
from photoclust.engine import start
from photoclust.limits import TimeLimits
from photoclust.models.embedder import Embedder
from photoclust.photo_refs import PhotoRef, Version, ref_table
from photoclust.records import FOUND_SCHEMA, INDEXED_SCHEMA
from photoclust.stages import EmbedFaces, FindFaces

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]


class Hanging(FindFaces):
    """Never comes back from one photo, as a decoder with a bug might."""

    def find(self, ref, tried):  # type: ignore[no-untyped-def]
        if ref.uri.endswith("/hangs.png"):
            while True:
                time.sleep(3600)
        return super().find(ref, tried)


@pytest.mark.acceptance
def test_a_photo_that_hangs_fails_alone(
    index_into: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engine, "FindFaces", Hanging)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("first", "hangs", "last"):
        Image.new("RGB", (64, 64), "grey").save(photos / f"{name}.png")
        with (photos / f"{name}.png").open("ab") as file:
            file.write(name.encode())  # so that none is the copy of another
    config = EngineConfig(photos_per_batch=3, detect_actors=1, embed_actors=1, photo_seconds=8.0)
    store, report = index_into(tmp_path / "index", photos, config)
    assert report.indexed == {"no_face": 2, "failed": 1}
    (failed,) = [row for row in store.photos().to_pylist() if row["status"] == "failed"]
    assert failed["uri"].endswith("/hangs.png")
    assert "too long a time" in failed["error"]


class FullGpu(Embedder):
    """Says what CUDA says when more than two crops are asked for at once."""

    def _embed_batch(self, crops):  # type: ignore[no-untyped-def]
        if self.batch_size > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return super()._embed_batch(crops)


class OnFullGpu(EmbedFaces):
    """Embeds on a GPU that somebody else has filled."""

    def __init__(self, settings: IndexSettings, device: str = "cpu") -> None:
        super().__init__(settings, device)
        self.embedder.__class__ = FullGpu


@pytest.mark.slow
def test_a_full_gpu_is_told_of_and_costs_no_face(
    index_into: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray_engine, "EmbedFaces", OnFullGpu)
    monkeypatch.setattr(logging.getLogger("photoclust"), "propagate", True)
    imsave(tmp_path / "astronaut.png", pictures.astronaut(), check_contrast=False)
    store, report = index_into(tmp_path / "index", tmp_path, EngineConfig(kind="ray", num_cpus=1))
    assert report.indexed == {"ok": 1}
    assert len(store.faces([])) == 1
    assert report.notes == ("A GPU is out of memory: 2 faces at once there from now on.",)
    assert report.notes[0] in caplog.text


PHOTOS, FACES = 80, 64  # 5 MB of crops each, 400 MB together: more than the object store holds


class Crowds(FindFaces):
    """Finds many faces in no time, without looking."""

    def __init__(self, settings: IndexSettings, photo_seconds: float | None, limits: TimeLimits) -> None:
        self.photo_seconds, self.limits = photo_seconds, limits
        self.crop = np.random.default_rng(0).bytes(3 * settings.crop.size**2)

    def find(self, ref, tried):  # type: ignore[no-untyped-def]
        face = dict.fromkeys(("face_id", "photo_id"), "") | {
            "box": [0.0] * 4,
            "landmarks": [0.0] * 10,
            "detection_score": 1.0,
            "sharpness": 1.0,
            "yaw": 0.0,
            "quality": 1.0,
            "thumbnail": b"",
            "crop": self.crop,
        }
        row = {"photo_id": "", "uri": ref.uri, "size": 1, "version": "", "status": "ok", "attempts": 1}
        return row | {"faces": [face] * FACES}


class Quick(EmbedFaces):
    """Embeds nothing, in no time."""

    seconds = 0.0

    def __init__(self, settings: IndexSettings, device: str = "cpu") -> None:
        pass

    def __call__(self, found: pa.Table) -> pa.Table:
        time.sleep(self.seconds)
        names = [name for name in INDEXED_SCHEMA.names if name != "faces"]
        empty = pa.nulls(len(found), INDEXED_SCHEMA.field("faces").type)
        assert found.schema.equals(FOUND_SCHEMA)
        return found.select(names).append_column("faces", empty).select(INDEXED_SCHEMA.names)


class Slow(Quick):
    """Takes its time."""

    seconds = 0.1


class _Watch(threading.Thread):
    """Highest use of the object store, in MB, and whether anything had to go to disk."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest, self.spilled, self.looks, self.done = 0.0, False, 0, threading.Event()

    def run(self) -> None:
        from ray._private.internal_api import memory_summary

        while not self.done.wait(0.2):
            text = memory_summary(stats_only=True)
            used = re.search(r"Plasma memory usage (\d+) MiB", text)
            assert used, text
            self.highest = max(self.highest, float(used[1]))
            self.spilled |= "Spilled" in text
            self.looks += 1


@pytest.mark.acceptance
@pytest.mark.parametrize("slow", ["embedder", "writer"])
def test_the_object_store_stays_in_bounds_whoever_is_slow(slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "FindFaces", Crowds)
    monkeypatch.setattr(ray_engine, "EmbedFaces", Slow if slow == "embedder" else Quick)
    refs = ref_table([PhotoRef(f"/{i}.jpg", 1, Version.parse("")) for i in range(PHOTOS)], [0] * PHOTOS)
    rows, watch = 0, _Watch()
    with start(EngineConfig(kind="ray", num_cpus=2, photos_per_batch=1)) as engine:
        watch.start()
        for indexed in engine.stream(refs, IndexSettings()):
            rows += len(indexed)
            if slow == "writer":
                time.sleep(0.1)
        watch.done.set()
        watch.join()
    assert rows == PHOTOS
    assert watch.looks > 3
    assert not watch.spilled
    assert watch.highest < ray_engine.OBJECT_STORE_BYTES / 1024**2
