"""Photos in the local file system: walking folders, looking at files, reading them.

- A folder is walked as a stream in sorted order, so one of any size needs the memory of its largest single
  directory.
- Nothing is left out silently, apart from what is deleted at that moment. A file given by name that is
  missing, a link that leads nowhere and a folder that cannot be listed get the version `UNREACHABLE`;
  `read_file` then says what is wrong with them.
- A uri is text that Parquet can hold. It is the absolute path, links unresolved. A path that is not valid
  UTF-8, or that could be taken for a member of an archive, is written as a ``file://`` URI (RFC 8089), which
  no absolute path can be mistaken for; `local_path` turns either back into the path.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError, UsageError
from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version
from photoclust.photos.sources.bounded import NO_FILE, BoundedFile, read_up_to, within
from photoclust.photos.sources.kinds import photo_stem
from photoclust.photos.sources.selection import IGNORE_FILE, MOST_IGNORE_BYTES, NO_MEDIA, Folder, Selection
from photoclust.records import container_of, local_path


def walk(
    folders: Sequence[str], selection: Selection | None = None
) -> Iterator[tuple[str, os.stat_result | None]]:
    """Files inside folders, depth first; without recursion, as trees may be deeper than Python's stack."""
    selection = selection or Selection()
    searched: set[tuple[int, int]] = set()
    waiting = [(folder, source(folder)) for folder in reversed(folders)]
    while waiting:
        path, within = waiting.pop()
        status = status_of(path)
        if status is None and _is_gone(path):
            continue  # deleted or moved since its folder was listed
        if status is None or not stat.S_ISDIR(status.st_mode):
            yield path, status
        elif (status.st_dev, status.st_ino) not in searched:
            searched.add((status.st_dev, status.st_ino))
            try:
                waiting.extend(_entries(path, within, selection))
            except OSError:
                yield path, None


def _is_gone(path: str) -> bool:
    """Tell whether nothing is there; a path that is too long, or may not be looked at, is another thing."""
    try:
        Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def source(folder: str) -> Folder:
    """A folder that was named, as the folder that the rules of a selection start from."""
    return Folder("", PurePath(folder).name)


def _entries(folder: str, within: Folder, selection: Selection) -> list[tuple[str, Folder]]:
    """Photos and folders directly inside a folder, last name first; a folder is given as one, too."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name, reverse=True)
    names = {entry.name for entry in entries}
    if NO_MEDIA in names and within.path:
        selection.leave_out_folder(NO_MEDIA)
        return []
    if IGNORE_FILE in names:
        within = within.with_ignore_file(*ignore_file(folder))
    stems = {photo_stem(name) for name in names} - {""}
    taken = (entry for entry in entries if _is_taken(entry, within, selection, stems))
    return [(entry.path, within.below(entry.name)) for entry in taken]


def _is_taken(entry: os.DirEntry[str], within: Folder, selection: Selection, stems: set[str]) -> bool:
    inside = is_folder(entry.path) if entry.is_symlink() else entry.is_dir(follow_symlinks=False)
    if inside:
        return selection.takes_folder(within, entry.name)
    return selection.takes_file(within, entry.name, stems=stems)


def ignore_file(folder: str) -> tuple[str, str]:
    """Text of the ignore file in a folder, and its path.

    Raises
    ------
    UsageError
        The file cannot be read: what it would leave out must not be taken unasked.
    """
    file = Path(folder) / IGNORE_FILE
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UsageError(f"{file} is no file of patterns; move it away.")
        content = file.read_bytes()[: MOST_IGNORE_BYTES + 1]
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    return ignore_text(content, str(file)), str(file)


def ignore_text(content: bytes, where: str) -> str:
    """Text of an ignore file.

    Raises
    ------
    UsageError
        It is absurdly long.
    """
    if len(content) > MOST_IGNORE_BYTES:
        raise UsageError(f"{where} is longer than {MOST_IGNORE_BYTES:,} bytes; it is to hold patterns.")
    return content.decode("utf-8-sig", "surrogateescape")


def existing(path: str) -> str:
    """Absolute form of a path that somebody gave.

    Raises
    ------
    UsageError
        When nothing is there.
    """
    if not path or status_of(path) is None:
        raise UsageError(f"{path!r} does not exist or cannot be reached; check the path.")
    return absolute(path)


def absolute(path: str) -> str:
    """Absolute form of a path, links left alone."""
    return os.path.abspath(path)  # noqa: PTH100 (Path.resolve would follow links)


def status_of(path: str) -> os.stat_result | None:
    """What the system says of a path, links followed; None where it cannot be reached."""
    try:
        return os.stat(path)  # noqa: PTH116 (of each photo, and a path takes three times as long)
    except (OSError, ValueError):
        return None


def is_folder(path: str) -> bool:
    """Tell whether a path is a folder, links followed."""
    status = status_of(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def reference(path: str, status: os.stat_result | None) -> PhotoRef:
    """Refer to a file by what the system says of it."""
    if status is None:
        return PhotoRef(uri_of(path), 0, UNREACHABLE)
    return PhotoRef(uri_of(path), status.st_size, Version.modified(status.st_mtime_ns))


def folder_uris(folder: str) -> Iterator[str]:
    """What the uris of files in a folder begin with: two ways, where some of them may need the second."""
    inside = os.path.join(folder, "")  # noqa: PTH118 (ends in a slash)
    if uri_of(inside) == inside:
        yield inside
    yield f"{Path(folder).as_uri().rstrip('/')}/"


def uri_of(path: str) -> str:
    """Uri of a local path; that of an object is its own."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return Path(path).as_uri()
    return Path(path).as_uri() if container_of(path) else path


def names_of(text: str) -> set[str]:
    """Uris that a user may mean by a uri, or by a path from the current folder."""
    names = {text} if "\0" in text else {text, uri_of(str(Path(text).absolute()))}
    return {name for name in names if name.encode("utf-8", "replace").decode() == name}  # as all uris are


def read_file(uri: str, limits: DecodeConfig) -> bytes:
    """At most one byte more than ``limits.max_bytes`` of a file.

    Raises
    ------
    PhotoError
        Stage ``read``: missing, unreadable, too large, no regular file (a pipe would make the reader wait
        for ever), or no answer in time.
    """
    path = Path(local_path(uri))
    try:
        status = within(path.stat)
        _check_readable(status, limits)
        if not status.st_size:
            return b""  # or something of /proc, which may wait for ever
        with BoundedFile(os.fspath(path)) as file:
            return read_up_to(file, limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        raise PhotoError("read", read_reason(error)) from error


def _check_readable(status: os.stat_result, limits: DecodeConfig) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise PhotoError("read", "it is a folder that cannot be listed, or no photo")
    if not stat.S_ISREG(status.st_mode):
        raise PhotoError("read", NO_FILE)
    if status.st_size > limits.max_bytes:
        raise PhotoError("read", too_large(limits))


def too_large(limits: DecodeConfig) -> str:
    """Reason for refusing a photo by its size."""
    return f"the file is larger than the limit of {limits.max_bytes:,} bytes"


def read_reason(error: Exception) -> str:
    """Why a file cannot be read, in the system's words and without its path."""
    if isinstance(error, FileNotFoundError):
        return "the file is missing"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, OSError):
        return str(error)
    return "the name is not one that a file can have"
