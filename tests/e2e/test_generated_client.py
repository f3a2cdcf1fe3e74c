"""A client made from the description at /api, by another project's generator, asks a server that runs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from made_up import build_index
from served import Served

pytest.importorskip("openapi_python_client", reason="no generator of clients")
PASSWORD = "correct horse"
# without a formatter; a JPEG is bytes to it
SETTINGS = {"post_hooks": [], "content_type_overrides": {"image/jpeg": "application/octet-stream"}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    index = build_index(home / "index", photos=home / "photos").folder
    (home / "password").write_text(PASSWORD)
    server = Served(index, "--password-file", str(home / "password"))
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def call(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Calls an operation of the generated client and gives its answer."""
    home = tmp_path_factory.mktemp("generated")
    asked = urllib.request.Request(f"{served.base}/api", headers={"Authorization": f"Bearer {PASSWORD}"})
    with urllib.request.urlopen(asked) as answer:
        (home / "openapi.json").write_bytes(answer.read())
    (home / "settings.json").write_text(json.dumps(SETTINGS))
    command = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    paths = {"path": "openapi.json", "output-path": "photoclust_client", "config": "settings.json"}
    options = [part for name, path in paths.items() for part in (f"--{name}", str(home / path))]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(home))
    client = importlib.import_module("photoclust_client").AuthenticatedClient(served.base, token=PASSWORD)

    def called(operation: str, *path: str, **more: Any) -> Any:
        module = importlib.import_module(f"photoclust_client.api.default.{operation}")
        return module.sync(*path, client=client, **more)

    yield called
    sys.path.remove(str(home))


def model(name: str) -> Any:
    return getattr(importlib.import_module("photoclust_client.models"), name)


def test_everything_that_can_be_read_is_understood(call: Callable[..., Any]) -> None:
    people = call("get_people", limit=2)
    assert (people.total, [one.faces for one in people.people]) == (4, [9, 5])
    first, second = people.people
    assert call("get_person", first.id).person == first
    faces = call("get_person_faces", first.id).faces
    assert len(faces) == 9
    assert call("get_thumbnail", faces[0].id).payload.read(2) == b"\xff\xd8"
    photos = call("get_photos", present=[first.id, second.id])
    assert photos.total == 1
    assert {one.person for one in call("get_photo", photos.photos[0].id).faces} == {first.id, second.id}
    assert call("get_picture", photos.photos[0].id).payload.read(2) == b"\xff\xd8"
    assert call("get_numbers").people == 4
    assert len(call("get_map").points) == 4
    assert call("get_status").faces == 21
    assert call("get_state").pending == 0
    assert call("get_left_over").rows == []
    assert call("get_questions").fresh
    said = call("get_explanation", one=first.id, other=second.id)
    assert said.people == [first.id, second.id]


def test_what_is_said_is_written_and_refused_where_it_is_stale(call: Callable[..., Any]) -> None:
    before = call("get_people")
    one, other = before.people[:2]
    kinds, said = model("SaidInputKind"), model("SaidInput")
    told = call("post_decision", body=said(kinds.NAME, people=[one.id], name="Ada"))
    assert told.said == "Named Person 1 'Ada'"
    assert [found.name for found in call("get_names", search="ad")] == ["Ada"]
    stale = said(kinds.MERGE, people=[one.id, other.id], revision=before.revision)
    refused = call("post_decision", body=stale)
    assert (type(refused).__name__, refused.code) == ("Problem", "stale")
    step = call("get_state").undo
    assert call("post_undo", body=model("StepBack")(step.at)).said == "Named Person 1 'Ada'"
    assert [entry.taken_back for entry in call("get_decisions")] == [True]
    assert call("get_person", "nobody").code == "usage"
