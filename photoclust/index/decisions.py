"""The bytes of ``decisions.csv``: read as a person or a spreadsheet saved them, never altered unasked."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from photoclust.errors import DecisionsError, IndexLockedError
from photoclust.index import files
from photoclust.storage.spreadsheets import MAC, UTF_8, WINDOWS, decoded, encoded_like, line_end

LOCK = ".decisions.lock"
"""File that whoever changes the decisions of an index has locked."""

_PATIENCE = 10.0  # seconds; a decision is written in milliseconds
_BYTE_BY_BYTE = (UTF_8, WINDOWS, MAC)  # encodings in which a line end is that byte


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Be the only one who changes the decisions of the index at `folder`.

    Raises
    ------
    IndexLockedError
        When another process keeps them for too long.
    """
    lock = FileLock(folder / LOCK, mode=0o600)
    with files.writing(folder):
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout as error:
            raise IndexLockedError(
                f"Another photoclust is writing decisions to {folder}; wait until it is done, or stop it."
            ) from error
    try:
        yield
    finally:
        lock.release()


def read_text(file: Path) -> str:
    """Text of the file, empty where there is none.

    Raises
    ------
    DecisionsError
        When it is no text.
    """
    return _decoded(file, _content(file))


def append_text(file: Path, text: str) -> None:
    """Append text in the encoding of the file, whole or not at all; what is there stays byte for byte."""
    content = _content(file)
    files.write_bytes(file.resolve(), content + encoded_like(text, content))


def mark_lines(file: Path, lines: Collection[int], mark: str, held: bool) -> None:
    """Put a mark at the beginning of some lines, or take it away where they hold from now on."""
    content = _content(file)
    text, encoding = decoded(content)
    if encoding in _BYTE_BY_BYTE:  # all other lines stay byte for byte
        text = content.decode("latin-1")
    end = line_end(text)
    changed = [
        _marked(line, mark, held) if number in lines else line
        for number, line in enumerate(text.split(end), 1)
    ]
    if encoding in _BYTE_BY_BYTE:
        new = end.join(changed).encode("latin-1")
    else:
        order = encoded_like("\ufeff", content)
        new = (order if content.startswith(order) else b"") + encoded_like(end.join(changed), content)
    files.write_bytes(file.resolve(), new)


def _marked(line: str, mark: str, held: bool) -> str:
    if not held:
        return mark + line
    return f'"{line[2:]}' if line.startswith(f'"{mark}') else line.removeprefix(mark)


def _content(file: Path) -> bytes:
    with files.writing(file):
        return file.read_bytes() if file.is_file() else b""


def _decoded(file: Path, content: bytes) -> str:
    try:
        return decoded(content)[0]
    except ValueError as error:
        raise DecisionsError(
            f"{file} cannot be read: {error}. The people stay as they are; save it as CSV, or put back the "
            "file that was there."
        ) from error
