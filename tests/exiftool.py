"""exiftool, which reads metadata independently of photoclust; not on every machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

needs_exiftool = pytest.mark.skipif(
    not shutil.which("exiftool"), reason="exiftool is not installed (Debian: libimage-exiftool-perl)"
)


def exiftool(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["exiftool", "-config", "", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout


def tags(file: Path) -> dict[str, Any]:
    """Every tag of a file, structures as they are."""
    return json.loads(exiftool("-json", "-struct", "-n", file))[0]


Box = tuple[float, float, float, float]


def regions(file: Path) -> dict[str, Box]:
    """Left, top, right and bottom of each named region, in fractions of the picture as stored."""
    found = tags(file).get("RegionInfo", {}).get("RegionList", [])
    return {one["Name"]: _box(**{side: float(one["Area"][side]) for side in "XYWH"}) for one in found}


def _box(X: float, Y: float, W: float, H: float) -> Box:  # noqa: N803
    return X - W / 2, Y - H / 2, X + W / 2, Y + H / 2


def as_immich_reads(tagged: dict[str, Any], orientation: int) -> dict[str, tuple[int, int, int, int]]:
    """Faces in pixels of the upright photo, by the rules of Immich.

    From server/src/services/metadata.service.ts of immich-app/immich (2025), `applyTaggedFaces` and
    `orientRegionInfo`: dimensions and a list that is not empty are needed, regions without a name are passed
    over, centres are turned by the EXIF orientation, and sides are exchanged where it turns sideways.
    """
    info = tagged.get("RegionInfo") or {}
    if not info.get("AppliedToDimensions") or not info.get("RegionList"):
        return {}
    width, height = float(info["AppliedToDimensions"]["W"]), float(info["AppliedToDimensions"]["H"])
    if orientation >= 5:
        width, height = height, width
    found: dict[str, tuple[int, int, int, int]] = {}
    for region in info["RegionList"]:
        if not region.get("Name"):
            continue
        x, y, w, h = (float(region["Area"][side]) for side in "XYWH")
        x, y = {
            1: (x, y),
            2: (1 - x, y),
            3: (1 - x, 1 - y),
            4: (x, 1 - y),
            5: (y, x),
            6: (1 - y, x),
            7: (1 - y, 1 - x),
            8: (y, 1 - x),
        }[orientation]
        if orientation >= 5:
            w, h = h, w
        sides = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        left, top, right, bottom = map(int, sides)
        found[region["Name"]] = (left, top, right, bottom)
    return found
