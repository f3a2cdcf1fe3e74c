"""`run` with photos and index in a bucket: the people of a local index, found from another machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def photoclust(cache: Path, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "photoclust", *map(str, arguments), "--json"]
    environment = os.environ | {"PHOTOCLUST_CACHE": str(cache)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.data
def test_an_index_in_a_bucket_is_the_local_one(bucket, data: Path, tmp_path: Path) -> None:
    folders = [folder for folder in sorted((data / "lfw-dev").iterdir()) if len(list(folder.iterdir())) > 3]
    for folder in folders[:2]:
        for photo in sorted(folder.iterdir())[:3]:
            bucket.put(f"photos/{folder.name}/{photo.name}", photo.read_bytes())
    photos, remote, options = f"{bucket.uri}/photos", f"{bucket.uri}/people", ("--engine", "local")
    first, second = tmp_path / "first", tmp_path / "second"
    here = photoclust(first, "run", photos, "--index", tmp_path / "local", *options)
    there = photoclust(first, "run", photos, "--index", remote, *options)
    assert there["grouping"]["people"] == here["grouping"]["people"] == 2
    assert there["indexing"]["faces"] == here["indexing"]["faces"] >= 6
    page = Path(there["grouping"]["review_page"])
    assert page.is_relative_to(first)
    assert page.is_file()
    again = photoclust(second, "index", photos, "--index", remote, *options)
    assert again["indexing"]["unchanged"] == 6
    assert again["grouping"]["people"] == 2
