"""Photos that are looked at together give the rows of photos looked at one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from skimage import data as pictures

from photoclust.config import IndexSettings
from photoclust.faces.batched.detector import BatchDetector
from photoclust.photo_refs import PhotoRef, Version, ref_table
from photoclust.records import Detections, stage_seconds
from photoclust.stages import EmbedFaces, FindFaces, FindFacesTogether

GREY = 77  # of a photo that no detector of these tests can bear


@pytest.fixture(scope="module")
def refs(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Photos with a face, without, on its side, broken, tiny."""
    folder, astronaut = tmp_path_factory.mktemp("photos"), pictures.astronaut()
    photos = {
        "astronaut": astronaut,
        "lying": np.rot90(astronaut),
        "cat": pictures.chelsea(),
        "grey": np.full((200, 300, 3), GREY, np.uint8),
        "tiny": astronaut[:1, :1],
        "two": np.concatenate([astronaut, astronaut[:, ::-1]], 1),
        "long": np.zeros((20, 9000, 3), np.uint8),
    }
    for name, pixels in photos.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "broken.png").write_bytes((folder / "cat.png").read_bytes()[:9000])
    paths = sorted(folder.iterdir())
    known = [PhotoRef(str(path), path.stat().st_size, Version.parse("")) for path in paths]
    return ref_table(known, [0] * len(known))


def rows(stage: FindFaces, refs: pa.Table) -> list[dict[str, Any]]:
    found = [row for table in stage(refs) for row in table.to_pylist()]
    for row in found:
        row["name"] = Path(row["uri"]).stem
        assert sum(filter(None, row.pop("seconds").values())) > 0
    return found


@pytest.fixture(scope="module")
def together() -> FindFacesTogether:
    return FindFacesTogether(IndexSettings(), device="cpu", threads=2)


def test_rows_are_those_of_one_by_one(together: FindFacesTogether, refs: pa.Table) -> None:
    expected, found = rows(FindFaces(IndexSettings()), refs), rows(together, refs)
    assert [row["name"] for row in found] == [row["name"] for row in expected]
    assert {row["name"]: len(row["faces"] or ()) for row in found if row["faces"]} == {
        "astronaut": 1, "lying": 1, "two": 2,
    }  # fmt: skip
    for ours, theirs in zip(found, expected, strict=True):
        assert {k: v for k, v in ours.items() if k != "faces"} == {
            k: v for k, v in theirs.items() if k != "faces"
        }
        for a, b in zip(ours["faces"] or (), theirs["faces"] or (), strict=True):
            np.testing.assert_allclose(a["box"], b["box"], atol=0.05)
            np.testing.assert_allclose(a["quality"], b["quality"], atol=1e-3)
            crops = [np.frombuffer(face["crop"], np.uint8).astype(int) for face in (a, b)]
            assert np.abs(crops[0] - crops[1]).mean() < 0.5


class Delicate(BatchDetector):
    """Fails on grey photos, with all that are looked at in the same breath."""

    error: Exception = RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED\nand so on")

    def detect_all(self, photos: Sequence[np.ndarray]) -> list[Detections]:
        if any((photo == GREY).all() for photo in photos):
            raise self.error
        return super().detect_all(photos)


def test_a_photo_that_cannot_be_looked_at_fails_alone(together: FindFacesTogether, refs: pa.Table) -> None:
    stage = FindFacesTogether(IndexSettings(), device="cpu", threads=2)
    stage.detector = Delicate(IndexSettings().detect, "cpu")
    failed = {row["name"]: (row["stage"], row["error"]) for row in rows(stage, refs) if row["error"]}
    assert failed.pop("broken")[0] == "decode"
    assert failed == {"grey": ("detect", "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED")}


def test_a_gpu_that_has_stopped_fails_no_photo(refs: pa.Table) -> None:
    stage = FindFacesTogether(IndexSettings(), device="cpu", threads=2)
    stage.detector = stopped = Delicate(IndexSettings().detect, "cpu")
    stopped.error = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    with pytest.raises(torch.AcceleratorError):
        rows(stage, refs)


def test_what_a_gpu_took_and_what_went_on_travels_along(refs: pa.Table) -> None:
    stage = FindFacesTogether(IndexSettings(), device="cpu", threads=2)
    stage.detector.clock._seconds, stage.detector.note = 8.0, "A GPU is out of memory."
    indexed = EmbedFaces(IndexSettings())(pa.concat_tables(stage(refs)))
    assert stage_seconds(indexed)["gpu"] == pytest.approx(8)
    assert indexed["note"].drop_null().to_pylist() == ["A GPU is out of memory."]
    again = EmbedFaces(IndexSettings())(pa.concat_tables(stage(refs)))
    assert "gpu" not in stage_seconds(again)
    assert again["note"].null_count == len(refs)


def test_many_photos_keep_their_order(together: FindFacesTogether, refs: pa.Table) -> None:
    many = pa.concat_tables([refs] * 6)
    assert [row["uri"] for row in rows(together, many)] == many["uri"].to_pylist()


def test_no_photos_give_no_rows(together: FindFacesTogether, refs: pa.Table) -> None:
    assert list(together(refs.slice(0, 0))) == []
