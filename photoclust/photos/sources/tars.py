"""Photos in tar archives, plain or gzip-compressed, local or far away. Nothing is ever extracted to disk.

A member is read where it lies, by the process that decodes it. Members that could do harm elsewhere (names
that lead out of the archive, links, devices, sparse files) are refused with their reason, and so is what
follows the damage in an archive. All that is kept of a member is a hash of its name, to tell names apart.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any, cast

from photoclust.errors import PhotoError
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos.sources.containers import open_archive, refusing
from photoclust.photos.sources.kinds import is_photo
from photoclust.photos.sources.listing import Descent, with_stems
from photoclust.photos.sources.selection import Selection
from photoclust.records import member_uri

_LARGEST_HEADER = 1024**2  # extended headers are read whole; ordinary ones have a few hundred bytes


class _Headers:
    """An archive's file, from which nobody reads an absurdly long header."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError(f"a header is longer than {_LARGEST_HEADER:,} bytes")
        return self.file.read(size)

    def seek(self, offset: int) -> int:
        return self.file.seek(offset)

    def tell(self) -> int:
        return self.file.tell()


def tar_members(archive: PhotoRef, selection: Selection | None = None) -> Iterator[PhotoRef]:
    """Photos in a tar, in its order; what is refused among them has a version that says why."""
    seen: set[int] = set()
    inside = (selection or Selection()).inside(PurePosixPath(archive.uri.partition("?")[0]).name)
    descent = Descent(inside, is_wanted=is_photo)
    try:
        with refusing(), open_archive(archive.uri, archive.size) as file:
            for member, stems in with_stems(_headers(file), lambda member: member.name):
                if not member.isdir() and descent.takes(member.name, stems):
                    yield _reference(archive, member, seen)
    except PhotoError as error:
        yield PhotoRef(archive.uri, archive.size, Version.refused(error.reason))


def _headers(file: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    headers, at = cast(Any, _Headers(file)), -1
    try:
        with tarfile.open(fileobj=headers, mode="r:", errorlevel=0) as archive:
            kept: list[tarfile.TarInfo] = cast(Any, archive).members
            while (member := archive.next()) is not None:
                if member.offset_data <= at or member.size < 0:
                    raise tarfile.ReadError("a header points backwards")
                at = member.offset_data
                kept.clear()
                yield member
            headers.seek(archive.offset)
            if headers.read(tarfile.BLOCKSIZE).strip(b"\0"):
                raise tarfile.ReadError("what follows is no header")
    except tarfile.TarError as error:
        raise ValueError(f"the archive is damaged ({error})") from error


def _reference(archive: PhotoRef, member: tarfile.TarInfo, seen: set[int]) -> PhotoRef:
    name = member.name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if hash(name) in seen:  # a name may come twice, and is to stand for one photo
        name = f"{name} ({member.offset_data})"
    seen.add(hash(name))
    uri = member_uri(archive.uri, name)
    if reason := _reason(member):
        return PhotoRef(uri, 0, Version.refused(reason))
    return PhotoRef(uri, member.size, archive.version.at(str(member.offset_data)))


def _reason(member: tarfile.TarInfo) -> str | None:
    """Why a member is refused."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        return "the name leads out of the archive"
    if member.issym() or member.islnk():
        return "it is a link, not a file"
    if member.issparse() or not member.isfile():
        return "it is no ordinary file"
    return None
