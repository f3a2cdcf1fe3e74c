"""Photos that are uploaded to ask about: answered, and not kept."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path

import pytest
from portraits import portrait
from starlette.testclient import TestClient

from photoclust.index.store import IndexStore
from photoclust.review.application import application
from photoclust.review.guard import Access
from photoclust.review.service import Service
from photoclust.workflows.demo import SITTERS

BASE = "http://127.0.0.1:8017"


def uploaded(number: int) -> str:
    jpeg = io.BytesIO()
    portrait(SITTERS[0], number).save(jpeg, "JPEG", quality=90)
    return base64.b64encode(jpeg.getvalue()).decode()


def test_two_photos_are_compared_and_forgotten(
    album_index: IndexStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    access = Access(8017, ("127.0.0.1",), "correct horse")
    program = {"Authorization": "Bearer correct horse"}
    with TestClient(application(Service(album_index), access), base_url=BASE, headers=program) as client:
        answer = client.post("/api/v1/verify", json={"one": uploaded(1), "other": uploaded(2)})
        assert answer.json()["verified"], answer.text
        assert answer.json()["photos"] == ["photo-1.jpg", "photo-2.jpg"]
        bad = {"one": uploaded(1), "other": base64.b64encode(b"no photo").decode()}
        answer = client.post("/api/v1/verify", json=bad)
        assert answer.status_code == 422
        assert answer.json()["message"].startswith("photo-2.jpg cannot be used")
        assert client.post("/api/v1/identify", json={"photo": "not base64!"}).status_code == 400
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".jpg"] == []
