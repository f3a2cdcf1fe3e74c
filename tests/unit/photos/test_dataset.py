"""Labelled data sets: folders, splits, CSVs, and every way they can be wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photoclust.errors import UsageError
from photoclust.photo_refs import UNREACHABLE
from photoclust.photos.dataset import read_dataset


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def told(location: Path) -> set[tuple[str, str, str]]:
    return {(Path(one.uri).name, one.label, one.split) for one in read_dataset(str(location)).entries}


def test_the_folder_is_the_label(tmp_path: Path) -> None:
    touch(tmp_path / "Ada/1.jpg", tmp_path / "Ada/more/2.jpg", tmp_path / "Bob/1.jpg")
    assert told(tmp_path) == {("1.jpg", "Ada", ""), ("2.jpg", "Ada", ""), ("1.jpg", "Bob", "")}


def test_folders_named_for_splits_are_splits(tmp_path: Path) -> None:
    touch(tmp_path / "Train/Ada/1.jpg", tmp_path / "test/Ada/2.jpg", tmp_path / "test/Bob/3.jpg")
    assert told(tmp_path) == {("1.jpg", "Ada", "Train"), ("2.jpg", "Ada", "test"), ("3.jpg", "Bob", "test")}


def test_a_person_called_test_is_a_person(tmp_path: Path) -> None:
    touch(tmp_path / "test/1.jpg", tmp_path / "Ada/2.jpg")
    assert told(tmp_path) == {("1.jpg", "test", ""), ("2.jpg", "Ada", "")}


def test_photos_in_no_folder_are_left_out_and_counted(tmp_path: Path) -> None:
    touch(tmp_path / "Ada/1.jpg", tmp_path / "Bob/1.jpg", tmp_path / "stray.jpg")
    dataset = read_dataset(str(tmp_path))
    assert len(dataset.entries) == len(dataset.refs) == 2
    assert "1 photos lie in no person's folder" in dataset.problems[0]


def test_a_csv_of_relative_paths_with_splits(tmp_path: Path) -> None:
    touch(tmp_path / "a b.jpg", tmp_path / "c.jpg")
    (tmp_path / "l.csv").write_text(
        'path,label,split\n"a b.jpg",Ada,train\nc.jpg," Bob ",test\n', "utf-8-sig"
    )
    assert told(tmp_path / "l.csv") == {("a b.jpg", "Ada", "train"), ("c.jpg", "Bob", "test")}


def test_the_columns_of_evaluate_are_known_too(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "b.jpg")
    (tmp_path / "l.csv").write_text("person,photo\nAda,a.jpg\nBob,b.jpg\n")
    assert len(read_dataset(str(tmp_path / "l.csv")).entries) == 2


def test_bad_lines_are_told_with_number_and_reason(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "b.jpg")
    lines = [
        "path,label",
        "a.jpg,Ada",
        "gone.jpg,Ada",
        "b.jpg,",
        ",Ada",
        "a.jpg,Ada",
        "b.jpg,Bob,x,y",
        ".,Ada",
    ]
    (tmp_path / "l.csv").write_text("\n".join([*lines, "b.jpg,Bob", "a.jpg,Bob", "x\0y,Ada"]))
    dataset = read_dataset(str(tmp_path / "l.csv"))
    assert [(Path(one.uri).name, one.label) for one in dataset.entries] == [
        ("a.jpg", "Ada"),
        ("b.jpg", "Bob"),
        ("a.jpg", "Bob"),
    ]
    assert len(dataset.refs) == 2
    reasons = dict(problem.split("line ")[1].split(": ", 1) for problem in dataset.problems)
    assert set(reasons) == {"3", "4", "5", "6", "7", "8", "11"}
    assert "no photo 'gone.jpg'" in reasons["3"]
    assert "no label" in reasons["4"]
    assert "names no photo" in reasons["5"]
    assert "earlier line" in reasons["6"]
    assert "more fields" in reasons["7"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "header"),
        (b"a.jpg\nb.jpg\n", "header"),
        (b"\xff\xfe\x00\xd8", "cannot be read"),
        (b"path,label\na.jpg,Ada\n", "only one, 'Ada'"),
        (b"path,label\n", "none"),
        (b"path,label\ngone.jpg,Ada\n", "line 2"),
    ],
)
def test_files_that_are_no_data_set(tmp_path: Path, content: bytes, words: str) -> None:
    touch(tmp_path / "a.jpg")
    (tmp_path / "l.csv").write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_dataset(str(tmp_path / "l.csv"))


def test_a_list_of_files_says_nothing_of_people(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="list of files"):
        read_dataset(f"@{tmp_path}/list.txt")


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_dataset(str(tmp_path / "gone"))


def test_one_folder_is_too_few(tmp_path: Path) -> None:
    touch(tmp_path / "Ada/1.jpg")
    with pytest.raises(UsageError, match="two labels or more"):
        read_dataset(str(tmp_path))


def test_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    touch(tmp_path / os.fsdecode(b"\xff") / "1.jpg", tmp_path / "Ada/1.jpg")
    assert {label for _, label, _ in told(tmp_path)} == {"Ada", "\\xff"}


def test_a_bucket_is_read_as_a_folder_is(bucket):
    for key in ("set/train/ada/1.jpg", "set/train/ada/2.jpg", "set/test/bea/x/3.jpg", "set/loose.jpg"):
        bucket.put(key, key.encode())
    found = read_dataset(f"{bucket.uri}/set/")
    assert [(entry.uri, entry.label, entry.split) for entry in found.entries] == [
        (f"{bucket.uri}/set/test/bea/x/3.jpg", "bea", "test"),
        (f"{bucket.uri}/set/train/ada/1.jpg", "ada", "train"),
        (f"{bucket.uri}/set/train/ada/2.jpg", "ada", "train"),
    ]
    assert found.problems == ("1 photos lie in no person's folder and were left out.",)
    assert [ref.size for ref in found.refs] == [20, 19, 19]


def test_a_csv_may_name_objects(bucket, tmp_path):
    there, photo = bucket.put("a.jpg", b"1234"), tmp_path / "b.jpg"
    photo.write_bytes(b"12345")
    table = tmp_path / "labels.csv"
    table.write_text(f"path,label\n{there},ada\n{bucket.uri}/gone.jpg,ada\nb.jpg,bea\n")
    found = read_dataset(str(table))
    assert [entry.uri for entry in found.entries] == [there, f"{bucket.uri}/gone.jpg", str(photo)]
    assert [(ref.size, ref.version == UNREACHABLE) for ref in found.refs] == [
        (4, False),
        (0, True),
        (5, False),
    ]
