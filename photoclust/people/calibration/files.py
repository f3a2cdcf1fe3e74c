"""Calibrations that were made for a model on this machine: one file beside its weights.

``NAME.calibration.npz`` holds arrays and, as UTF-8 bytes named ``values``, JSON: of which weights it is, what
it was made of, its name, the constants of a `photoclust.people.calibration.evidence.Calibration` under
``evidence`` and the table of a `photoclust.people.calibration.pairs.PairCalibration` under ``pairs``. It goes
before a shipped one.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.errors import WeightsError
from photoclust.models.weights import calibration_file, weights_sha256, write_beside

Arrays = Mapping[str, npt.NDArray[Any]]
_SHIPPED = files("photoclust.people.calibration") / "data"
_VALUES = "values"
_HELD = {"created", "evidence", "made_of", "mean", "pairs"}
# What reading a damaged file raises: of its bytes, and of what it says it is.
_OF_BYTES = (OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
_DAMAGES = (*_OF_BYTES, ValueError, TypeError, KeyError)


@dataclass(frozen=True)
class StoredCalibration:
    """What a file holds; see the module."""

    values: dict[str, Any]
    arrays: Arrays


def stored_calibration(model: str) -> StoredCalibration | None:
    """The calibration that was made for a model here; None where there is none.

    Raises
    ------
    WeightsError
        The file is damaged, or of other weights than those of that name.
    """
    file = calibration_file(model)
    if file is None or not file.is_file():
        return None
    stat = file.stat()
    found = _read(file, stat.st_mtime_ns, stat.st_size)
    said, there = str(found.values.get("sha256")), weights_sha256(model)
    if said != there:
        raise WeightsError(
            f"{file} is a calibration of the weights {said[:12]}, and {model} stands for {there[:12]}; make "
            "it anew with `photoclust calibrate`, or delete it."
        )
    return found


def store_calibration(model: str, values: dict[str, Any], arrays: Arrays) -> str:
    """Keep the calibration of a model; gives its name, which is added to `values`."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]
    name = f"{values['made_of']}-{values['created'][:10]}-{digest}"
    write_beside(model, packed(values | {"name": name, "sha256": weights_sha256(model)}, arrays))
    return name


def packed(values: Mapping[str, Any], arrays: Arrays) -> bytes:
    """A calibration as the bytes of a file; see the module."""
    buffer = io.BytesIO()
    content: dict[str, Any] = {**arrays, _VALUES: np.frombuffer(json.dumps(values).encode(), np.uint8)}
    np.savez_compressed(buffer, **content)
    return buffer.getvalue()


def unpacked(file: Path) -> StoredCalibration:
    """Read what `packed` made.

    Raises
    ------
    WeightsError
        The file is damaged or something else.
    """
    try:
        with np.load(file) as found:
            arrays = {name: found[name] for name in found.files}
        values = json.loads(arrays.pop(_VALUES).tobytes())
        _require_whole(values, arrays)
    except _DAMAGES as error:
        raise WeightsError(f"{file} is no calibration, or damaged; delete it and make it anew.") from error
    return StoredCalibration(values, arrays)


def _require_whole(values: Any, arrays: Arrays) -> None:
    """Raise ValueError where a file lacks what every calibration holds."""
    held = values.keys() | arrays.keys() if isinstance(values, dict) else ()
    if not _HELD.issubset(held) or not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("something is not there, or not finite")


def calibration_name(model: str) -> str | None:
    """Which calibration of a model is used: ``shipped``, or the name of a stored one; None for none."""
    stored = stored_calibration(model)
    if stored is not None:
        return stored.values["name"]
    return "shipped" if model and (_SHIPPED / f"{model}.json").is_file() else None


@lru_cache(maxsize=4)
def _read(file: Path, modified: int, size: int) -> StoredCalibration:
    return unpacked(file)
