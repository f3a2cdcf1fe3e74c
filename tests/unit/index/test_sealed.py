"""A bit that has changed on disk is noticed by whoever reads it, in every kind of file."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from photoclust.errors import IndexCorruptError, IndexFormatError
from photoclust.index import files
from photoclust.index.erasure.keep_out import keyed
from photoclust.index.sealed import SealError, read_sealed
from photoclust.index.store import IndexStore

FLIPS = 300  # of each kind of file


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def same_values(path: Path, whole: bytes, changed: bytes) -> bool:
    """Whether a changed JSON file says the same: the exponent of a number may be an e or an E."""
    try:
        return path.suffix == ".json" and json.loads(whole) == json.loads(changed)
    except ValueError:
        return False


def _clustering(store: IndexStore) -> Path:
    return store.clusterings.folder / str(store.clusterings.current())


Read = Callable[[IndexStore], object]
KINDS: dict[str, tuple[Callable[[IndexStore], Path], Read]] = {
    "photos": (lambda store: store.parts.marks()[0], lambda store: store.photos()),
    "faces": (lambda store: store.parts.faces_of(store.parts.marks()[0]), lambda store: store.faces()),
    "graph": (lambda store: store.folder / "neighbours" / "graph.parquet", lambda store: store.read_graph()),
    "assignments": (
        lambda store: _clustering(store) / "assignments.parquet",
        lambda store: store.current_clustering(),
    ),
    "people": (lambda store: _clustering(store) / "people.parquet", lambda store: store.current_clustering()),
    "retired": (
        lambda store: _clustering(store) / "retired.parquet",
        lambda store: store.current_clustering(),
    ),
    "run": (lambda store: _clustering(store) / "run.json", lambda store: store.current_clustering()),
    "current": (lambda store: store.clusterings.pointer, lambda store: store.clusterings.current()),
    "head": (lambda store: store.folder / "index.json", lambda store: IndexStore.open(store.folder)),
    "key": (lambda store: store.folder / "forgotten" / "key", lambda store: keyed(store.folder, "x")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_single_flipped_bits_are_noticed_and_the_file_is_named(album_index: IndexStore, kind: str) -> None:
    find, read = KINDS[kind]
    keyed(album_index.folder, "x")
    path = find(album_index)
    whole = path.read_bytes()
    bits = random.Random(kind).sample(range(len(whole) * 8), min(FLIPS, len(whole) * 8))
    for bit in bits:
        changed = flipped(whole, bit)
        if same_values(path, whole, changed):
            continue
        path.write_bytes(changed)
        with pytest.raises((IndexCorruptError, IndexFormatError), match=path.name) as caught:
            read(album_index)
        assert str(caught.value).endswith(".") or "take the line" in str(caught.value)
    path.write_bytes(whole)
    read(album_index)


def small() -> pa.Table:
    return pa.table({"a": ["x", "y", "x"], "b": pa.array([1, 2, None]), "empty": [[], [1.0], []]})


@pytest.mark.parametrize("rows", [0, 3])
def test_every_byte_of_a_small_file_counts(tmp_path: Path, rows: int) -> None:
    """Headers of pages, the seal itself and the first and last bytes too."""
    path = tmp_path / "part.parquet"
    files.write_table(path, small().slice(0, rows))
    whole = path.read_bytes()
    for byte in range(len(whole)):
        path.write_bytes(flipped(whole, 8 * byte + byte % 8))
        with pytest.raises(IndexCorruptError, match=r"part\.parquet"):
            files.read_table(path)


def test_any_other_program_reads_a_sealed_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(path, small())
    assert pq.ParquetFile(path, page_checksum_verification=True).read().equals(small())


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(small().replace_schema_metadata({"note": "kept"}), path)
    assert read_sealed(path).equals(small())
    assert read_sealed(path).schema.metadata == {b"note": b"kept"}


def test_a_file_that_lost_its_seal_is_not_taken_for_one_of_an_earlier_version(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(small().replace_schema_metadata({"photoclust.sealed": "1"}), path)
    with pytest.raises(SealError, match="seal is missing"):
        read_sealed(path)


def test_only_what_is_read_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(path, small())
    content = path.read_bytes()
    path.write_bytes(flipped(content, 8 * content.index(b"y")))
    assert files.read_table(path, ["b"])["b"].to_pylist() == [1, 2, None]
    with pytest.raises(IndexCorruptError, match="column 'a' has changed"):
        files.read_table(path, ["a", "b"])


def test_json_of_an_earlier_version_or_changed_by_hand_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"run_id": "old"}')
    assert files.read_json(path) == {"run_id": "old"}
    files.write_json(path, {"run_id": "new"})
    assert files.read_json(path) == {"run_id": "new"}
    path.write_text(json.dumps({"run_id": "by hand"}))
    assert files.read_json(path) == {"run_id": "by hand"}


def test_threads_of_arrow_hold_no_file_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They let go of a file after the read; one of Python's while Python ends, and the process is aborted."""
    given: list[object] = []

    class Noted(pq.ParquetFile):
        def __init__(self, source: object, **options: object) -> None:
            given.append(source)
            super().__init__(source, **options)

    files.write_table(tmp_path / "a.parquet", small())
    monkeypatch.setattr(pq, "ParquetFile", Noted)
    assert files.read_table(tmp_path / "a.parquet").equals(small())
    assert [type(source) for source in given] == [pa.OSFile]


def test_a_file_that_cannot_be_read_is_not_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").mkdir()
    with pytest.raises(IndexCorruptError, match=r"cannot be read \(Is a directory\); see whether its disk"):
        files.read_table(tmp_path / "a.parquet")
