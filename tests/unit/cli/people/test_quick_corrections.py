"""A correction starts nothing that takes longer to load than the correction itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from photoclust.index.store import IndexStore
from photoclust.workflows.people.people_index import PeopleIndex

HEAVY = (
    "faiss",
    "hdbscan",
    "matplotlib",
    "numba",
    "pandas",
    "ray",
    "scipy",
    "sklearn",
    "torch",
)


def test_corrections_import_nothing_heavy(album_index: IndexStore) -> None:
    first, second, *_ = PeopleIndex(album_index).people
    for said in (["name", first, "Ada"], ["ignore", second], ["merge", first, second]):
        script = (
            "import sys\nfrom photoclust.cli import cli\n"
            f"cli.main({['people', *said, '--index', str(album_index.folder)]!r}, standalone_mode=False)\n"
            f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path.cwd()
        )
        assert done.stderr.strip() == "[]", said
    assert (album_index.folder / "review" / "index.html").is_file()
