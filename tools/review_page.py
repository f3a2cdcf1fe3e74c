"""Make docs/review-page.png anew: ``python tools/review_page.py`` (needs Chromium).

Runs the demo, names its people and takes a picture of the page. The faces in it are the demo's, whose
photographs are in the public domain or CC0.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from photoclust.index.store import IndexStore

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1180,1120"]


def main() -> None:
    """Demo, names, picture."""
    home = Path(tempfile.mkdtemp())
    index = home / "Demo album"
    _photoclust("demo", "--index", index, "--engine", "local")
    store = IndexStore.open(index)
    store.decisions_file.write_text("".join(_names(store)), "utf-8")
    _photoclust("cluster", "--index", index)
    _picture(index / "review" / "index.html", home, Path(__file__).parents[1] / "docs" / "review-page.png")
    shutil.rmtree(home)


def _photoclust(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "photoclust", *map(str, arguments)], check=True)


def _names(store: IndexStore) -> list[str]:
    """A decision for each person: the demo keeps portraits in folders named after the sitter."""
    sitters = {row["photo_id"]: Path(row["uri"]).parent.name for row in store.photos().to_pylist()}
    photo_of = {row["face_id"]: row["photo_id"] for row in store.faces(["photo_id"]).to_pylist()}
    clustering = store.current_clustering()
    assert clustering is not None
    names = {
        row["person_id"]: sitters[photo_of[row["face_id"]]]
        for row in clustering.assignments.to_pylist()
        if row["person_id"] and sitters[photo_of[row["face_id"]]] != "together"
    }
    return [f"name,{person},{name[0].upper()}{name[1:]}\n" for person, name in names.items()]


def _picture(page: Path, home: Path, target: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    shot = home / "shot.png"
    command = [chromium, *FLAGS, f"--user-data-dir={home / 'profile'}", f"--screenshot={shot}", page.as_uri()]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    with Image.open(shot) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main()
