"""What works on this machine, and what to do about what does not."""

from __future__ import annotations

import io
import platform
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from photoclust.machine import container_memory, container_processors, usable_processors

# torch, Ray and all that may be broken here is imported by the check that looks at it

OK, WARN, FAIL = "ok", "warn", "fail"
_GIB = 1 << 30
_CODECS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF")

Check = Callable[[], tuple[str, str, str]]
"""Looks at one thing; gives a state, what was found, and what to do, ``""`` where there is nothing to do."""


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at.

    Attributes
    ----------
    subject
        What it is.
    state
        ``ok``, ``warn`` or ``fail``; what fails is needed.
    found
        What was found.
    advice
        What to do; ``""`` where there is nothing to do.
    """

    subject: str
    state: str
    found: str
    advice: str = ""


def examine() -> Iterator[Examined]:
    """Look at everything that photoclust needs, one thing after another."""
    for subject, (check, advice) in CHECKS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                state, found, todo = check()
            except Exception as error:  # a broken installation fails in any way it likes
                state, todo = FAIL, advice
                found = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        yield Examined(subject, state, found, todo)


def _python() -> tuple[str, str, str]:
    return OK, f"{platform.python_version()} on {platform.platform(terse=True)}", ""


def _processors() -> tuple[str, str, str]:
    usable, quota = usable_processors(), container_processors()
    if quota is not None and quota < usable:
        return OK, f"{usable}, of which this container may use {quota:g}", ""
    return OK, f"{usable}", ""


def _memory() -> tuple[str, str, str]:
    import psutil

    free = psutil.virtual_memory().available
    limit = container_memory()
    found = f"{free / _GIB:.1f} GiB free"
    if limit is not None and limit < psutil.virtual_memory().total:
        found += f", this container is limited to {limit / _GIB:.1f} GiB"
        free = min(free, limit)
    if free < 4 * _GIB:
        return WARN, found, "A run may need 4 GiB; close other programs or use fewer actors (--num-cpus)."
    return OK, found, ""


def _disk() -> tuple[str, str, str]:
    from photoclust.storage.places import cache_dir

    places = {"here": Path.cwd(), "cache": _existing(cache_dir()), "temporary": Path(tempfile.gettempdir())}
    free = {name: shutil.disk_usage(place).free for name, place in places.items()}
    found = ", ".join(f"{name} {size / _GIB:.1f} GiB" for name, size in free.items()) + " free"
    if min(free.values()) < _GIB:
        return WARN, found, "Free some space: an index, the weights and Ray's session each need room."
    return OK, found, ""


def _shared_memory() -> tuple[str, str, str]:
    place = Path("/dev/shm")  # noqa: S108  looked at, not written to
    if not place.is_dir():
        return OK, "not used on this system", ""
    size = shutil.disk_usage(place).total
    if size < _GIB // 4:
        return (
            WARN,
            f"{size / _GIB:.2f} GiB",
            "Ray keeps its objects there; start the container with --shm-size=1g.",
        )
    return OK, f"{size / _GIB:.1f} GiB", ""


def _torch() -> tuple[str, str, str]:
    import torch
    import torchvision
    from torchvision.ops import nms

    nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    return OK, f"{torch.__version__}, torchvision {torchvision.__version__}", ""


def _cuda() -> tuple[str, str, str]:
    import torch

    if not torch.cuda.is_available():
        return OK, "no CUDA device; faces are found and embedded on the processor", ""
    names = [torch.cuda.get_device_name(device) for device in range(torch.cuda.device_count())]
    torch.ones(1, device="cuda").add_(1).item()
    return OK, f"{', '.join(names)} (CUDA {torch.version.cuda})", ""


def _ray() -> tuple[str, str, str]:
    ray = import_module("ray")
    import_module("ray.data")
    return OK, f"{ray.__version__}", ""


def _grouping() -> tuple[str, str, str]:
    import faiss
    import numpy as np

    import_module("photoclust.people.clustering.condensed")
    index = faiss.IndexFlatIP(4)
    index.add(np.eye(4, dtype=np.float32))
    _, nearest = index.search(np.eye(4, dtype=np.float32), 1)
    if nearest.ravel().tolist() != [0, 1, 2, 3]:
        raise RuntimeError("the nearest neighbours it finds are wrong")
    return OK, f"faiss {faiss.__version__}, hdbscan {version('hdbscan')}", ""


def _codecs() -> tuple[str, str, str]:
    broken = {name: reason for name in _CODECS if (reason := _codec_fault(name))}
    working = ", ".join(name for name in _CODECS if name not in broken)
    if broken:
        faults = "; ".join(f"{name}: {reason}" for name, reason in broken.items())
        return FAIL, f"{working}; not {faults}", _REINSTALL.format("pillow pillow-heif")
    return OK, working, ""


def _codec_fault(codec: str) -> str:
    """Why a small picture does not survive being written and read in a format; empty where it does."""
    import numpy as np
    from PIL import Image

    from photoclust.config import DecodeConfig
    from photoclust.photos.decode import decode_photo

    written = io.BytesIO()
    try:
        Image.new("RGB", (64, 48), (200, 100, 50)).save(written, codec)
        pixels = decode_photo(written.getvalue(), DecodeConfig()).pixels
    except Exception as error:  # whatever a broken codec raises
        return str(error)[:80] or type(error).__name__
    error = np.abs(pixels.astype(int) - (200, 100, 50)).max()
    return "" if pixels.shape == (48, 64, 3) and error < 16 else "reads back another picture"


def _detector() -> tuple[str, str, str]:
    from photoclust.config import DetectConfig
    from photoclust.faces.detect import Detector

    Detector(DetectConfig())
    return OK, "MTCNN, hashes right", ""


def _weights() -> tuple[str, str, str]:
    from photoclust.config import EmbedConfig
    from photoclust.models.weights import list_models, weights_path

    weights_path(EmbedConfig().model)  # converted now if it never was
    states = {state.name: state.state for state in list_models()}
    ready = [name for name, state in states.items() if state == "ready"]
    for name in ready:
        weights_path(name)
    absent = [name for name, state in states.items() if state == "absent"]
    found = f"{', '.join(ready)}: hashes right"
    return OK, found + (f"; {len(absent)} more are known (photoclust models list)" if absent else ""), ""


def _cache() -> tuple[str, str, str]:
    from photoclust.storage.places import cache_dir

    folder = cache_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    return OK, f"{folder} is writable", ""


_REINSTALL = "Install again, all together: pip install --force-reinstall {}."

CHECKS: dict[str, tuple[Check, str]] = {
    "Python": (_python, ""),
    "processors": (_processors, ""),
    "memory": (_memory, _REINSTALL.format("psutil")),
    "disk": (_disk, "Make the folders readable."),
    "shared mem.": (_shared_memory, "Make it readable."),
    "torch": (_torch, f"They must come from one build. {_REINSTALL.format('torch torchvision')}"),
    "CUDA": (_cuda, "Check the driver with nvidia-smi, or hide the GPU with CUDA_VISIBLE_DEVICES=''."),
    "Ray": (_ray, f"{_REINSTALL.format('ray[data]')} Until then use --engine local."),
    "grouping": (_grouping, _REINSTALL.format("faiss-cpu hdbscan")),
    "formats": (_codecs, _REINSTALL.format("pillow pillow-heif")),
    "cache": (_cache, "Make the folder writable, or name another one in PHOTOCLUST_CACHE."),
    "detector": (_detector, _REINSTALL.format("facenet-pytorch==2.5.3")),
    "weights": (_weights, "See `photoclust models --help`."),
}
"""What is looked at: the check, and what to do where it fails."""


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())
