"""Pages of a TIFF file, each of which is a photo: scans of albums are kept that way.

- The first page has the uri of the file; page 3 of ``scan.tif`` is ``scan.tif!/3``. All directories of the
  file that follow one another are counted, as programs that show them do.
- Smaller versions of a page, masks, thumbnails of cameras and what RAW files hold are no pages.
- To list the pages only their directories are read. A chain that leads out of the file, or does not end,
  gives a reference that is refused with its reason.
- A page is read as a file of its own: the same bytes, whose header names that page and which ends there.
"""

from __future__ import annotations

import io
import stat
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photo_refs import PhotoRef, Version
from photoclust.photos.formats.raw import is_raw
from photoclust.photos.formats.tiff import MOST_DIRECTORIES, REDUCED, Directory, chain, layout_of
from photoclust.photos.sources import files
from photoclust.records import container_of, local_path, member_name, member_uri

_OLD_KIND, _STRIPS, _TILES, _WIDTH, _HEIGHT = 255, 273, 324, 256, 257
_TAGS = frozenset({REDUCED, _OLD_KIND, _STRIPS, _TILES, _WIDTH, _HEIGHT})
_IS_REDUCED, _IS_MASK = 1, 4  # bits of tag 254
_BLOCK = 4096  # bytes read at once: directories are small and lie apart


class _Parts:
    """A file of which only the parts asked for are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._size = file, file.seek(0, io.SEEK_END)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice, /) -> bytes:
        start, stop, _ = part.indices(self._size)
        self._file.seek(start)
        return self._file.read(max(0, stop - start))


def further_pages(ref: PhotoRef) -> Iterator[PhotoRef]:
    """Pages of a local TIFF file after its first; none where it cannot be opened, which its reading tells.

    Parameters
    ----------
    ref
        The file.
    """
    try:
        found = list(pages(ref))
    except (OSError, ValueError):
        return
    yield from found


def pages(ref: PhotoRef) -> Iterator[PhotoRef]:
    """The same, for who has to know whether all of them were found.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    path = Path(local_path(ref.uri))
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
        return
    with path.open("rb", buffering=_BLOCK) as file:
        content = _Parts(file)
        if layout_of(content) is None:
            return
        known = list(chain(content, _TAGS))
        if (len(known) == 1 and not known[0].following) or is_raw(content):
            return
    for number, directory in islice(enumerate(known, 1), 1, None):
        if _is_photo(directory):
            yield PhotoRef(member_uri(ref.uri, str(number)), ref.size, ref.version)
    if known and (reason := _ends_badly(known, len(content))):
        yield PhotoRef(member_uri(ref.uri, str(len(known) + 1)), 0, Version.refused(reason))


def _is_photo(directory: Directory) -> bool:
    """Tell whether a directory is of a picture in full size."""
    kind = directory.number(REDUCED) or 0
    is_full = not kind & (_IS_REDUCED | _IS_MASK) and directory.number(_OLD_KIND) != 2
    return (
        is_full
        and {_WIDTH, _HEIGHT} <= directory.tags.keys()
        and bool({_STRIPS, _TILES} & directory.tags.keys())
    )


def _ends_badly(known: list[Directory], size: int) -> str:
    following = known[-1].following
    if following in {0, *(directory.offset for directory in known)}:
        return ""
    if not 8 <= following <= size - 2:
        return "the file ends before this page"
    return f"the file says that it has more than {MOST_DIRECTORIES:,} pages"


def read_page(ref: PhotoRef, limits: DecodeConfig) -> bytes:
    """A further page as a TIFF file of its own.

    Raises
    ------
    PhotoError
        Stage ``read``: the file cannot be read, or has no such page any more.
    """
    content = files.read_file(container_of(ref.uri) or ref.uri, limits)
    number = member_name(ref.uri)
    if len(content) > limits.max_bytes or not number.isdecimal() or len(number) > 4:
        raise PhotoError("read", files.too_large(limits) if number.isdecimal() else "there is no such page")
    layout = layout_of(content)
    directory = next(islice(chain(content, ()), int(number) - 1, None), None) if int(number) else None
    if layout is None or directory is None:
        raise PhotoError("read", "the file has no such page any more")
    alone = bytearray(content)
    struct.pack_into(layout.order + layout.offset, alone, layout.first_at, directory.offset)
    if directory.following_at:
        struct.pack_into(layout.order + layout.offset, alone, directory.following_at, 0)
    return bytes(alone)
