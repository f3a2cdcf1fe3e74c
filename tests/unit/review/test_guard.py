"""The guard: who may ask for what."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from photoclust.config import IndexSettings
from photoclust.index.store import Clustering, IndexStore
from photoclust.photos.identity import picture_id
from photoclust.records import ASSIGNMENT_SCHEMA, FACE_SCHEMA, PERSON_SCHEMA, PHOTO_SCHEMA
from photoclust.review.application import application
from photoclust.review.guard import MOST_BYTES, Access
from photoclust.review.service import Service

BASE = "http://127.0.0.1:8017"
Enter = Callable[..., TestClient]


@pytest.fixture
def served(album_index: IndexStore) -> tuple[Service, Access]:
    return Service(album_index), Access(8017, ("127.0.0.1", "localhost"), "correct horse")


@pytest.fixture
def stranger(served: tuple[Service, Access]) -> TestClient:
    return TestClient(application(*served), base_url=BASE, follow_redirects=False)


@pytest.fixture
def client(served: tuple[Service, Access], stranger: TestClient) -> TestClient:
    stranger.get(served[1].link())
    return stranger


BEARER = {"Authorization": "Bearer correct horse"}
NAME = {"kind": "ignore", "people": ["nobody"]}


def test_a_link_lets_in_once(served: tuple[Service, Access], stranger: TestClient) -> None:
    assert stranger.get("/people").status_code == 401
    assert stranger.get("/api/v1/people").json()["code"] == "sign_in"
    link = served[1].link()
    answer = stranger.get(link)
    assert answer.status_code == 200
    said = answer.headers["set-cookie"].casefold()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert stranger.get("/api/v1/people").status_code == 200
    second = TestClient(application(*served), base_url=BASE, follow_redirects=False)
    assert second.get(link).status_code == 401
    assert second.get("/api/v1/people").status_code == 401
    assert second.get("/enter?token=").status_code == 401


def test_a_password_lets_browsers_and_programs_in(
    served: tuple[Service, Access], stranger: TestClient
) -> None:
    origin = {"Origin": BASE}
    assert stranger.post("/sign-in", data={"password": "wrong"}, headers=origin).status_code == 401
    served[1]._next_try = 0.0
    assert stranger.post("/sign-in", data={"password": "correct horse"}).status_code == 403
    assert stranger.post("/sign-in", data={"password": "correct horse"}, headers=origin).status_code == 200
    assert stranger.get("/people").status_code == 200
    program = TestClient(application(*served), base_url=BASE, headers=BEARER)
    assert program.get("/api/v1/people").status_code == 200
    assert (
        program.post("/api/v1/decisions", json=NAME).status_code == 400
    )  # no origin needed; nobody is meant
    other = {"Origin": "http://evil.example"}
    assert program.post("/api/v1/decisions", json=NAME, headers=other).status_code == 403
    wrong = {"Authorization": "Bearer wrong"}
    assert TestClient(application(*served), base_url=BASE, headers=wrong).get("/api").status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8017", "127.0.0.1:9", "localhost.evil:8017", ""]
)
def test_another_name_is_not_answered(client: TestClient, host: str) -> None:
    for path in ("/people", "/api/v1/people", "/assets/main.js"):
        assert client.get(path, headers={"Host": host}).status_code == 421


def test_addresses_count_where_other_machines_may_come() -> None:
    far = Access(8017, ("localhost",), "correct horse", any_address=True)
    assert far.is_called("192.168.1.7:8017")
    assert far.is_called("[fe80::1]:8017")
    assert not far.is_called("evil.example:8017")
    assert not Access(8017, ("localhost",)).is_called("192.168.1.7:8017")


@pytest.mark.parametrize(
    "origin", [None, "http://evil.example", "null", "http://127.0.0.1:9", "http://127.0.0.1"]
)
def test_only_pages_of_the_server_may_write(client: TestClient, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    for path in ("/api/v1/decisions", "/api/v1/undo", "/api/v1/links", "/api/v1/verify", "/sign-in"):
        answer = client.post(path, json=NAME, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin"), path
    assert client.post("/api/v1/decisions", json=NAME, headers={"Origin": BASE}).status_code == 400


def test_nothing_may_be_framed_guessed_or_scripted(client: TestClient) -> None:
    for path in ("/people", "/api/v1/people", "/assets/main.js", "/api/v1/nothing", "/enter?token=x"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
    assert "style=" not in client.get("/people").text
    assert "no-store" in client.get("/api/v1/people").headers["cache-control"]


def test_a_request_may_have_so_many_bytes(client: TestClient) -> None:
    answer = client.post("/api/v1/decisions", content=b" " * (MOST_BYTES + 1), headers={"Origin": BASE})
    assert answer.status_code == 413

    def dripping() -> Iterator[bytes]:
        for _ in range(MOST_BYTES // 65536 + 2):
            yield b" " * 65536

    with pytest.raises(ClientDisconnect):  # broken off, as by a browser that has gone
        client.post("/api/v1/decisions", content=dripping(), headers={"Origin": BASE})


@pytest.mark.parametrize(
    "name", ["..%2Fshell.py", "%2e%2e%2Fguard.py", "../guard.py", "guard.py", "main.js/../x"]
)
def test_assets_are_those_and_no_other_file(client: TestClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code in (303, 404)


def photo_of(place: Path, colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(content, "JPEG")
    place.write_bytes(content.getvalue())
    return content.getvalue()


@pytest.fixture
def pictured(tmp_path: Path) -> tuple[TestClient, Path, str]:
    """One photo with one face, the photo on the disk, and its id."""
    place = tmp_path / '"><img src=x onerror=alert(1)>.jpg'
    photo = picture_id(photo_of(place, "teal"))
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "abc")
    row = {"photo_id": photo, "uri": str(place), "size": place.stat().st_size, "version": "1", "attempts": 1}
    face = {"face_id": "f", "photo_id": photo, "box": [1, 2, 30, 40], "landmarks": [0.0] * 10}
    face |= {"detection_score": 1, "sharpness": 1, "yaw": 0, "quality": 1, "embedding": [0.0] * 512}
    store.append(
        pa.Table.from_pylist([row | {"status": "ok", "width": 64, "height": 48}], PHOTO_SCHEMA),
        pa.Table.from_pylist([face | {"thumbnail": b"\xff\xd8jpeg"}], FACE_SCHEMA),
    )
    assigned = {"face_id": "f", "label": 0, "person_id": "p", "status": "member", "confidence": 1}
    person = {"person_id": "p", "name": "<script>", "faces": 1, "photos": 1, "cover_face_id": "f"}
    tables = ([assigned], ASSIGNMENT_SCHEMA), ([person], PERSON_SCHEMA)
    store.clusterings.write(Clustering("1", *(pa.Table.from_pylist(*one) for one in tables), {"config": {}}))
    store.clusterings.put_in_force("1")
    access = Access(8017, ("127.0.0.1",))
    client = TestClient(application(Service(store), access), base_url=BASE)
    client.get(access.link())
    return client, place, photo


def test_a_picture_is_shown_upright_and_as_a_jpeg(pictured: tuple[TestClient, Path, str]) -> None:
    client, _, photo = pictured
    answer = client.get(f"/api/v1/photos/{photo}/picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (64, 48)


@pytest.mark.parametrize("how", ["link", "replaced", "gone", "text"])
def test_nothing_but_the_picture_that_was_indexed_is_shown(
    pictured: tuple[TestClient, Path, str], tmp_path: Path, how: str
) -> None:
    client, place, photo = pictured
    secret = tmp_path / "secret.jpg"
    photo_of(secret, "red")
    place.unlink()
    if how == "link":
        place.symlink_to(secret)
    elif how == "replaced":
        secret.replace(place)
    elif how == "text":
        place.symlink_to("/etc/passwd")
    answer = client.get(f"/api/v1/photos/{photo}/picture")
    assert (answer.status_code, answer.json()["code"]) == (404, "photo")
    assert client.get("/api/v1/faces/f/thumbnail").content == b"\xff\xd8jpeg"  # the crop is still there
