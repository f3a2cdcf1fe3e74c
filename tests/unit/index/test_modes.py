"""Whatever is written is its owner's alone, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.workflows.review_page import write_page


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_everything_in_an_index_and_its_new_parents_is_private(
    tmp_path: Path, build: Callable[[Path], IndexStore], umask: int
) -> None:
    before = os.umask(umask)
    try:
        store = build(tmp_path / "new" / "parents" / "index")
        store.write_run({"kind": "index"})
        write_page(store)
        photo = store.photos()["uri"][0].as_py()
        done = CliRunner().invoke(
            cli, ["forget", "--photo", photo, "--keep-out", "--yes", "--index", str(store.folder)]
        )
        assert done.exit_code == 0, done.output
    finally:
        os.umask(before)
    written = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    assert len(written) > 20
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
