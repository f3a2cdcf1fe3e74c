"""The main job as a user runs it: commands in, an index, a page and tables out."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from photoclust.index.store import IndexStore
from photoclust.index.unfinished import unfinished_run
from photoclust.records import container_of
from photoclust.workflows.demo import make_album


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "photoclust", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def photoclust(*arguments: str | Path) -> str:
    """Run to the end; it must succeed and say nothing on stderr but what does the work."""
    process = start(*arguments)
    output, errors = process.communicate(timeout=280)
    assert process.returncode == 0, errors
    assert WHAT_WORKS.sub("", errors) == ""
    return output


WHAT_WORKS = re.compile(
    r"Ray has not started in time; trying again\.\n"
    r"|(\d+ processes of this machine do|A process does) the work\.\n"
    r"|Ray does the work: \d+ processes that detect and \d+ that embed\.\n"
)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the demo's photos, and all that is odd in it."""
    folder = tmp_path_factory.mktemp("album")
    made = make_album(folder)
    odd = made.unreadable | made.copies.keys() | set(made.copies.values())
    for path in sorted(folder.rglob("*.*"))[::2]:
        if str(path.relative_to(folder)) not in odd:
            path.unlink()
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, album: Path) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "index"
    photoclust("run", album, "--index", folder, "--engine", "local")
    return folder


def assert_same_index(left: Path, right: Path) -> None:
    one, other = IndexStore.open(left), IndexStore.open(right)
    assert one.photos().equals(other.photos())
    assert one.faces().equals(other.faces())
    mine, theirs = one.current_clustering(), other.current_clustering()
    assert mine is not None
    assert theirs is not None
    assert mine.assignments.equals(theirs.assignments)
    assert mine.people.equals(theirs.people)


def test_the_page_and_the_figures_are_there(undisturbed: Path) -> None:
    assert (undisturbed / "review" / "index.html").stat().st_size > 10_000
    status = json.loads(photoclust("status", "--index", undisturbed, "--json"))
    photos = status["photos"]
    assert photos["seen"] == photos["with_faces"] + photos["without_faces"] + photos["failed"]
    assert photos["failed"] == len(status["failed"]) > 0
    assert status["grouping"]["people"] >= 2
    assert status["next"].startswith("open ")


def test_a_finished_run_repeated_does_nothing(undisturbed: Path, album: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    summary = json.loads(photoclust("run", album, "--index", undisturbed, "--json"))
    assert summary["indexing"]["indexed"] == {}
    assert summary["grouping"]["unchanged"]
    after = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    assert {p: t for p, t in after.items() if p.name != ".lock"} == {
        p: t for p, t in before.items() if p.name != ".lock"
    }


def test_new_and_changed_photos_are_taken_in(tmp_path: Path, undisturbed: Path, album: Path) -> None:
    photos, index = tmp_path / "photos", tmp_path / "index"
    shutil.copytree(album, photos)
    late = sorted(path for path in photos.rglob("*.jpg") if path.is_file())[::4]
    for path in late:
        path.rename(path.with_suffix(".later"))
    changed = next(path for path in photos.rglob("*.jpg"))
    original = changed.read_bytes()
    shutil.copyfile(next(path for path in photos.rglob("*.png")), changed)
    photoclust("run", photos, "--index", index, "--engine", "local")
    changed.write_bytes(original)
    for path in late:
        path.with_suffix(".later").rename(path)
    summary = json.loads(photoclust("run", photos, "--index", index, "--engine", "local", "--json"))
    assert sum(summary["indexing"]["indexed"].values()) == len(late) + 1
    assert_same_people(index, undisturbed)


def assert_same_people(left: Path, right: Path) -> None:
    """The same partition of the same faces, whatever the ids."""
    partitions = []
    for folder in (left, right):
        clustering = IndexStore.open(folder).current_clustering()
        assert clustering is not None
        people: dict[str, set[str]] = {}
        for row in clustering.assignments.to_pylist():
            people.setdefault(row["person_id"] or row["face_id"], set()).add(row["face_id"])
        partitions.append({frozenset(faces) for faces in people.values()})
    assert partitions[0] == partitions[1]


def _kill_when(process: subprocess.Popen[str], ready: Path) -> None:
    deadline = time.monotonic() + 200
    while not any(ready.glob("part-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, "it finished before it could be killed; the test has not tested anything"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("local", marks=pytest.mark.slow),
        "processes",
        pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow]),
    ],
)
def test_a_killed_run_continues_to_the_same_index(
    tmp_path: Path, undisturbed: Path, album: Path, engine: str
) -> None:
    index = tmp_path / "index"
    os.environ["PHOTOCLUST_SECONDS_A_PART"] = "0"
    try:
        place = ("--engine", engine, *(["--num-cpus", "1"] if engine == "ray" else []))
        process = start("run", album, "--index", index, *place, "--photos-per-batch", "4")
        _kill_when(process, index / "photos")
    finally:
        del os.environ["PHOTOCLUST_SECONDS_A_PART"]
    assert unfinished_run(index) is not None
    kept = len(IndexStore.open(index).photos())
    summary = json.loads(photoclust("run", album, "--index", index, *place, "--json"))
    assert summary["indexing"]["unchanged"] == kept > 0
    assert sum(summary["indexing"]["indexed"].values()) > 0
    assert unfinished_run(index) is None
    assert_same_index(index, undisturbed)


def test_a_second_run_at_the_same_time_is_told_to_wait(tmp_path: Path, album: Path) -> None:
    index = tmp_path / "index"
    first = start("run", album, "--index", index, "--engine", "local")
    deadline = time.monotonic() + 100
    while not (index / ".lock").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    second = start("run", album, "--index", index, "--engine", "local")
    _, errors = second.communicate(timeout=100)
    assert second.returncode == 1
    assert "Another photoclust is writing" in errors
    first.communicate(timeout=250)
    assert first.returncode == 0


def test_a_second_model_is_refused_with_both_names(undisturbed: Path, album: Path) -> None:
    process = start("run", album, "--index", undisturbed, "--model", "vggface2")
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "vggface2" in errors
    assert "Traceback" not in errors


def test_the_export_holds_every_face(tmp_path: Path, undisturbed: Path) -> None:
    output = tmp_path / "faces.csv"
    photoclust("export", "--index", undisturbed, "--format", "csv", "--output", output)
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["face_id"] for row in rows} == set(
        IndexStore.open(undisturbed).faces([])["face_id"].to_pylist()
    )
    assert {row["status"] for row in rows} <= {"member", "unsure", "low_quality"}


@pytest.mark.data
def test_awkward_files_are_all_accounted_for(tmp_path: Path, data: Path) -> None:
    files = [path for path in (data / "awkward").iterdir() if path.suffix != ".csv"]
    photoclust("run", data / "awkward", *files, "--index", tmp_path / "index", "--engine", "local")
    rows = IndexStore.open(tmp_path / "index").photos().to_pylist()
    found = {Path(container_of(row["uri"]) or row["uri"]).name for row in rows}  # a page lies in its TIFF
    assert found == {path.name for path in files}
    assert all(row["stage"] and row["error"] for row in rows if row["status"] == "failed")
    assert {row["status"] for row in rows} == {"ok", "no_face", "failed"}
