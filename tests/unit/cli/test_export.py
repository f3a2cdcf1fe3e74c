"""The export verb, from an index on disk to what comes out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from photoclust.cli import cli
from photoclust.config import IndexSettings
from photoclust.errors import IndexMissingError, OutputError, UsageError
from photoclust.index.store import Clustering, IndexStore
from photoclust.records import ASSIGNMENT_SCHEMA, FACE_SCHEMA, OK, PERSON_SCHEMA, PHOTO_SCHEMA


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    """An index of one face, not grouped yet."""
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "0" * 64)
    photo = {"photo_id": "p", "uri": "/a, b.jpg", "size": 1, "version": "1", "status": OK, "attempts": 1}
    face = {
        "face_id": "f",
        "photo_id": "p",
        "box": [1, 2, 3, 4],
        "landmarks": [0] * 10,
        "detection_score": 1,
        "sharpness": 1,
        "yaw": 0,
        "quality": 1,
        "embedding": np.eye(1, 512, dtype=np.float16)[0],
        "thumbnail": b"",
    }
    store.append(
        pa.Table.from_pylist([photo], schema=PHOTO_SCHEMA), pa.Table.from_pylist([face], schema=FACE_SCHEMA)
    )
    return store


@pytest.fixture
def grouped(store: IndexStore) -> IndexStore:
    assigned = {"face_id": "f", "label": 0, "person_id": "a", "status": "member", "confidence": 0.9}
    person = {"person_id": "a", "name": "Ada", "faces": 1, "photos": 1, "cover_face_id": "f"}
    assignments = pa.Table.from_pylist([assigned], schema=ASSIGNMENT_SCHEMA)
    people = pa.Table.from_pylist([person], schema=PERSON_SCHEMA)
    store.clusterings.write(Clustering("run", assignments, people, {}))
    store.clusterings.put_in_force("run")
    return store


def export(store: IndexStore, fmt: str, output: Path | str, *more: str) -> Result:
    arguments = ["export", "--index", str(store.folder), "--format", fmt, "--output", str(output), *more]
    return CliRunner().invoke(cli, arguments)


def test_a_table_to_standard_output(grouped: IndexStore) -> None:
    (row,) = csv.DictReader(io.StringIO(export(grouped, "csv", "-").stdout, newline=""))
    assert (row["photo"], row["person_name"]) == ("/a, b.jpg", "Ada")
    (face,) = json.loads(export(grouped, "json", "-", "--embeddings").stdout)
    assert face["embedding"] == [1.0] + [0.0] * 511


@pytest.mark.parametrize("fmt", ["csv", "json", "parquet", "folders"])
def test_every_format_says_where_it_is(grouped: IndexStore, tmp_path: Path, fmt: str) -> None:
    result = export(grouped, fmt, tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert str(tmp_path / "out") in result.stdout
    assert (tmp_path / "out").exists()


def test_mistakes_are_named(store: IndexStore, tmp_path: Path) -> None:
    assert isinstance(export(store, "csv", "-").exception, IndexMissingError)
    assert isinstance(export(store, "folders", "-").exception, UsageError)


def test_nothing_is_replaced_unasked(grouped: IndexStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("precious")
    assert isinstance(export(grouped, "csv", out).exception, OutputError)
    assert out.read_text() == "precious"
    assert export(grouped, "csv", out, "--force").exit_code == 0
