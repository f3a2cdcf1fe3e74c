"""``photoclust review`` and ``photoclust serve``: where they listen, and what they refuse."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result
from served import Served

from photoclust.cli import cli
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.workflows.serve import ServeOptions, is_loopback


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def test_a_program_asks_with_the_password_and_control_c_ends(album_index: IndexStore, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse\nsecond line\n")
    served = Served(album_index.folder, "--password-file", str(password))
    try:
        asked = Request(served.base + "/api/v1/people", headers={"Authorization": "Bearer correct horse"})
        with urlopen(asked, timeout=60) as answer:
            assert json.load(answer)["total"] == 4
        modes = {stat.S_IMODE(path.stat().st_mode) for path in album_index.folder.glob(".*.lock")}
        assert modes <= {0o600}
    finally:
        assert served.stop() == 0


def test_torch_is_not_loaded_for_the_pages(album_index: IndexStore) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from photoclust.review import server; from photoclust.index.store import IndexStore;"
        "from photoclust.review.service import Service;"
        f"Service(IndexStore.open({str(album_index.folder)!r})).state();"
        "print(sorted({'torch', 'ray', 'hdbscan'} & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


def test_other_machines_need_a_password(album_index: IndexStore) -> None:
    refused = run("serve", "--index", str(album_index.folder), "--host", "0.0.0.0")
    assert isinstance(refused.exception, UsageError)
    assert "--password-file" in str(refused.exception)


def test_a_port_in_use_is_said(album_index: IndexStore) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = run("serve", "--index", str(album_index.folder), "--port", port)
    assert f"Port {port} of 127.0.0.1 is in use" in str(refused.exception)


def test_an_address_of_another_machine_is_refused(album_index: IndexStore, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse")
    words = ("--host", "192.0.2.1", "--password-file", str(tmp_path / "password"))
    refused = run("serve", "--index", str(album_index.folder), *words)
    assert "Nothing can listen at 192.0.2.1" in str(refused.exception)
    assert "not encrypted" in refused.stderr


@pytest.mark.parametrize("content", [None, "", "short\n", "\nsecond line is long enough", "\xff"])
def test_a_password_must_be_one(tmp_path: Path, content: str | None) -> None:
    place = tmp_path / "password"
    if content is not None:
        place.write_text(content, "latin-1")
    with pytest.raises(UsageError, match="password"):
        ServeOptions(password_file=place)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost"])
def test_addresses_of_this_machine_are_known(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("example.org")


def test_people_are_needed(album_index: IndexStore) -> None:
    album_index.clusterings.pointer.unlink()
    refused = run("review", "--index", str(album_index.folder), "--port", "0")
    assert "has no people yet" in str(refused.exception)
