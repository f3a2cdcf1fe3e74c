"""What a GPU does: detection beside stock, embedding, decoding, the whole, and how near to its limits.

    python benchmarks/gpu.py --photos FOLDER               about ten minutes on a machine with a GPU
    python benchmarks/gpu.py --photos FOLDER --device cpu --small      the same on a processor, to try it

Photos of 1920 x 1080 and of 4000 x 3000 pixels are made out of those of FOLDER. Rates are medians of rounds,
photos and crops in the memory of this process at the beginning. "limit" is the time that the least bytes or
operations of a stage take at the rates that a copy and a product of matrices reach here, over the time taken.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from detect_vs_stock import agreement, stock_boxes
from facenet_pytorch import MTCNN
from PIL import Image, ImageOps

from photoclust.config import DecodeConfig, DetectConfig, EngineConfig, IndexSettings
from photoclust.engine import start
from photoclust.faces.batched.detector import BatchDetector
from photoclust.faces.batched.sheets import copies_of
from photoclust.faces.batched.sums import SummedPhotos
from photoclust.faces.detect import Detector
from photoclust.models.cards import MODELS
from photoclust.models.embedder import Embedder
from photoclust.models.gpu_network import GpuNetwork
from photoclust.models.weights import weights_path
from photoclust.photo_refs import PhotoRef, Version, ref_table
from photoclust.photos.decode import decode_photo
from photoclust.records import stage_seconds

MODEL = "casia-webface"
PNET_MACS = 10 * 27 + (16 * 90 + 32 * 144 + 6 * 32) / 4  # for each pixel of a copy
EMBED_MACS = 1.43e9  # of InceptionResnetV1 for a crop of 160 x 160 pixels
PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    photos: int  # of 1080p
    batch: int
    stock: int
    large: int  # of 12 megapixels, as files
    faces: int
    rounds: int


SCALES = {False: Scale(256, 64, 32, 200, 8192, 5), True: Scale(4, 4, 2, 3, 8, 1)}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    device, scale = torch.device(arguments.device), SCALES[arguments.small]
    print(f"{_name(device)}, {os.cpu_count()} processors, torch {torch.__version__}")
    limits = measured_limits(device, arguments.small)
    print(f"copies {limits[0] / 1e9:.0f} GB/s; products in bfloat16 {limits[1] / 1e12:.1f} TFLOP/s\n")
    print("| what | rate | limit | besides |\n|---|---:|---:|---|")
    photos = list(pictures(arguments.photos, scale.photos, (1920, 1080)))
    detection(photos, device, scale, limits)
    embedding(device, scale, limits)
    with tempfile.TemporaryDirectory() as folder:
        files = written(arguments.photos, scale.large, Path(folder))
        decoding(files, device, scale)
        whole(files, device)


def detection(
    photos: Sequence[np.ndarray], device: torch.device, scale: Scale, limits: Sequence[float]
) -> None:
    """Stock's `detect` in batches, ours in every precision, and ours stage by stage."""
    images = [Image.fromarray(photo) for photo in photos[: scale.stock]]
    exact = [Detector(DetectConfig()).detect(photo).boxes for photo in photos[: scale.stock]]
    rates = {}
    for least in (20, 40):
        stock = MTCNN(keep_all=True, min_face_size=least, device=device)
        rates[least] = len(images) / timed(lambda stock=stock: stock.detect(images), device, 1)
        line(f"detect, stock, faces from {least} px", rates[least], "photos/s")
    line("", 0, "", besides=agreement([stock_boxes(MTCNN(keep_all=True), image) for image in images], exact))
    for name, precision in PRECISIONS.items():
        if device.type == "cpu" and name == "float16":
            continue  # minutes
        ours = BatchDetector(DetectConfig(), str(device), precision)
        batches = [photos[at : at + scale.batch] for at in range(0, len(photos), scale.batch)]
        found = [faces.boxes for faces in ours.detect_all(photos[: scale.stock])]
        work = partial(_each, ours.detect_all, batches)
        spent = timed(work, device, scale.rounds)
        rate = len(photos) / spent
        ratio = f"{rate / rates[20]:.0f} times stock, {rate / rates[40]:.0f} times from 40 px; "
        line(f"detect, ours, {name}", rate, "photos/s", besides=ratio + agreement(exact, found))
        stages(ours, batches[0], device, scale, limits)


def stages(
    ours: BatchDetector,
    photos: Sequence[np.ndarray],
    device: torch.device,
    scale: Scale,
    limits: Sequence[float],
) -> None:
    """Milliseconds a photo of each stage, the one before it kept, and the limit of the two that matter."""
    shapes, pixels = [photo.shape[:2] for photo in photos], sum(photo[..., 0].size for photo in photos)
    copies = copies_of([ours._scales(*shape) for shape in shapes], shapes)
    least = {"sums": 15 * pixels / limits[0], "P-Net": 2 * PNET_MACS * copies.sizes.prod(1).sum() / limits[1]}
    with torch.inference_mode():
        summed = SummedPhotos(photos, device)
        proposed = ours._propose(summed, shapes)
        refined = ours._refine(summed, proposed)
        steps: dict[str, Callable[[], object]] = {
            "sums": lambda: SummedPhotos(photos, device),
            "P-Net": lambda: ours._propose(summed, shapes),
            "R-Net": lambda: ours._refine(summed, proposed),
            "O-Net": lambda: ours._decide(summed, refined),
        }
        for name, step in steps.items():
            spent = timed(step, device, scale.rounds)
            share = f"{least[name] / spent:.1%}" if name in least else ""
            many = {"R-Net": len(proposed.boxes), "O-Net": len(refined.boxes)}.get(name)
            besides = f"{many / len(photos):.0f} candidates a photo" if many else ""
            line(f"- {name}", 1000 * spent / len(photos), "ms/photo", share, besides)


