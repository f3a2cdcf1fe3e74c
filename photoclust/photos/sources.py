"""Where photos come from: folders, single files and lists of files become photo references.

Contract:

- Files named on the command line or in a list come first, in the order given, whatever their extension.
  Folders follow, walked as a stream in sorted order, so a folder of any size needs the memory of its
  largest single directory.
- Nothing is left out silently. A listed file that is missing, a link that leads nowhere and a folder that
  cannot be listed are yielded with version `UNREACHABLE`; `read_photo` then says what is wrong with them.
- A uri is text that Parquet can hold. It is the absolute path, links unresolved. A path that is not
  valid UTF-8 is written as a ``file://`` URI (RFC 8089), which no absolute path can be mistaken for;
  `local_path` turns either back into the path.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from photoclust.config import DecodeConfig
from photoclust.errors import NoPhotosError, PhotoError, UsageError
from photoclust.records import UNREACHABLE, PhotoRef, local_path

# fmt: off
IMAGE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib",
    ".heic", ".heif", ".heics", ".heifs", ".hif", ".avif", ".avifs", ".mpo", ".jp2", ".j2k", ".jpx",
    ".pbm", ".pgm", ".ppm", ".pnm",
})
# fmt: on
"""Names a folder is searched for; each belongs to a format that decoding knows."""

# Folders that network storage, bins and archivers leave among photos; their files are copies or debris.
_SKIPPED_FOLDERS = frozenset({"@eaDir", "__MACOSX"})


def find_photos(paths: Sequence[str]) -> Iterator[PhotoRef]:
    """Every photo under some paths, each file once.

    Parameters
    ----------
    paths
        Folders, files, and ``@FILE``: a list with one path a line (UTF-8; blank lines and lines that
        start with ``#`` skipped; relative paths are relative to the list's folder). A file whose name
        starts with ``@`` is given as ``./@name``.

    Returns
    -------
    Iterator[PhotoRef]
        Files given by name first, then what the folders hold. Inside folders hidden entries, ``@eaDir``,
        ``__MACOSX``, ``.Trash*`` and files without an extension in `IMAGE_EXTENSIONS` are skipped; links
        are followed, and a folder reached twice is searched once.

    Raises
    ------
    UsageError
        At once where a path does not exist.
    NoPhotosError
        At the end of the iteration where no photo was found.
    """
    files, folders = _named(paths)
    return _found(files, folders, paths)


def folder_prefixes(paths: Sequence[str]) -> list[str]:
    """What the uris of all photos inside the folders among `paths` begin with; see `find_photos`."""
    folders = [os.path.join(path, "") for path in _named(paths)[1]]  # noqa: PTH118 (ends in a slash)
    whole = [folder for folder in folders if _uri(folder) == folder]
    return [*whole, *(f"{Path(folder).as_uri().rstrip('/')}/" for folder in folders)]


def is_gone(uri: str) -> bool:
    """Tell whether there is no file at a uri; false where it cannot be reached, which is another thing."""
    try:
        return stat.S_ISDIR(Path(local_path(uri)).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False


def _named(paths: Sequence[str]) -> tuple[dict[str, None], list[str]]:
    """Files and folders named on the command line or in a list."""
    files: dict[str, None] = {}
    folders: list[str] = []
    for path in paths:
        listed = _read_list(path[1:]) if path.startswith("@") else [_existing(path)]
        for item in listed:
            if _is_folder(item):
                folders.append(item)
            else:
                files[item] = None
    return files, folders


def read_photo(ref: PhotoRef, limits: DecodeConfig) -> bytes:
    """The bytes of a photo.

    Raises
    ------
    PhotoError
        Stage ``read``: missing, unreadable, empty, larger than ``limits.max_bytes``, or no regular file
        (a pipe would make the reader wait for ever).
    """
    path = Path(local_path(ref.uri))
    try:
        _check_readable(path.stat(), limits)
        with path.open("rb") as file:
            content = file.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        raise PhotoError("read", _read_reason(error)) from error
    if len(content) > limits.max_bytes:
        raise PhotoError("read", _too_large(limits))
    if not content:
        raise PhotoError("read", "the file is empty")
    return content


def content_id(content: bytes) -> str:
    """Name of a photo's content: BLAKE2b (RFC 7693) with a digest of 128 bits, 32 hex digits."""
    return blake2b(content, digest_size=16).hexdigest()


def _found(files: dict[str, None], folders: Sequence[str], paths: Sequence[str]) -> Iterator[PhotoRef]:
    nothing = True
    for path in files:
        nothing = False
        yield _reference(path, _status(path))
    for path, status in _walk(folders):
        if path not in files:
            nothing = False
            yield _reference(path, status)
    if nothing:
        looked_for = ", ".join(sorted(IMAGE_EXTENSIONS))
        raise NoPhotosError(
            f"No photos found in {', '.join(map(repr, paths))}: looked for {looked_for} files."
        )


def _walk(folders: Sequence[str]) -> Iterator[tuple[str, os.stat_result | None]]:
    """Files inside folders, depth first; without recursion, as trees may be deeper than Python's stack."""
    searched: set[tuple[int, int]] = set()
    waiting = list(reversed(folders))
    while waiting:
        path = waiting.pop()
        status = _status(path)
        if status is None or not stat.S_ISDIR(status.st_mode):
            yield path, status
        elif (status.st_dev, status.st_ino) not in searched:
            searched.add((status.st_dev, status.st_ino))
            try:
                waiting.extend(_entries(path))
            except OSError:
                yield path, None


def _entries(folder: str) -> list[str]:
    """Photos and folders directly inside a folder, last name first."""
    with os.scandir(folder) as entries:
        return sorted((entry.path for entry in entries if _is_wanted(entry)), reverse=True)


def _is_wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
        return False
    if Path(entry.name).suffix.lower() in IMAGE_EXTENSIONS:
        return True
    return _is_folder(entry.path) if entry.is_symlink() else entry.is_dir(follow_symlinks=False)


def _existing(path: str) -> str:
    if not path or _status(path) is None:
        raise UsageError(f"{path!r} does not exist or cannot be reached; check the path.")
    return _absolute(path)


def _read_list(name: str) -> list[str]:
    """Absolute paths in a list file."""
    try:
        content = Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"The list {name!r} cannot be read: {error.strerror}.") from error
    if b"\0" in content:
        raise UsageError(f"{name!r} is no list of paths; give a photo without the @ in front.")
    lines = content.decode("utf-8-sig", "surrogateescape").split("\n")
    paths = (line.removesuffix("\r") for line in lines if line.strip() and not line.startswith("#"))
    return [_absolute(os.path.join(os.path.dirname(name), path)) for path in paths]  # noqa: PTH118, PTH120


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 (Path.resolve would follow links)


def _status(path: str) -> os.stat_result | None:
    """What the system says of a path, links followed; None where it cannot be reached."""
    try:
        return Path(path).stat()
    except (OSError, ValueError):
        return None


def _is_folder(path: str) -> bool:
    status = _status(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _reference(path: str, status: os.stat_result | None) -> PhotoRef:
    if status is None:
        return PhotoRef(_uri(path), 0, UNREACHABLE)
    return PhotoRef(_uri(path), status.st_size, str(status.st_mtime_ns))


def _uri(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        return Path(path).as_uri()
    return path


def _check_readable(status: os.stat_result, limits: DecodeConfig) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise PhotoError("read", "it is a folder that cannot be listed, or no photo")
    if not stat.S_ISREG(status.st_mode):
        raise PhotoError("read", "it is a pipe, socket or device, not a file")
    if status.st_size > limits.max_bytes:
        raise PhotoError("read", _too_large(limits))


def _too_large(limits: DecodeConfig) -> str:
    return f"the file is larger than the limit of {limits.max_bytes:,} bytes"


def _read_reason(error: Exception) -> str:
    """Why a file cannot be read, in the system's words and without its path."""
    if isinstance(error, FileNotFoundError):
        return "the file is missing"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the name is not one that a file can have"
