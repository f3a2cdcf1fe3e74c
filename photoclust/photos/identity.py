"""Which picture a file holds, whatever else is written into it.

A rating, a keyword, a place or a face region that another program writes into a photo changes its bytes and
not its picture. So a photo is known by what its pixels follow from: of a JPEG the segments that a decoder
needs, of a PNG the coded rows, and so on, with the orientation in which it is shown. Of a file whose format
is another, or which is in any way not what its format says, all bytes count.

Files are hostile input: nothing raises, nothing is decoded, and a file is gone through once.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b

from photoclust.photos.decode import read_header
from photoclust.photos.formats import ifd, isobmff
from photoclust.photos.formats.jpeg import is_jpeg, segments
from photoclust.photos.sources.references import content_id
from photoclust.records import PhotoIdentity

Piece = bytes | memoryview

_COMMENT, _ADOBE = 0xFE, 0xEE
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_WEBP_PICTURE = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})


def identity(content: bytes) -> PhotoIdentity:
    """Tell which picture a file holds, and what of its metadata is kept of it."""
    whole = content_id(content)
    header = read_header(content)
    known = {"taken_at": header.taken_at} if header else {}
    return PhotoIdentity(_picture_id(content, header.orientation if header else 0) or whole, whole, known)


def picture_id(content: bytes) -> str:
    """Name of the picture in a file, 32 hex digits."""
    return identity(content).photo_id


def _picture_id(content: bytes, orientation: int) -> str | None:
    pieces = next((pieces for begins, pieces in _FORMATS if begins(content)), None)
    if pieces is None:
        return None
    digest = blake2b(b"picture %d" % orientation, digest_size=16)
    left = 4 * len(content) + (1 << 20)  # a file may say that its data lies in one place many times
    try:
        for piece in pieces(content):
            digest.update(piece)
            left -= len(piece)
            if left < 0:
                return None
    except Exception:  # hostile input, a number beyond all bounds say: in doubt the whole file counts
        return None
    return digest.hexdigest()


# -- formats: what of a file its picture follows from -------------------------------------------------


def _jpeg(content: bytes) -> Iterator[Piece]:
    """Tables, frames and scans; of the application segments the one that tells the colour transform."""
    scans = 0
    for segment in segments(content):
        application = 0xE0 <= segment.marker <= 0xEF
        adobe = segment.marker == _ADOBE and bytes(segment.parameters[:5]) == b"Adobe"
        if segment.marker == _COMMENT or (application and not adobe):
            continue
        yield struct.pack(">BI", segment.marker, len(segment.parameters))
        yield segment.parameters
        if segment.coded is not None:
            scans += 1
            yield segment.coded
    if not scans:
        raise ValueError("no scan")


def _png(content: bytes) -> Iterator[Piece]:
    """Header, palette, transparency and the coded rows, in whatever chunks these are."""
    view, at = memoryview(content), len(_PNG)
    while at < len(view):
        length, kind = struct.unpack_from(">I4s", view, at)
        if at + 12 + length > len(view):
            raise ValueError("a chunk without its end")
        if kind == b"IEND":
            return
        if kind in _PNG_PICTURE:
            if kind != b"IDAT":
                yield struct.pack(">4sI", kind, length)
            yield view[at + 8 : at + 8 + length]
        at += 12 + length
    raise ValueError("no end")


def _webp(content: bytes) -> Iterator[Piece]:
    """Coded pictures; of the extended header what an animation or a plane of transparency needs."""
    view, extended, found = memoryview(content), b"", set[bytes]()
    end = min(len(view), 8 + struct.unpack_from("<I", view, 4)[0])
    at = 12
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", view, at)
        if at + 8 + length > end:
            raise ValueError("a chunk without its end")
        body = view[at + 8 : at + 8 + length]
        if kind == b"VP8X":
            extended = bytes(body)
        elif kind in _WEBP_PICTURE:
            found.add(kind)
            yield struct.pack("<4sI", kind, length)
            yield body
        at += 8 + length + length % 2
    if not found & {b"VP8 ", b"VP8L", b"ANMF"}:
        raise ValueError("no picture")
    if extended and b"ANIM" in found:
        yield extended[4:]
    if extended and b"ALPH" in found:
        yield bytes([extended[0] & 0x10])


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Iterable[Piece]]], ...] = (
    (is_jpeg, _jpeg),
    (lambda content: content.startswith(_PNG), _png),
    (lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP", _webp),
    (ifd.is_tiff, ifd.picture),
    (isobmff.has_boxes, isobmff.picture),
)