def embedding(device: torch.device, scale: Scale, limits: Sequence[float]) -> None:
    """Faces a second, mirror images and the ways to and from the GPU included."""
    card, crops = (
        MODELS[MODEL],
        np.random.default_rng(0).integers(0, 256, (scale.faces, 160, 160, 3), np.uint8),
    )
    crops[:, 40:120, 40:120] = crops[:, 40:41, 40:41]
    exact = None
    for name in ("float32", "bfloat16"):
        for batch in (64, 128, 256, 512) if scale.faces > 512 else (4,):
            network = GpuNetwork(weights_path(MODEL), card, str(device), name)
            ours = Embedder(network, card, True, batch)
            vectors = ours.embed(crops[: 4 * batch])
            exact = vectors if exact is None else exact
            same = min(len(exact), len(vectors))
            cosine = (exact[:same] * vectors[:same]).sum(1).min()
            network.clock.taken()
            spent = timed(lambda ours=ours: ours.embed(crops), device, scale.rounds)
            busy = network.clock.taken() / scale.rounds
            least = 4 * EMBED_MACS * len(crops) / limits[1]
            said = f"GPU busy {busy / spent:.0%}, then {len(crops) / busy:.0f} faces/s; " if busy else ""
            besides = f"{said}cosine to float32 {cosine:.5f}"
            rate = len(crops) / spent
            line(f"embed, {name}, {batch} at once", rate, "faces/s", f"{least / spent:.1%}", besides)


def decoding(files: Sequence[Path], device: torch.device, scale: Scale) -> None:
    """Gigapixels a second of JPEG, by threads of the processor and by the GPU's decoder."""
    contents = [path.read_bytes() for path in files]
    pixels = 12e6 * len(contents)
    for threads in sorted({1, os.cpu_count() or 1}):
        with ThreadPoolExecutor(threads) as pool:
            work = partial(_each, partial(pool.map, _decoded), [contents])
            line(f"decode, {threads} threads", pixels / timed(work, device, 1) / 1e9, "gigapixels/s")
    if device.type == "cuda":
        from torchvision.io import decode_jpeg

        data = [torch.frombuffer(bytearray(content), dtype=torch.uint8) for content in contents[:64]]
        spent = timed(lambda: decode_jpeg(data, device=str(device)), device, scale.rounds)
        line("decode, nvJPEG (not used)", 12e6 * len(data) / spent / 1e9, "gigapixels/s")


def whole(files: Sequence[Path], device: torch.device) -> None:
    """The local engine over files, loaded before: gigapixels a second, and where the time goes."""
    refs = ref_table([PhotoRef(str(f), f.stat().st_size, Version.parse("")) for f in files], [0] * len(files))
    spent: dict[str, float] = {}
    with start(EngineConfig(kind="local", num_gpus=1 if device.type == "cuda" else 0)) as engine:
        list(engine.stream(refs.slice(0, 2), IndexSettings()))  # all is loaded
        began = time.perf_counter()
        for rows in engine.stream(refs, IndexSettings()):
            for stage, seconds in stage_seconds(rows).items():
                spent[stage] = spent.get(stage, 0.0) + seconds
        seconds = time.perf_counter() - began
    shares = ", ".join(f"{stage} {value / seconds:.2f}" for stage, value in spent.items())
    rate = 12e6 * len(files) / seconds / 1e9
    line(
        "end to end", rate, "gigapixels/s", besides=f"busy on average: {shares} (threads or processes; GPUs)"
    )


def pictures(folder: Path, count: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """So many photos of a size, those of a folder in turns, every second one as a mirror image."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    step = max(1, len(paths) // count)
    for number in range(count):
        image = ImageOps.exif_transpose(Image.open(paths[number * step % len(paths)])).convert("RGB")
        pixels = np.array(ImageOps.fit(image, size))
        yield np.ascontiguousarray(pixels[:, ::-1]) if number * step // len(paths) % 2 else pixels


def written(photos: Path, count: int, folder: Path) -> list[Path]:
    """Photos of 12 megapixels as JPEG of quality 85."""
    made = []
    for number, pixels in enumerate(pictures(photos, min(count, 20), (4000, 3000))):
        for copy in range(number, count, 20):
            made.append(folder / f"{copy}.jpg")
            Image.fromarray(pixels).save(made[-1], quality=85, comment=str(copy))
    return made


def measured_limits(device: torch.device, small: bool) -> tuple[float, float]:
    """Bytes a second of a copy, and operations a second of a product of matrices in bfloat16."""
    many = torch.ones(1 << (22 if small else 28), device=device)
    into = torch.empty_like(many)
    side = 512 if small else 8192
    factor = torch.ones((side, side), device=device, dtype=torch.bfloat16)
    copying = timed(lambda: into.copy_(many), device, 5)
    return 8 * len(many) / copying, 2 * side**3 / timed(lambda: factor @ factor, device, 5)


def timed(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Median seconds of some work, done once before."""
    work()
    spent = []
    for _ in range(rounds):
        _wait(device)
        began = time.perf_counter()
        work()
        _wait(device)
        spent.append(time.perf_counter() - began)
    return median(spent)


def line(what: str, rate: float, unit: str, limit: str = "", besides: str = "") -> None:
    """One row of the table, at once."""
    print(f"| {what} | {f'{rate:.4g} {unit}' if unit else ''} | {limit} | {besides} |", flush=True)


def _each(work: Callable[[Any], Iterable[object]], tasks: Iterable[Any]) -> None:
    for task in tasks:
        list(work(task))


def _decoded(content: bytes) -> int:
    return decode_photo(content, DecodeConfig()).width


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU"


if __name__ == "__main__":
    main()
