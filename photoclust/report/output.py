"""Files that appear whole or not at all, for the owner's eyes only."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from photoclust.errors import OutputError
from photoclust.storage import local_files


@contextmanager
def reported(path: Path) -> Generator[None]:
    """Turn what the operating system says about `path` into an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


@contextmanager
def output_file(path: Path) -> Generator[BinaryIO]:
    """Write `path` whole or not at all: see `photoclust.storage.local_files`.

    Raises
    ------
    OutputError
        When the place cannot be written.
    """
    with reported(path), local_files.whole_file(path) as stream:
        yield stream


def write_page(file: Path, render: Callable[[], str]) -> None:
    """Write a page of a single file; it is rendered once the file is seen to be one.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    if file.exists() and not file.is_file():
        raise OutputError(f"{file} is no file that a page can be written to; choose another name.")
    page = render()
    with output_file(file.resolve()) as stream:
        stream.write(page.encode("utf-8", "replace"))
