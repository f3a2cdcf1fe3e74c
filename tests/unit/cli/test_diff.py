"""`diff`, and the guard over people with a name, on an index of invented faces."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from photoclust.cli import cli
from photoclust.config import ClusterConfig, IndexSettings
from photoclust.errors import ChurnError, PhotoclustError
from photoclust.index import files
from photoclust.index.store import IndexStore
from photoclust.records import EMBEDDING_SIZE, FACE_SCHEMA, PHOTO_SCHEMA
from photoclust.workflows.cluster import group_faces

CONFIG = ClusterConfig(min_cluster_size=2)


def add(store: IndexStore, person: int, variants: range, status: str = "ok") -> None:
    """Index photos with a face of a person each."""
    ids = [f"{person}-{variant:02d}" for variant in variants]
    photos = [
        {"photo_id": i, "uri": f"/{i}", "size": 1, "version": "1", "status": status, "attempts": 1}
        for i in ids
    ]
    plain = {"box": [0, 0, 9, 9], "landmarks": [0.0] * 10, "thumbnail": b""}
    plain |= dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), 1.0)
    centre = np.random.default_rng(person).normal(size=EMBEDDING_SIZE)
    faces = []
    for name, variant in zip(ids, variants, strict=True):
        noise = np.random.default_rng([person, variant]).normal(size=EMBEDDING_SIZE)
        vector = centre + 0.5 * noise
        embedding = (vector / np.linalg.norm(vector)).astype(np.float16)
        faces.append(plain | {"face_id": name, "photo_id": name, "embedding": embedding})
    store.append(pa.Table.from_pylist(photos, PHOTO_SCHEMA), pa.Table.from_pylist(faces, FACE_SCHEMA))


def people(store: IndexStore) -> dict[str, str]:
    clustering = store.current_clustering()
    assert clustering is not None
    rows = clustering.assignments.to_pylist()
    return {row["face_id"]: row["person_id"] for row in rows}


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    """Two people of five faces; then one of them has four more, and a third person comes."""
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "sha")
    add(store, 1, range(5))
    add(store, 2, range(5))
    group_faces(store, CONFIG)
    add(store, 1, range(5, 9))
    add(store, 3, range(3))
    group_faces(store, CONFIG)
    return store


@pytest.fixture
def diff(store: IndexStore) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["diff", *arguments, "--index", str(store.folder)])

    return run


def test_the_last_two_are_compared(diff: Callable[..., Result], store: IndexStore) -> None:
    output = diff().output
    assert "Faces    7 came, 0 went" in output
    assert f"{people(store)['1-00']}: 4 faces more, now 9" in output
    assert f"{people(store)['3-00']}: new, 3 faces" in output
    assert people(store)["2-00"] not in output


def test_one_face_is_said_in_the_singular(diff: Callable[..., Result], store: IndexStore) -> None:
    add(store, 2, range(5, 6))
    group_faces(store, CONFIG)
    assert f"{people(store)['2-00']}: 1 face more, now 6" in diff().output


def test_the_difference_is_written_beside_the_clustering(
    diff: Callable[..., Result], store: IndexStore
) -> None:
    written = store.folder / "clusterings" / store.clusterings.find("current") / "diff.json"
    assert files.read_json(written) == json.loads(diff("--json").output)


def test_any_two_are_compared_in_any_direction(diff: Callable[..., Result], store: IndexStore) -> None:
    back = json.loads(diff("current", "previous", "--json").output)
    assert [change["kind"] for change in back["changes"]] == ["shrunk", "shrunk", "gone"]
    assert diff("current").output == diff("current", "current").output
    assert "Nobody has changed." in diff("current").output


def test_runs_are_listed(diff: Callable[..., Result]) -> None:
    lines = diff("--list").output.splitlines()
    assert [line.split()[-1] for line in lines] == ["previous", "current"]
    assert [run["faces"] for run in json.loads(diff("--list", "--json").output)] == [10, 17]


def test_a_run_that_is_not_there(diff: Callable[..., Result]) -> None:
    error = diff("nowhere").exception
    assert isinstance(error, PhotoclustError)
    assert "no clustering 'nowhere'" in str(error)


def test_an_index_with_one_grouping_has_nothing_to_compare(tmp_path: Path) -> None:
    store = IndexStore.create(tmp_path / "one", IndexSettings(), "sha")
    add(store, 1, range(3))
    group_faces(store, CONFIG)
    error = CliRunner().invoke(cli, ["diff", "--index", str(store.folder)]).exception
    assert "no clustering 'previous'" in str(error)
    assert "made once" in str(error)


def name(store: IndexStore, face: str, value: str) -> None:
    header = "at,kind,person,faces,others,value"
    store.decisions_file.write_text(f"{header}\n2026-03-01T18:22:05.120000Z,name,,{face},,{value}\n")


def test_people_with_a_name_are_not_taken_apart(store: IndexStore) -> None:
    name(store, "1-00", "Ada")
    before = store.clusterings.current()
    harsh = ClusterConfig(false_join_rate=1e-300)  # nothing is ever joined
    with pytest.raises(ChurnError, match=r"8 of the 9 faces .* \(88\.9%\).* more than 1%: Ada \(8\)"):
        group_faces(store, harsh, max_named_churn=0.01)
    assert store.clusterings.current() == before
    refused = store.clusterings.runs()
    with pytest.raises(ChurnError):
        group_faces(store, harsh, max_named_churn=0.01)
    assert store.clusterings.runs() == refused  # not computed a second time
    assert group_faces(store, harsh).run_id == refused[-1]
    assert people(store)["1-05"] == ""


def test_growth_and_photos_that_go_are_no_churn(store: IndexStore) -> None:
    named = people(store)["1-00"]
    name(store, "1-00", "Ada")
    add(store, 1, range(9, 20))
    add(store, 1, range(2, 4), status="missing")
    group_faces(store, CONFIG, max_named_churn=0.0)
    assert people(store)["1-05"] == named


def test_an_earlier_grouping_is_put_in_force(store: IndexStore) -> None:
    earlier, later = store.clusterings.previous(), store.clusterings.current()
    arguments = ["cluster", "--use", "previous", "--index", str(store.folder), "--json"]
    values = json.loads(CliRunner().invoke(cli, arguments, catch_exceptions=False).output)
    assert values["grouping"]["run_id"] == earlier
    assert store.clusterings.previous() == later
    assert (store.folder / "review" / "index.html").is_file()


@pytest.mark.parametrize("bad", ["1", "101%", "-1%", "much", "nan%"])
def test_a_share_is_a_percentage(store: IndexStore, bad: str) -> None:
    arguments = ["cluster", "--max-named-churn", bad, "--index", str(store.folder)]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert "is no percentage" in done.output
