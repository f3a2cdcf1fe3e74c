"""File names as people may see them. Whoever named a file may have meant harm."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePath

from photoclust.records import container_of, local_path, page_of

_JOINERS = "\u200c\u200d"  # part of words in some scripts, and of many emoji
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, direction overrides, surrogates, line separators


def visible(text: str, limit: int = 80) -> str:
    """Make `text` safe to look at: nothing invisible, nothing that turns the reading direction, not long.

    Parameters
    ----------
    text
        Any string, lone surrogates included.
    limit
        Most characters to keep; the middle of a longer text becomes an ellipsis.
    """
    if len(text) > limit:
        tail = limit // 3
        text = f"{text[: limit - tail - 1]}…{text[-tail:]}"
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in _INVISIBLE and character not in _JOINERS
    return "\N{REPLACEMENT CHARACTER}" if hidden else character


def file_name(uri: str) -> str:
    """Give the last part of a path or URI; of a page of a TIFF that of the file, and the page."""
    if page := page_of(uri):
        return f"{PurePath(local_path(page[0])).name}, page {page[1]}"
    return PurePath(local_path(uri)).name or uri


def file_link(uri: str) -> str | None:
    """Give the ``file://`` URI of a local photo; None for what a browser cannot open from a disk."""
    page = page_of(uri)
    path = Path(local_path(page[0] if page else uri))
    return path.as_uri() if path.is_absolute() and (page or not container_of(uri)) else None
