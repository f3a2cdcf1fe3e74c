"""``photoclust forget``: asks first, says what it cannot reach, and means what it says."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import pytest

from photoclust.cli import cli
from photoclust.config import IndexSettings
from photoclust.errors import IndexMissingError, UsageError
from photoclust.index.erasure import erase
from photoclust.index.store import IndexStore

PeopleOf = Callable[[IndexStore], dict[str, str]]


def forget(folder: Path, *arguments: str) -> None:
    cli.main(["forget", *arguments, "--index", str(folder)], standalone_mode=False)


def test_a_person_is_forgotten_with_a_receipt(
    album_index: IndexStore, people_of: PeopleOf, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = people_of(album_index)["ada"]
    forget(album_index.folder, ada, "--yes", "--json")
    receipt = json.loads(capsys.readouterr().out)
    assert receipt["faces"] == 9
    assert "the photos themselves" in receipt["not_erased"]
    assert (album_index.folder / receipt["receipt"]).is_file()
    cli.main(["status", "--index", str(album_index.folder)], standalone_mode=False)
    assert "6 forgotten" in capsys.readouterr().out


def test_the_beginning_of_an_id_will_do(album_index: IndexStore, people_of: PeopleOf) -> None:
    forget(album_index.folder, people_of(album_index)["ada"][:6], "--yes")
    assert len(album_index.faces([])) == 12


def test_it_asks_unless_told_not_to(album_index: IndexStore, people_of: PeopleOf) -> None:
    with pytest.raises(UsageError, match="--yes"):
        forget(album_index.folder, people_of(album_index)["ada"])
    assert len(album_index.faces([])) == 21


def _at(terminal: int) -> None:
    """Sit at a terminal; what started the tests may have had its children ignore Control-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.login_tty(terminal)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"n\n", 1), (b"\n", 1), (b"\x03", 130), (b"\x04", 130)],
    ids=["n", "enter", "^C", "^D"],
)
def test_any_answer_but_yes_erases_nothing_and_says_so(
    album_index: IndexStore, people_of: PeopleOf, answer: bytes, code: int
) -> None:
    person = people_of(album_index)["ada"]
    command = [sys.executable, "-m", "photoclust", "forget", person, "--index", str(album_index.folder)]
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, preexec_fn=lambda: _at(theirs))
    os.close(theirs)
    said = b""
    while not said.endswith(b"[y/N]: "):
        said += os.read(ours, 1000)
    for _ in range(12):  # Python's input misses a signal between its prompt and its read: press again
        os.write(ours, answer)
        with suppress(subprocess.TimeoutExpired):
            assert child.wait(timeout=5) == code
            break
    assert child.returncode == code
    assert b"\nNothing was erased.\r\n" in os.read(ours, 1000)
    os.close(ours)
    assert len(album_index.faces([])) == 21


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say whom"),
        (["nobody"], "no person 'nobody'.*Index.people"),
        ([""], "no person ''"),
        (["--photo", "nowhere.jpg"], "'nowhere.jpg' is not in"),
    ],
)
def test_nobody_and_strangers_are_refused(
    album_index: IndexStore, arguments: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        forget(album_index.folder, *arguments, "--yes")
    assert len(album_index.faces([])) == 21


def test_an_index_without_people(tmp_path: Path) -> None:
    store = IndexStore.create(tmp_path / "index", IndexSettings(), "abc123")
    with pytest.raises(IndexMissingError, match=r"Index\.group"):
        forget(store.folder, "Ada", "--yes")


def test_the_same_command_again_finishes_what_was_interrupted(
    album_index: IndexStore,
    people_of: PeopleOf,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ada = people_of(album_index)["ada"]
    with monkeypatch.context() as patch:
        patch.setattr(erase, "_rewrite_photos", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(click.Abort):
            forget(album_index.folder, ada, "--yes")
    forget(album_index.folder, ada, "--yes")
    assert "Finished what was interrupted" in capsys.readouterr().out
    assert len(album_index.faces([])) == 12
