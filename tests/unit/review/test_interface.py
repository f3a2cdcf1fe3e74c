"""The HTTP interface: what is said is written down, shown at once, grouped by, and can be taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from photoclust.index.store import IndexStore
from photoclust.review import questions
from photoclust.review.application import application
from photoclust.review.guard import Access
from photoclust.review.service import Service

BASE = "http://127.0.0.1:8017"


@pytest.fixture
def client(album_index: IndexStore) -> Iterator[TestClient]:
    access = Access(8017, ("127.0.0.1", "localhost"))
    headers = {"Origin": BASE}
    with TestClient(application(Service(album_index), access), base_url=BASE, headers=headers) as client:
        assert client.get(access.link()).status_code == 200
        yield client


def people(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    return client.get("/api/v1/people", params=query).json()["people"]


def revision(client: TestClient) -> str:
    return client.get("/api/v1/state").json()["revision"]


def say(client: TestClient, **said: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/decisions", json={"revision": revision(client)} | said)
    assert answer.status_code == 200, answer.text
    return answer.json()


def settled(client: TestClient) -> dict[str, Any]:
    """The state once everything that was said has been grouped by."""
    for _ in range(600):
        state = client.get("/api/v1/state").json()
        if not state["pending"] and state["grouping"]["state"] == "idle" and state["grouping"]["number"]:
            return state
        assert state["grouping"]["state"] != "failed", state
        time.sleep(0.1)
    raise AssertionError(state)


def faces(client: TestClient, person: str, **query: Any) -> list[dict[str, Any]]:
    return client.get(f"/api/v1/people/{person}/faces", params=query).json()["faces"]


def test_people_are_listed_some_at_a_time_and_found_by_name(client: TestClient) -> None:
    found = people(client)
    assert [one["called"] for one in found] == ["Person 1", "Person 2", "Person 3", "Person 4"]
    assert [one["faces"] for one in found] == [9, 5, 4, 3]
    assert people(client, offset=1, limit=2) == found[1:3]
    assert [one["called"] for one in people(client, search="son 3")] == ["Person 3"]
    assert people(client, named=True) == []


def test_a_name_is_written_at_once_and_grouped_by(client: TestClient, album_index: IndexStore) -> None:
    one = people(client)[0]
    told = say(client, kind="name", people=[one["id"]], name="Ada")
    assert told["said"] == "Named Person 1 'Ada'"
    assert "Ada" in album_index.decisions_text()
    assert people(client)[0]["name"] == "Ada"
    settled(client)
    assert people(client)[0] == one | {"name": "Ada", "called": "Ada"}
    assert album_index.current_clustering().people["name"].to_pylist().count("Ada") == 1


def test_what_is_said_is_shown_before_it_is_grouped_by(client: TestClient) -> None:
    one, other, third, _ = people(client)
    say(client, kind="merge", people=[one["id"], other["id"]])
    assert people(client)[0]["faces"] == 14
    taken = faces(client, third["id"])[0]["id"]
    told = say(client, kind="split", people=[third["id"]], faces=[taken])
    assert [face["id"] for face in faces(client, told["people"][-1])] == [taken]
    say(client, kind="ignore", people=[third["id"]])
    settled(client)
    shown = people(client)
    assert [p["faces"] for p in shown] == [14, 3, 1, 3]
    assert shown[-1]["ignored"]


def test_a_stale_page_is_told_and_not_obeyed(client: TestClient, album_index: IndexStore) -> None:
    before, (one, other, third, fourth) = revision(client), people(client)
    say(client, kind="merge", people=[one["id"], other["id"]])
    text = album_index.decisions_text()
    stale = {"kind": "merge", "people": [other["id"], third["id"]], "revision": before}
    answer = client.post("/api/v1/decisions", json=stale)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    assert album_index.decisions_text() == text
    others = {"kind": "name", "people": [fourth["id"]], "name": "Dora", "revision": before}
    assert client.post("/api/v1/decisions", json=others).status_code == 200  # nobody has changed her
    unknown = others | {"name": "Dorothea", "revision": "another.1"}
    assert client.post("/api/v1/decisions", json=unknown).status_code == 409


def test_undo_and_redo_go_back_and_forth(client: TestClient) -> None:
    one, other, *_ = people(client)
    say(client, kind="name", people=[one["id"]], name="Ada")
    say(client, kind="merge", people=[one["id"], other["id"]])
    for kind, undo, redo, sizes in (
        ("undo", "Named Person 1 'Ada'", "Joined Ada and Person 2", [9, 5, 4, 3]),
        ("undo", None, "Named Person 1 'Ada'", [9, 5, 4, 3]),
        ("redo", "Named Person 1 'Ada'", "Joined Ada and Person 2", [9, 5, 4, 3]),
        ("redo", "Joined Ada and Person 2", None, [14, 4, 3]),
    ):
        state = client.get("/api/v1/state").json()
        answer = client.post(f"/api/v1/{kind}", json={"at": state[kind]["at"]})
        assert answer.status_code == 200, answer.text
        settled(client)
        state = client.get("/api/v1/state").json()
        assert [state[way] and state[way]["said"] for way in ("undo", "redo")] == [undo, redo]
        assert [p["faces"] for p in people(client)] == sizes
    answer = client.post("/api/v1/undo", json={"at": "2026-01-01T00:00:00+00:00"})
    assert answer.json()["code"] == "stale"


def test_people_with_names_become_one_only_if_that_is_meant(client: TestClient) -> None:
    one, other, *_ = people(client)
    say(client, kind="name", people=[one["id"]], name="Ada")
    say(client, kind="name", people=[other["id"]], name="Bea")
    merge = {"kind": "merge", "people": [one["id"], other["id"]], "revision": revision(client)}
    answer = client.post("/api/v1/decisions", json=merge)
    assert (answer.status_code, answer.json()["code"]) == (409, "names_joined")
    assert client.post("/api/v1/decisions", json=merge | {"join_named": True}).status_code == 200
    assert [p["called"] for p in people(client)][:2] == ["Ada", "Person 3"]


def test_several_are_joined_and_named_in_one_go(client: TestClient) -> None:
    ids = [one["id"] for one in people(client)[:3]]
    say(client, kind="name", people=ids, name="Ada")
    assert [(p["called"], p["faces"]) for p in people(client)] == [("Ada", 18), ("Person 4", 3)]
    state = client.get("/api/v1/state").json()
    client.post("/api/v1/undo", json={"at": state["undo"]["at"]})
    assert [p["faces"] for p in people(client)] == [9, 5, 4, 3]


def test_the_command_line_gets_along(
    client: TestClient, album_index: IndexStore, cli: Callable[..., Any]
) -> None:
    one, *_ = people(client)
    say(client, kind="name", people=[one["id"]], name="Ada")
    assert cli("people", "name", "Person 2", "Bea", "--index", str(album_index.folder)) == 0
    for _ in range(100):
        if [p["called"] for p in people(client)][:2] == ["Ada", "Bea"]:
            break
        time.sleep(0.1)
    assert [p["called"] for p in people(client)][:2] == ["Ada", "Bea"]


@pytest.fixture
def cli() -> Callable[..., int]:
    from click.testing import CliRunner

    from photoclust.cli import cli as command

    return lambda *words: CliRunner().invoke(command, words).exit_code


def test_questions_are_answered_and_not_asked_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "LEAST_CHANCE", 0.0)  # the made-up people are told apart too well
    page = client.get("/api/v1/questions").json()
    assert page["questions"]
    first = page["questions"][0]
    body = first["no"] | {"revision": page["revision"]}
    assert client.post("/api/v1/decisions", params={"question": first["key"]}, json=body).status_code == 200
    left = [one["key"] for one in client.get("/api/v1/questions").json()["questions"]]
    assert first["key"] not in left
    settled(client)
    time.sleep(0.1)
    for _ in range(100):
        page = client.get("/api/v1/questions").json()
        if page["fresh"]:
            break
        time.sleep(0.1)
    assert page["fresh"]
    assert first["key"] not in [one["key"] for one in page["questions"]]


def test_photos_are_found_by_who_is_in_them(client: TestClient) -> None:
    one, other, *_ = people(client)
    found = client.get("/api/v1/photos", params={"present": [one["id"], other["id"]]}).json()
    assert [photo["name"] for photo in found["photos"]] == ["4.jpg"]
    without = client.get("/api/v1/photos", params={"present": one["id"], "absent": other["id"]}).json()
    assert without["total"] == 8
    assert client.get("/api/v1/photos").json()["total"] == 18
    boxed = client.get(f"/api/v1/photos/{found['photos'][0]['id']}").json()
    assert sorted(face["called"] for face in boxed["faces"]) == ["Person 1", "Person 2"]
    gone = client.get(f"/api/v1/photos/{boxed['id']}/picture")
    assert gone.status_code == 404
    assert gone.json()["code"] == "photo"


def test_the_rest_answers_too(client: TestClient) -> None:
    one = people(client)[0]
    page = client.get(f"/api/v1/people/{one['id']}").json()
    assert page["person"] == one
    assert {near["person"]["called"] for near in page["near"]} == {"Person 2", "Person 3", "Person 4"}
    assert {other["person"]["called"] for other in page["together"]} == {"Person 2", "Person 3", "Person 4"}
    alike = faces(client, one["id"], order="likeness")
    assert {face["id"] for face in alike} == {face["id"] for face in faces(client, one["id"], order="time")}
    thumbnail = client.get(f"/api/v1/faces/{alike[0]['id']}/thumbnail")
    assert thumbnail.content.startswith(b"\xff\xd8")
    assert "immutable" in thumbnail.headers["cache-control"]
    for path in ("status", "left-over", "numbers", "map", "decisions", "names?search=a"):
        assert client.get(f"/api/v1/{path}").status_code == 200, path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("people?limit=0", 400),
        ("people?order=best", 400),
        ("people/nobody", 400),
        ("faces/none/thumbnail", 404),
        ("photos/none", 400),
        ("photos/..%2f..%2fetc%2fpasswd/picture", 404),
        ("nothing", 404),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(client: TestClient, path: str, status: int) -> None:
    assert client.get(f"/api/v1/{path}").status_code == status


def test_what_cannot_be_said_is_refused_in_a_sentence(client: TestClient) -> None:
    one = people(client)[0]["id"]
    for said in (
        {"kind": "destroy", "people": [one]},
        {"kind": "name", "people": [], "name": "Ada"},
        {"kind": "name", "people": [one], "name": "Person 7"},
        {"kind": "merge", "people": [one]},
        {"kind": "split", "people": [one], "faces": []},
        {"kind": "reject", "people": [one], "faces": ["nothing"]},
    ):
        answer = client.post("/api/v1/decisions", json=said)
        assert (answer.status_code, answer.json()["code"]) == (400, "usage"), said
    assert client.post("/api/v1/decisions", content=b"{").status_code == 400


def test_openapi_describes_what_there_is(client: TestClient) -> None:
    said = client.get("/api").json()
    assert said["openapi"].startswith("3.1")
    assert {"get", "post"} == set(said["paths"]["/api/v1/decisions"])
    person = said["paths"]["/api/v1/people/{person}/faces"]["get"]["parameters"]
    assert ("person", "path", True) in {(one["name"], one["in"], one["required"]) for one in person}
    text = client.get("/api").text
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in said["components"]["schemas"]
