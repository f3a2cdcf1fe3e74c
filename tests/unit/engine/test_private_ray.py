"""The folder of a Ray of this machine is private, has a short path, and is swept when its process is dead."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from photoclust.engine import private
from photoclust.storage.writers import running_machine

LEFT = """
import os
from photoclust.engine.private import private_folder
held = private_folder()
print(held.__enter__(), flush=True)
os._exit(9)
"""


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", "/tmp")
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = Path("/tmp") / f"c{os.getpid()}"
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(folder))
    return folder


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_only_its_owner_can_enter_it_and_it_goes_at_the_end(cache: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with private.private_folder() as folder:
            assert folder.parent == cache / "ray"
            for place in (cache, cache / "ray", folder):
                assert stat.S_IMODE(place.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert not folder.exists()


def test_sockets_have_a_short_path_however_long_the_cache_and_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / ("x" * 90)))
    monkeypatch.setenv("TMPDIR", str(tmp_path / ("y" * 90)))
    with private.private_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        place = folder / "r" / "session_2026-11-29_17-45-36_123456_1234567" / "sockets"
        place.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(place / "plasma_store"))
    assert not folder.exists()


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not(cache: Path) -> None:
    if not running_machine():
        pytest.skip("this system does not tell which machine it is")
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.is_dir()
    with private.private_folder() as first, private.private_folder():
        assert first.is_dir()
        assert not left.exists()


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    with private.private_network():
        pass  # Ray says something of its own there when it is imported
    before = dict(os.environ)
    with private.private_network():
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
    assert dict(os.environ) == before
