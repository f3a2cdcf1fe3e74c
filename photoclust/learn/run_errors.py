"""What goes wrong with the files of a training run, in one sentence each."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from photoclust.errors import TrainingError


@contextmanager
def written(path: Path) -> Generator[None]:
    """Turn what the operating system says about `path` into one sentence."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise TrainingError(
                f"The disk is full: {path} could not be written. What was finished is kept; free some space.",
                cli="Then go on with `photoclust train resume`.",
                python="Then go on with photoclust.resume_training.",
            ) from error
        raise TrainingError(f"{path} cannot be written ({error.strerror or error}).") from error


def is_full(error: BaseException | None) -> bool:
    """Tell whether an error says that a disk is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def read(path: Path) -> Generator[Path]:
    """Turn what goes wrong when `path` is read into one sentence."""
    try:
        yield path
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror or error}).") from error
    except (ValueError, pa.ArrowException) as error:
        raise TrainingError(f"{path} is damaged; begin a new run.") from error
