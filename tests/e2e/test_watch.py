"""``photoclust watch`` as a user leaves it running: files come, half files wait, drives go and come back."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance
from skimage.data import astronaut

from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One face in small photos that differ in brightness."""
    folder = tmp_path_factory.mktemp("album")
    face = Image.fromarray(astronaut()).crop((100, 0, 400, 300))
    for number in range(6):
        ImageEnhance.Brightness(face).enhance(0.8 + number / 20).save(folder / f"{number}.jpg")
    return sorted(folder.iterdir())


@contextmanager
def watch(photos: object, index: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "photoclust", "watch", str(photos), "--json"]
    command += ["--index", str(index), "--interval", "0.2", "--engine", "local"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "photos").mkdir()
    with watch(tmp_path / "photos", tmp_path / "index") as process:
        yield process


def until(process: subprocess.Popen[str], ready: Callable[[dict], bool]) -> dict:
    """Read looks until one is as awaited; the time limit of the tests ends what never comes."""
    assert process.stdout is not None
    for line in process.stdout:
        look = json.loads(line)
        if ready(look):
            return look
    _, errors = process.communicate()
    raise AssertionError(f"it ended: {errors}")


def quiet(look: dict) -> bool:
    return not (look["waiting"] or look["indexed"] or look["grouped"] or look["error"])


def held(index: Path) -> set[str]:
    """Names of the photos that an index holds and could use."""
    if not IndexStore.exists(index):
        return set()
    rows = IndexStore.open(index).photos().to_pylist()
    return {Path(row["uri"]).name for row in rows if row["status"] in ("ok", "no_face")}


def test_a_folder_is_kept_up_with(tmp_path: Path, jpegs: list[Path], watching: subprocess.Popen[str]) -> None:
    photos, index = tmp_path / "photos", tmp_path / "index"
    until(watching, quiet)
    for path in jpegs[:4]:
        shutil.copyfile(path, photos / path.name)
    content = jpegs[4].read_bytes()
    slow = photos / "slow.jpg"
    slow.write_bytes(content[:1000])
    until(watching, lambda look: look["indexed"] is not None)
    with slow.open("ab") as file:
        file.write(content[1000:])
    expected = {path.name for path in jpegs[:4]} | {"slow.jpg"}
    until(watching, lambda look: quiet(look) and held(index) == expected)
    assert (index / "review" / "index.html").is_file()
    clustering = IndexStore.open(index).current_clustering()
    assert clustering is not None
    assert clustering.assignments["face_id"].equals(IndexStore.open(index).faces([])["face_id"])

    photos.rename(tmp_path / "unplugged")
    assert "photos" in until(watching, lambda look: look["error"] != "")["error"]
    (tmp_path / "unplugged").rename(photos)
    shutil.copyfile(jpegs[5], photos / "last.jpg")
    until(watching, lambda look: quiet(look) and held(index) == expected | {"last.jpg"})

    with IndexStore.open(index).lock():  # free between looks
        pass
    watching.send_signal(signal.SIGTERM)
    _, errors = watching.communicate(timeout=100)
    assert watching.returncode == 143, errors
    assert errors.strip().startswith("Stopped by SIGTERM; what was finished is kept.")


@pytest.mark.slow
def test_a_bucket_is_kept_up_with(tmp_path, jpegs, bucket, monkeypatch):
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))
    index = f"{bucket.uri}/people"

    def there() -> set[str]:
        with at(index) as place:
            return held(place.folder)

    with watch(f"{bucket.uri}/incoming", index) as watching:
        until(watching, quiet)
        for path in jpegs[:4]:
            bucket.put(f"incoming/{path.name}", path.read_bytes())
        expected = {path.name for path in jpegs[:4]}
        until(watching, lambda look: quiet(look) and there() == expected)
        bucket.proxy.fault = lambda method, path: 403
        assert "refuses access" in until(watching, lambda look: look["error"] != "")["error"]
        bucket.put(f"incoming/{jpegs[0].name}", jpegs[4].read_bytes())
        bucket.client.delete_object(Bucket=bucket.name, Key=f"incoming/{jpegs[1].name}")
        bucket.proxy.fault = lambda method, path: None
        changed = until(watching, lambda look: look["indexed"] is not None)["indexed"]
        assert (changed["indexed"], changed["missing"]) == ({"ok": 1}, 1)
        until(watching, lambda look: quiet(look) and there() == expected - {jpegs[1].name})
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(timeout=100) == 143
