"""Photos a second beside the loop people write around facenet-pytorch: the same files, in turns.

    python benchmarks/speed.py --photos FOLDER [--kind 12mp] [--count 20] [--rounds 5]

The stock loop opens a photo, cuts the faces out with ``MTCNN(keep_all=True)`` and embeds them with
``InceptionResnetV1``, one photo after another, with all of torch's threads. photoclust indexes as
`photoclust index` does. A third side, "halves", is the stock loop over photos made half as wide and high
while they are opened (``Image.thumbnail``, which lets the JPEG decoder do most of it): stock looks for faces
from 20 pixels on, photoclust from 40, so that both look for the same faces. Each run is
a process of its own, the sides in turns. The table shows medians:

- photos a second once everything is loaded, and how long it took from a cold start to the last photo;
- milliseconds of each stage for a photo, by the clock for the stock loop, of all processes for ours;
- peak memory of all processes (proportional set size) and their processor time, what is loaded included.

``--kind 12mp`` makes photos of 4000 x 3000 pixels out of those of FOLDER: every other photo is enlarged, the
others are placed on large canvases.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from memory import watched
from photo_sets import made
from PIL import Image

WARM_UP = 4  # photos before the rate is taken
STAGES = ("decode", "detect", "embed")


def halves(files: list[Path], engine: str, warm_up: int) -> dict[str, Any]:
    """The stock loop over photos of half the width and height."""
    return stock(files, engine, warm_up, 2)


def stock(files: list[Path], _engine: str, warm_up: int, shrink: int = 1) -> dict[str, Any]:
    """The stock loop; photos are made smaller by a factor while they are opened."""
    import torch
    from facenet_pytorch import MTCNN, InceptionResnetV1
    from safetensors.torch import load_file

    from photoclust.models.weights import weights_path

    detector, embedder = MTCNN(keep_all=True), InceptionResnetV1().eval()
    embedder.load_state_dict(load_file(weights_path("casia-webface")), strict=False)
    seconds = dict.fromkeys(STAGES, 0.0)

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        done = work()
        seconds[stage] += time.perf_counter() - began
        return done

    def opened(path: Path) -> Image.Image:
        photo = Image.open(path)
        if shrink > 1:
            photo.thumbnail((photo.width // shrink, photo.height // shrink))
        return photo.convert("RGB")

    def faces_of(path: Path) -> int:
        photo = timed("decode", lambda: opened(path))
        crops = timed("detect", lambda: detector(photo))
        return 0 if crops is None else len(timed("embed", lambda: embedder(crops)))

    with torch.inference_mode():
        for path in files[:warm_up]:
            faces_of(path)
        seconds.update(dict.fromkeys(STAGES, 0.0))
        began = time.perf_counter()
        faces = sum(map(faces_of, files))
    return {"faces": faces, "loop": time.perf_counter() - began, "seconds": seconds}


def ours(files: list[Path], engine_kind: str, warm_up: int) -> dict[str, Any]:
    """photoclust's engine."""
    from photoclust.config import EngineConfig, IndexSettings
    from photoclust.engine import start
    from photoclust.photo_refs import ref_table
    from photoclust.photos.sources.references import find_photos
    from photoclust.records import stage_seconds
    from photoclust.workflows.opening import fastest

    refs = list(find_photos([str(path) for path in files]))
    table = ref_table(refs, [0] * len(refs))
    seconds = dict.fromkeys(STAGES, 0.0)
    settings = fastest(IndexSettings())
    faces = 0
    with start(EngineConfig(kind=engine_kind)) as engine:
        for _ in engine.stream(table.slice(0, warm_up), settings, 1):
            pass
        began = time.perf_counter()
        for rows in engine.stream(table, settings):
            faces += sum(map(len, rows["faces"].to_pylist()))
            for stage, spent in stage_seconds(rows).items():
                seconds[stage] = seconds.get(stage, 0.0) + spent
        loop = time.perf_counter() - began
    return {"faces": faces, "loop": loop, "seconds": seconds}


