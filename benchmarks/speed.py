"""Photos a second, beside the loop people write around facenet-pytorch, on the same files in the same run.

python benchmarks/speed.py --photos FOLDER [--megapixels 12] [--count 40]

The plain loop opens a photo, runs stock ``MTCNN(keep_all=True)``, cuts the faces out and embeds them with
stock ``InceptionResnetV1``, one photo after another, with all of torch's threads. photoclust runs as
`photoclust index` does, on Ray with all processors. Start-up is left out of both: imports, loading weights,
starting actors. With ``--megapixels`` the photos are scaled to that size first, since small ones are what
there is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import MTCNN, InceptionResnetV1
from PIL import Image
from safetensors.torch import load_file

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.models.weights import weights_path
from photoclust.photo_refs import ref_table
from photoclust.photos.sources.references import find_photos


def prepare(source: Path, folder: Path, megapixels: float | None, count: int) -> list[Path]:
    """Copy `count` photos, evenly taken, into `folder`, scaled where asked."""
    found = sorted(path for path in source.rglob("*.jpg"))
    chosen = [found[i] for i in np.linspace(0, len(found) - 1, count).astype(int)]
    for number, path in enumerate(chosen):
        photo = Image.open(path).convert("RGB")
        if megapixels:
            factor = (megapixels * 1e6 / (photo.width * photo.height)) ** 0.5
            size = (round(photo.width * factor), round(photo.height * factor))
            photo = photo.resize(size, Image.Resampling.LANCZOS)
        photo.save(folder / f"{number:05}.jpg", quality=90)
    return sorted(folder.iterdir())


def plain_loop(files: list[Path]) -> tuple[float, int]:
    """Photos a second and faces found by the stock pipeline, the first photo being its warm-up."""
    detector = MTCNN(keep_all=True)
    embedder = InceptionResnetV1().eval()
    embedder.load_state_dict(load_file(weights_path("casia-webface")), strict=False)
    faces, began = 0, 0.0
    with torch.inference_mode():
        for number, path in enumerate(files):
            crops = detector(Image.open(path).convert("RGB"))
            if crops is not None:
                faces += len(embedder(crops))
            if number == 0:
                began = time.perf_counter()
    return (len(files) - 1) / (time.perf_counter() - began), faces


def photoclust_rate(files: list[Path]) -> tuple[float, int]:
    """Photos a second and faces found by photoclust's engine, from its first rows on."""
    refs = list(find_photos([str(path) for path in files]))
    table = ref_table(refs, [0] * len(refs))
    done, faces, first, last = 0, 0, 0.0, 0.0
    with start(EngineConfig()) as engine:
        for rows in engine.stream(table, IndexSettings()):
            last = time.perf_counter()
            faces += sum(map(len, rows["faces"].to_pylist()))
            if first:
                done += len(rows)
            else:
                first = last
    return done / (last - first), faces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--megapixels", type=float)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--stock-count", type=int, help="photos for the plain loop; all by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(options.photos, Path(folder), options.megapixels, options.count)
        few = files[:: max(1, len(files) // (options.stock_count or len(files)))]
        stock, stock_faces = plain_loop(few)
        ours, faces = photoclust_rate(files)
    print(f"plain loop  {stock:6.2f} photos a second  ({len(few)} photos, {stock_faces} faces)")
    print(f"photoclust  {ours:6.2f} photos a second  ({len(files)} photos, {faces} faces)")
    print(f"ratio       {ours / stock:6.2f}")


if __name__ == "__main__":
    main()
