"""Which pictures files hold is told by the nodes of a cluster: the driver opens none of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from photoclust.config import DecodeConfig
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos.identifying import identities

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

DRIVER = """
import json, sys
from pathlib import Path
from photoclust.config import DecodeConfig, EngineConfig
from photoclust.engine import identifying as on_ray
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos import identifying

def opened(*_):
    raise AssertionError("the driver opens a photo")

identifying.read_photo, on_ray.PHOTOS_A_TASK = opened, 4
refs = [PhotoRef(path, 1, Version.modified(1)) for path in sys.argv[2:]]
config = EngineConfig(kind="ray", address=sys.argv[1], owns_output=True)
with on_ray.start_identifying(config, DecodeConfig()) as identify:
    assert list(identify(iter(()))) == []
    found = [one and one.photo_id for one in identify(iter(refs))]
print(json.dumps(found))
"""


def test_nodes_read_what_the_driver_does_not(tmp_path: Path, cluster: Any) -> None:
    """Files of three pictures, in their order, and one that is not there."""
    paths = [tmp_path / f"{number}.png" for number in range(30)]
    for number, path in enumerate(paths):
        Image.new("RGB", (20, 20), (number % 3, 0, 0)).save(path)
    paths[7].unlink()
    refs = [PhotoRef(str(path), 1, Version.modified(1)) for path in paths]
    here = [one and one.photo_id for one in identities(refs, DecodeConfig())]
    assert here[7] is None
    assert len({*here}) == 4
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, cluster.address, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        env=cluster.environment,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == here
