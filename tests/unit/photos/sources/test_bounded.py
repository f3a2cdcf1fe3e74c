"""Nothing that only looks like a file makes a reader wait for ever."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError, UsageError
from photoclust.limits import TimeLimits, limited
from photoclust.photos.sources import bounded
from photoclust.photos.sources.bounded import BoundedFile, read_up_to, within
from photoclust.photos.sources.references import find_photos, read_photo

LIMITS = DecodeConfig()
EMPTY = "the archive is damaged (empty file)"


@pytest.fixture(autouse=True)
def _short() -> Iterator[None]:
    with limited(TimeLimits(read=0.3)):
        yield


def reason(path: Path) -> str:
    (ref,) = find_photos([str(path)])
    with pytest.raises(PhotoError) as caught:
        read_photo(ref, LIMITS)
    assert caught.value.stage == "read"
    return caught.value.reason


@pytest.mark.parametrize("name", ["a.jpg", "a.tar", "a.tar.gz", "a.parquet"])
def test_a_pipe(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert reason(tmp_path / name) == "it is a pipe, socket or device, not a file"


@pytest.mark.parametrize("name", ["a.jpg", "a.tar", "a.parquet"])
def test_what_waits_in_proc(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/proc/kmsg")
    assert reason(tmp_path / name) in (
        EMPTY,
        "the file is empty",
        "operation not permitted",
        "permission denied",
    )


@pytest.mark.parametrize("name", ["a.jpg", "a.tar", "a.parquet"])
def test_a_share_that_has_stalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_bytes(b"x" * 100)
    woken = threading.Event()
    monkeypatch.setattr(bounded.os, "read", lambda *_: woken.wait(60))
    assert reason(tmp_path / name) == "it did not answer for 0.3 seconds"
    woken.set()


def test_a_list_from_a_pipe_is_read_and_one_without_a_writer_given_up(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    pipe = tmp_path / "list"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="did not answer"):
        find_photos([f"@{pipe}"])
    other = tmp_path / "other"
    os.mkfifo(other)
    threading.Thread(target=lambda: other.write_text("a.jpg\n")).start()
    assert [Path(ref.uri).name for ref in find_photos([f"@{other}"])] == ["a.jpg"]


def test_a_list_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photoclust.photos.sources.references._LONGEST_LIST", 1000)
    with pytest.raises(UsageError, match="no list of paths"):
        find_photos(["@/dev/zero"])


def test_a_slow_step_is_given_up_and_errors_pass() -> None:
    with pytest.raises(TimeoutError, match=r"0\.1 seconds"):
        within(lambda: time.sleep(5), 0.1)
    with pytest.raises(FileNotFoundError):
        BoundedFile("/nowhere")
    assert within(lambda: 7) == 7


def test_large_files_come_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_BLOCK", 1000)
    content = os.urandom(12_345)
    (tmp_path / "a").write_bytes(content)
    with BoundedFile(str(tmp_path / "a")) as file:
        assert read_up_to(file, 20_000) == content
    with BoundedFile(str(tmp_path / "a")) as file:
        assert read_up_to(file, 1234) == content[:1234]
        file.seek(-5, os.SEEK_END)
        assert (file.read(10), file.tell()) == (content[-5:], 12_345)
