"""`photoclust cluster --embeddings`: vectors of a file, grouped from the shell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.people.embeddings import group_embeddings


@pytest.fixture
def vectors() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.repeat(rng.normal(size=(4, 64)), 5, axis=0) + 0.3 * rng.normal(size=(20, 64))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["cluster", *map(str, arguments)])


def test_a_numpy_file_comes_to_what_the_function_gives(vectors: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", vectors)
    done = run("--embeddings", tmp_path / "x.npy", "--threshold", 0.5, "--json")
    assert done.exit_code == 0, done.output
    said, groups = json.loads(done.stdout), group_embeddings(vectors, threshold=0.5)
    assert (said["vectors"], said["people"], said["in_people"]) == (20, 4, 20)
    assert said["labels"] == groups.labels.tolist()
    assert said["status"] == groups.status.tolist()


def test_says_who_there_is(vectors: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", vectors)
    done = run("--embeddings", tmp_path / "x.npy", "--threshold", 0.5)
    assert done.stdout.startswith("Vectors  20: 20 in people\nPeople   4\n")
    assert "--output FILE" in done.stdout


@pytest.mark.parametrize("kind", ["list", "fixed", "half"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_parquet_file_says_more(vectors: np.ndarray, tmp_path: Path, kind: str, ending: str) -> None:
    numbers = pa.array(vectors.astype(np.float16 if kind == "half" else np.float64).ravel())
    lists = pa.FixedSizeListArray.from_arrays(numbers, 64)
    embedding = pa.array(vectors.tolist()) if kind == "list" else lists
    photos, quality = [f"p{row // 2}" for row in range(20)], np.where(np.arange(20) < 5, 0.1, 0.9)
    pq.write_table(
        pa.table({"embedding": embedding, "photo_id": photos, "quality": quality}), tmp_path / "x.parquet"
    )
    out = tmp_path / f"people.{ending}"
    done = run("--embeddings", tmp_path / "x.parquet", "--threshold", 0.5, "--output", out)
    assert done.exit_code == 0, done.output
    read = pyarrow.csv.read_csv if ending == "csv" else pq.read_table
    table = read(out)
    assert table.column_names == ["row", "photo_id", "label", "probability", "status"]
    groups = group_embeddings(vectors, photos, quality, threshold=0.5)
    assert table["label"].to_pylist() == groups.labels.tolist()
    assert table["photo_id"].to_pylist() == photos
    assert out.stat().st_mode & 0o077 == 0


def test_what_is_there_is_replaced_only_where_that_is_said(vectors: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", vectors)
    out = tmp_path / "people.csv"
    out.write_text("mine")
    command = "--embeddings", tmp_path / "x.npy", "--threshold", 0.5, "--output", out
    refused = run(*command)
    assert refused.exit_code == 1
    assert "exists already" in str(refused.exception)
    assert out.read_text() == "mine"
    assert run(*command, "--force").exit_code == 0
    assert out.read_text().startswith('"row"')


def test_an_export_of_an_index_comes_to_its_people(album_index: IndexStore, tmp_path: Path) -> None:
    exported, out = tmp_path / "faces.parquet", tmp_path / "people.parquet"
    command = ["export", "--index", str(album_index.folder), "--format", "parquet", "--embeddings"]
    assert CliRunner().invoke(cli, [*command, "--output", str(exported)]).exit_code == 0
    done = run(*("--embeddings", exported, "--model", "casia-webface", "--neighbours", 10, "--output", out))
    assert done.exit_code == 0, done.output
    before, after = pq.read_table(exported), pq.read_table(out)
    assert after["face_id"].to_pylist() == before["face_id"].to_pylist()
    pairs = set(zip(before["person_id"].to_pylist(), after["label"].to_pylist(), strict=True))
    assert len(pairs) == len({person for person, _ in pairs}) == len({label for _, label in pairs}) == 4


def _file(tmp_path: Path, name: str, content: object) -> Path:
    file = tmp_path / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif isinstance(content, dict):
        pq.write_table(pa.table(content), file)
    elif file.suffix == ".npz":
        np.savez(file, faces=content)
    else:
        np.save(file, content)
    return file


@pytest.mark.parametrize(
    ("name", "content", "exit_code", "words"),
    [
        ("x.npy", np.zeros((0, 8)), 2, "holds no vectors"),
        ("x.npy", np.ones((1, 8)), 2, "holds one vector"),
        ("x.npy", np.ones(8), 2, "its shape is (8,)"),
        ("x.npy", np.ones((8, 0)), 2, "one column or more"),
        ("x.npy", np.full((8, 8), np.nan), 1, "row 0 holds NaN"),
        ("x.npy", np.zeros((8, 8)), 1, "row 0 is zero"),
        ("x.npy", np.array([["a"], ["b"]]), 2, "real numbers"),
        ("x.npy", b"no array", 2, "no array that NumPy has written"),
        ("x.npy", b"", 2, "no array that NumPy has written"),
        ("x.npz", np.ones((3, 4)), 2, "x.npz is an archive of arrays (.npz), not an array;"),
        ("x.parquet", b"no table", 2, "is no Parquet file"),
        ("x.parquet", {"vector": [[1.0, 2.0]]}, 2, "no column 'embedding'; it has 'vector'"),
        ("x.parquet", {"embedding": ["a", "b"]}, 2, "holds string, not lists"),
        ("x.parquet", {"embedding": [[1.0, 2.0], [1.0]]}, 2, "differ in length"),
        ("x.parquet", {"embedding": [[1.0, 2.0], None]}, 2, "some are missing"),
        ("x.parquet", {"embedding": [[1.0, 2.0]] * 2, "quality": [0.5, None]}, 2, "quality must lie in"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(
    tmp_path: Path, name: str, content: object, exit_code: int, words: str
) -> None:
    file = _file(tmp_path, name, content)
    command = [sys.executable, "-m", "photoclust", "cluster", "--embeddings", str(file), "--threshold", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == exit_code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--embeddings", "x.npy"], "Give either model"),
        (["--embeddings", "x.npy", "--threshold", "3"], "(0, 1)"),
        (["--embeddings", "x.npy", "--threshold", "0.5", "--index", "i"], "in the place of an index"),
        (["--embeddings", "x.npy", "--threshold", "0.5", "--use", "previous"], "in the place of an index"),
        (["--embeddings", "x.npy", "--threshold", "0.5", "--output", "x.txt"], ".csv or .parquet"),
        (["--embeddings", "none.npy", "--threshold", "0.5"], "does not exist"),
        (["--threshold", "0.5", "--index", "i"], "goes with --embeddings"),
    ],
)
def test_what_cannot_mean_anything_is_refused(
    arguments: list[str], words: str, vectors: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", vectors)
    done = run(*arguments)
    said = done.output + str(done.exception)
    assert done.exit_code == 2 or getattr(done.exception, "exit_code", 0) == 2, said
    assert words in said
