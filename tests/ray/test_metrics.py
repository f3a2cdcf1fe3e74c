"""What Prometheus reads from a real Ray while a job runs."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from monitoring import metrics_used
from skimage import data as pictures
from skimage.io import imsave

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

# The real engine over real photos, and a process that stays until it has been looked at.
JOB = """
import sys
from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.photos.sources.references import find_photos
from photoclust.photo_refs import Version, ref_table

refs = list(find_photos([sys.argv[1]]))
with start(EngineConfig(address=sys.argv[2], num_cpus=1)) as engine:
    rows = sum(map(len, engine.stream(ref_table(refs, [0] * len(refs)), IndexSettings())))
    print(rows, file=sys.__stdout__, flush=True)  # what is printed meanwhile is taken for Ray's
    sys.stdin.read()
"""


EXPECTED = {
    "ray_photoclust_photos_total": 3,
    'ray_photoclust_photos_total status="failed"': 1,
    "ray_photoclust_faces_total": 1,
    "ray_photoclust_photos_left": 0,
    'ray_photoclust_stage_seconds_count stage="detect"': 2,
}


def scraped(port: int) -> str:
    """What Prometheus would read now."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return answer.read().decode()


def samples(text: str) -> dict[str, float]:
    """Sums of our samples by metric, and by metric and the tag that tells most."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("ray_photoclust_"):
            name, _, rest = line.partition("{")
            tags, _, value = rest.rpartition("} ")
            for key in [name, *(f"{name} {tag}" for tag in tags.split(",") if "st" in tag.partition("=")[0])]:
                found[key] = found.get(key, 0.0) + float(value.split()[0])
    return found


@pytest.fixture(scope="module")
def cluster(start_cluster: Callable[..., Any]) -> Iterator[Any]:
    """A cluster where nothing else was ever counted."""
    with start_cluster() as made:
        yield made


@pytest.mark.slow
def test_prometheus_sees_photos_faces_failures_and_stage_seconds(tmp_path: Path, cluster: Any) -> None:
    imsave(tmp_path / "astronaut.png", pictures.astronaut(), check_contrast=False)
    imsave(tmp_path / "coffee.png", pictures.coffee(), check_contrast=False)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 this is no photo")
    rays = {name for name in metrics_used() if not name.startswith(("ray_photoclust_", "kube_"))}
    command = [sys.executable, "-c", JOB, str(tmp_path), cluster.address]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=cluster.environment
    ) as job:
        assert job.stdout
        assert job.stdin
        assert job.stdout.readline() == "3\n"
        deadline, seen, named = time.monotonic() + 240, {}, set()
        while not (EXPECTED.items() <= seen.items() and rays <= named) and time.monotonic() < deadline:
            time.sleep(0.5)
            text = scraped(cluster.metrics_port)
            seen = samples(text)
            named |= set(re.findall(r"^(ray_\w+)", text, re.MULTILINE))
        job.stdin.close()
    assert job.returncode == 0
    assert {name: seen.get(name) for name in EXPECTED} == EXPECTED
    assert seen['ray_photoclust_stage_seconds_sum stage="detect"'] > 0
    assert rays <= named, "the dashboard of deploy/ shows what Ray does not export"
