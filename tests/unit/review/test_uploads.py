"""Photos that are uploaded to ask about: answered, and not kept."""

from __future__ import annotations

import base64
import io
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from portraits import make_portraits, portrait
from starlette.testclient import TestClient

from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.review.application import application
from photoclust.review.guard import Access
from photoclust.review.service import Service
from photoclust.workflows.demo import SITTERS

BASE = "http://127.0.0.1:8017"
PROGRAM = {"Authorization": "Bearer correct horse"}


@contextmanager
def served(store: IndexStore, kept: Path | None = None) -> Iterator[TestClient]:
    access = Access(8017, ("127.0.0.1",), "correct horse")
    with TestClient(application(Service(store, kept), access), base_url=BASE, headers=PROGRAM) as client:
        yield client


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Portraits of three people, of whom two are in the index."""
    home = tmp_path_factory.mktemp("enroll")
    make_portraits(home / "photos")
    (home / "photos/photographer").rename(home / "stranger")
    both = Image.new("RGB", (480, 240))
    for left, name in ((0, "hopper"), (240, "collins")):
        both.paste(Image.open(home / "photos" / name / "03.jpg"), (left, 0))
    both.save(home / "both.jpg")
    arguments = ["run", str(home / "photos"), "--index", str(home / "index")]
    assert not cli.main(arguments, standalone_mode=False, default_map={"run": {"engine": "local"}})
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "home", copy_function=shutil.copy2)


def test_enrolling_is_that_of_the_command_line_and_keeps_the_photo(home: Path) -> None:
    shutil.copytree(home / "index", home / "beside", copy_function=shutil.copy2)
    command = ["enroll", "Ansel", str(home / "stranger/01.jpg"), "--index", str(home / "beside"), "--json"]
    by_hand = json.loads(CliRunner().invoke(cli, command).stdout)
    body = {"name": "Ansel", "photos": [base64_of(home / "stranger/01.jpg")]}
    with served(IndexStore.open(home / "index"), home / "kept") as client:
        answer = client.post("/api/v1/enroll", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json() | {"person_id": ""} == by_hand | {"person_id": ""}
        for _ in range(100):
            if found := client.get("/api/v1/people", params={"search": "Ansel"}).json()["people"]:
                break
            time.sleep(0.1)
        assert [one["id"] for one in found] == [answer.json()["person_id"]]
        again = client.post("/api/v1/enroll", json=body)
        assert again.json() == answer.json()
    (kept,) = (home / "kept").iterdir()
    assert kept.read_bytes() == (home / "stranger/01.jpg").read_bytes()
    assert (kept.suffix, kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (
        ".jpg",
        0o600,
        0o700,
    )
    assert str(kept) in IndexStore.open(home / "index").photos()["uri"].to_pylist()


def test_a_photo_is_kept_only_if_somebody_was_enrolled_by_it(home: Path) -> None:
    photo, both = base64_of(home / "stranger/01.jpg"), base64_of(home / "both.jpg")
    with served(IndexStore.open(home / "index")) as client:
        answer = client.post("/api/v1/enroll", json={"name": "Ansel", "photos": [photo]})
        assert answer.status_code == 400
        assert "--keep-enrolled" in answer.json()["message"]
    before = len(IndexStore.open(home / "index").photos())
    refused = [
        ({"name": "Ansel", "photos": [both]}, 400, "photo-1.jpg shows 2 faces"),
        ({"name": "Ansel", "photos": [photo, base64.b64encode(b"none").decode()]}, 422, "photo-2.jpg"),
        ({"name": "Person 3", "photos": [photo]}, 400, "is no name of a person"),
        ({"name": "Ansel", "photos": []}, 400, "photos"),
        ({"name": "Ansel", "photos": [photo] * 9}, 400, "photos"),
    ]
    with served(IndexStore.open(home / "index"), home / "kept") as client:
        for body, status, said in refused:
            answer = client.post("/api/v1/enroll", json=body)
            assert (answer.status_code, said in answer.json()["message"]) == (status, True), answer.text
    assert not list((home / "kept").glob("*"))
    assert len(IndexStore.open(home / "index").photos()) == before


def uploaded(number: int) -> str:
    jpeg = io.BytesIO()
    portrait(SITTERS[0], number).save(jpeg, "JPEG", quality=90)
    return base64.b64encode(jpeg.getvalue()).decode()


def test_two_photos_are_compared_and_forgotten(
    album_index: IndexStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with served(album_index) as client:
        answer = client.post("/api/v1/verify", json={"one": uploaded(1), "other": uploaded(2)})
        assert answer.json()["verified"], answer.text
        assert answer.json()["photos"] == ["photo-1.jpg", "photo-2.jpg"]
        bad = {"one": uploaded(1), "other": base64.b64encode(b"no photo").decode()}
        answer = client.post("/api/v1/verify", json=bad)
        assert answer.status_code == 422
        assert answer.json()["message"].startswith("photo-2.jpg cannot be used")
        assert client.post("/api/v1/identify", json={"photo": "not base64!"}).status_code == 400
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".jpg"] == []
