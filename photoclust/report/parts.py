"""Parts of pages that stay as they are: what was rendered once is taken from the page that holds it.

A part goes by a key that sums up everything it is rendered from. It stands in its page between two comments,
so that the pages themselves are all that is kept; ``parts.json`` beside them says which page holds which
parts, and is written last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from photoclust.report.output import output_file

FILE = "parts.json"
_BEGINS, _KEY, _ENDS = b"<!--part ", 32, b"<!--/part-->"  # the key follows, and then -->


def key_of(*values: Any) -> str:
    """Sum up values whose ``repr`` tells everything about them, as 32 hex digits."""
    return blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Parts:
    """The parts of the pages in a folder.

    Parameters
    ----------
    folder
        Where the pages are.
    mark
        What all parts follow from besides their keys; those of another mark are not used.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self._folder, self._mark = folder, mark
        pages = _remembered(folder / FILE, mark)
        self._before = {name: page["signature"] for name, page in pages.items()}
        self._holder = {key: name for name, page in pages.items() for key in page["parts"]}
        self._read: dict[str, dict[str, bytes]] = {}
        self._now: dict[str, dict[str, Any]] = {}
        self._pages = pages

    def known(self, key: str) -> bool:
        """Tell whether a part is there."""
        return key in self._holder and key in self._parts_of(self._holder[key])

    def unchanged(self, page: str, signature: str) -> bool:
        """Tell whether a page is there and follows from the same; it is to be left as it is then."""
        same = self._before.get(page) == signature and (self._folder / page).is_file()
        if same:
            self._now[page] = self._pages[page]
        return same

    def begin(self, page: str, signature: str) -> None:
        """Take note of what a page follows from that is about to be written."""
        self._now[page] = {"signature": signature, "parts": []}

    def part(self, page: str, key: str, render: Callable[[], str]) -> str:
        """A part of a page: the one that is there, or what `render` gives."""
        self._now[page]["parts"].append(key)
        text = self._parts_of(self._holder[key])[key].decode() if self.known(key) else render()
        return f"<!--part {key}-->{text}<!--/part-->"

    def remember(self) -> None:
        """Write down which page holds what, after the pages."""
        with output_file(self._folder / FILE) as stream:
            stream.write(json.dumps({"mark": self._mark, "pages": self._now}).encode())

    def _parts_of(self, page: str) -> dict[str, bytes]:
        if page not in self._read:
            try:
                content = (self._folder / page).read_bytes()
            except OSError:
                content = b""
            self._read[page] = dict(_parts_in(content))
        return self._read[page]


def _parts_in(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Key and text of each part of a page; searching for plain bytes is many times faster than a pattern."""
    place = content.find(_BEGINS)
    while place >= 0:
        key = place + len(_BEGINS)
        start = key + _KEY + len(b"-->")
        end = content.find(_ENDS, start)
        if end < 0:
            return
        yield content[key : key + _KEY].decode("ascii", "replace"), content[start:end]
        place = content.find(_BEGINS, end)


def _remembered(file: Path, mark: str) -> Mapping[str, Any]:
    """Pages by name; none where they follow from something else, or cannot be told."""
    try:
        said = json.loads(file.read_bytes())
        pages = said["pages"] if said["mark"] == mark else {}
        whole = all(isinstance(p["signature"], str) and isinstance(p["parts"], list) for p in pages.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return pages if whole else {}
