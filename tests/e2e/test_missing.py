"""Photos that are taken away, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image


def photoclust(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "photoclust", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_photos_go_an_unplugged_drive_is_asked_about_and_they_come_back(tmp_path: Path) -> None:
    photos, index = tmp_path / "card", tmp_path / "index"
    photos.mkdir()
    for number in range(3):
        Image.new("RGB", (64, 64), (number, 80, 80)).save(photos / f"{number}.png")
    run = ("index", photos, "--index", index, "--engine", "local")
    photoclust(*run)

    (photos / "0.png").rename(tmp_path / "0.png")
    assert "; 1 are no longer there" in photoclust(*run).stdout
    status = json.loads(photoclust("status", "--index", index, "--json").stdout)
    assert (status["photos"]["seen"], status["missing"]) == (2, [str(photos / "0.png")])

    for number in (1, 2):
        (photos / f"{number}.png").rename(tmp_path / f"{number}.png")
    refused = photoclust(*run, code=1).stderr
    assert f"2 of the 2 photos known in {photos} are not there" in refused
    assert "--missing drop" in refused
    assert "No photos found" in photoclust(*run, "--missing", "keep", code=2).stderr
    assert json.loads(photoclust(*run, "--missing", "drop", "--json").stdout)["indexing"]["missing"] == 2
    assert "No photos found" in photoclust(*run, code=2).stderr
    listed = photoclust("status", "--index", index, "--missing").stdout
    assert all(str(photos / f"{number}.png") in listed for number in range(3))

    for number in range(3):
        (tmp_path / f"{number}.png").rename(photos / f"{number}.png")
    back = json.loads(photoclust(*run, "--json").stdout)
    assert back["indexing"]["returned"] == 3
    assert (back["photos"]["seen"], back["photos"]["missing"]) == (3, 0)


def test_photos_that_are_left_out_later_leave_the_grouping_and_it_is_said(tmp_path: Path) -> None:
    photos, index = tmp_path / "card", tmp_path / "index"
    for folder in ("a", "#RECYCLE", "app"):
        (photos / folder).mkdir(parents=True)
        Image.new("RGB", (64, 64), (len(folder) * 20, 80, 80)).save(photos / folder / "x.png")
    (photos / "app" / "x.mp4").write_bytes(b"video")
    run = ("index", photos, "--index", index, "--engine", "local")
    first = photoclust(*run).stdout
    assert "Passed over: 1 .mp4\nLeft out: 1 folder of bins, snapshots or previews\n" in first
    assert "Photos   2:" in first

    (photos / "app" / ".nomedia").touch()
    second = photoclust(*run).stdout
    assert "1 known before are left out now" in second
    status = json.loads(photoclust("status", "--index", index, "--json").stdout)
    assert (status["photos"]["seen"], status["photos"]["left_out"], status["missing"]) == (1, 1, [])
    assert status["passed_over"] == {"folders": {".nomedia": 1, "bin": 1}}
    assert "; 1 left out, out of the grouping" in photoclust("status", "--index", index).stdout

    refused = photoclust(*run, "--exclude", "*.PNG", code=0).stdout
    assert "Photos   0:" in refused
    assert "Left out: 1 folder by .nomedia, 1 folder of bins, snapshots or previews, 1 photo by" in refused
    (photos / "app" / ".nomedia").unlink()
    back = json.loads(photoclust(*run, "--json").stdout)
    assert (back["indexing"]["returned"], back["photos"]["seen"], back["photos"]["left_out"]) == (2, 2, 0)
