"""Files that break naive readers: each becomes upright RGB, or a reason."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import decoded, reason

# pytest puts the filters that importing the decoder sets aside
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::RuntimeWarning:PIL")


@pytest.mark.data
def test_every_awkward_file(data):
    whole_heif = ("L_10__29x100.heif", "L_xmp_latin1.heic")
    for row in csv.DictReader((data / "awkward" / "manifest.csv").open()):
        name = row["file"]
        content = (data / "awkward" / name).read_bytes()
        if row["pillow_without_heif"] == "ok":
            size = (int(row["width"]), int(row["height"]))
            turned = row["orientation"] in "5678" and row["orientation"] != ""
            photo = decoded(content)
            assert (photo.width, photo.height) == (size[::-1] if turned else size), name
            assert photo.orientation == max(1, int(row["orientation"] or 1)), name
        elif name.endswith(whole_heif):
            assert decoded(content).width in (16, 29)
        elif name == "pillow__truncated_jpeg.jpg":  # of which half an end mark is missing
            assert decoded(content).width == 100
        else:
            assert len(reason(content)) < 120, name


@pytest.mark.data
@pytest.mark.parametrize("series", ["Landscape", "Portrait"])
def test_photographs_of_every_orientation_look_the_same(data, series):
    path = data / "awkward"
    upright = decoded((path / f"exif_orientation__{series}_1.jpg").read_bytes()).pixels.astype(int)
    for orientation in (0, *range(2, 9)):
        photo = decoded((path / f"exif_orientation__{series}_{orientation}.jpg").read_bytes())
        away = np.abs(photo.pixels - upright)
        assert away.mean() < 4, orientation  # each is a JPEG of its own, with its number painted in


@pytest.mark.data
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_awkward_files_print_nothing_and_stay_small(data):
    program = """
import sys
from pathlib import Path
from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photos.decode import decode_photo
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        decode_photo(path.read_bytes(), DecodeConfig())
    except PhotoError:
        pass
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0])
"""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, str(data / "awkward")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.stderr == ""
    assert int(done.stdout) < 300 * 1024