SIDES = {"stock": stock, "halves": halves, "ours": ours}


def cold_start(side: str, folder: Path) -> list[str]:
    """The command whose time from its start to the last photo counts."""
    if side != "ours":
        return [sys.executable, __file__, "--one", side, "--cold", "--photos", str(folder)]
    index = tempfile.mkdtemp(dir=folder.parent)
    return [sys.executable, "-m", "photoclust", "index", str(folder), "--index", f"{index}/index"]


def measured(side: str, folder: Path, engine: str) -> dict[str, Any]:
    """One run of a side in a process of its own, with its peak of memory and processor time."""
    command = [sys.executable, __file__, "--one", side, "--photos", str(folder), "--engine", engine]
    before = _children_seconds()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = watched(process)
        assert process.stdout
        run = json.loads(process.stdout.read().splitlines()[-1])
    processors = _children_seconds() - before
    began = time.perf_counter()
    subprocess.run(cold_start(side, folder), check=True, capture_output=True)
    cold = time.perf_counter() - began
    return run | {"peak": peak.everything, "processors": processors, "cold": cold}


def _children_seconds() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def table(runs: dict[str, list[dict[str, Any]]], photos: int, megapixels: float) -> str:
    """What the documentation shows."""

    def middle(side: str, of: Callable[[dict[str, Any]], float]) -> float:
        return median(map(of, runs[side]))

    rows: list[tuple[str, Callable[[dict[str, Any]], float], bool]] = [
        ("photos a second", lambda run: photos / run["loop"], True),
        ("megapixels a second", lambda run: megapixels / run["loop"], True),
        ("faces a second", lambda run: run["faces"] / run["loop"], True),
        *((f"{stage}, ms a photo", _stage(stage, photos), False) for stage in STAGES),
        ("cold start to last photo, s", lambda run: run["cold"], False),
        ("peak memory, GB", lambda run: run["peak"] / 1e9, False),
        ("processor time, start included, s", lambda run: run["processors"], False),
        ("faces", lambda run: run["faces"], True),
    ]
    lines = [
        "| what | stock loop | of halves | photoclust | times stock | times halves |",
        "|---|---|---|---|---|---|",
    ]
    for name, of, higher in rows:
        a, half, b = (middle(side, of) for side in SIDES)
        ratios = (b / c if higher else c / max(b, 1e-9) for c in (a, half))
        cells = (f"{value:.2f}" for value in (a, half, b, *ratios))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for side in ("stock", "halves"):
        pairs = zip(runs[side], runs["ours"], strict=True)
        each = ", ".join(f"{a['loop'] / b['loop']:.2f}" for a, b in pairs)
        lines += ["", f"Photos a second beside {side} in each round: {each}"]
    return "\n".join(lines)


def _stage(stage: str, photos: int) -> Callable[[dict[str, Any]], float]:
    return lambda run: 1000 * run["seconds"][stage] / photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--kind", choices=["original", "12mp"], default="original")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--keep", type=Path, help="folder where the photos are made, and stay")
    parser.add_argument("--one", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--cold", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        warm_up = 0 if options.cold else WARM_UP
        files = sorted(options.photos.iterdir())
        print(json.dumps(SIDES[options.one](files, options.engine, warm_up)))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Make the photos, run both sides in turns, print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "photos"
        folder.mkdir(exist_ok=True)
        files = sorted(folder.iterdir()) or made(options.photos, folder, options.kind, options.count)
        megapixels = sum(size[0] * size[1] for size in (Image.open(path).size for path in files)) / 1e6
        runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
        for number in range(options.rounds):
            for side in (list(SIDES), list(SIDES)[::-1])[number % 2]:
                runs[side].append(measured(side, folder, options.engine))
                print(f"{side}: {json.dumps(runs[side][-1])}", file=sys.stderr, flush=True)
        print(f"{len(files)} photos, {megapixels:.0f} megapixels, {options.rounds} rounds\n")
        print(table(runs, len(files), megapixels))


if __name__ == "__main__":
    main()
