"""Links to photos, in folders: one photo that cannot be linked never keeps the others from it.

A name that the disk of the links does not take, too long for it say, becomes a short and plain one. What can
have no link at all, such as a path that is longer than a link may be, is kept with its reason.
"""

from __future__ import annotations

import errno
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from photoclust.errors import OutputError
from photoclust.records import container_of, local_path, page_of
from photoclust.report.names import file_name, visible

_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|\N{REPLACEMENT CHARACTER}', "_"))
_OF_THE_DISK = {
    errno.EPERM,
    errno.EACCES,
    errno.ENOTSUP,
    errno.ENOSYS,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
}
"""Errors that every link on that disk would meet."""


@dataclass
class Links:
    """Makes links, and knows what became of each photo.

    Attributes
    ----------
    made
        How many links there are.
    failed
        Photos that have none, by uri, and why.
    """

    made: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    _taken: dict[Path, set[str]] = field(default_factory=dict)

    def add(self, uri: str, folder: Path) -> None:
        """Link a photo into a folder.

        Raises
        ------
        OutputError
            The disk can hold no links, or is full.
        """
        if page_of(uri):
            self.failed[uri] = "it is a further page of a TIFF file; export a table"
            return
        if not Path(local_path(uri)).is_absolute() or container_of(uri):
            self.failed[uri] = "it is no file of this machine; export a table"
            return
        taken = self._taken.setdefault(folder, set())
        reason = ""
        for name in (file_name(uri), _plain(file_name(uri))):
            reason = _link(uri, folder / free_name(name, taken))
            if not reason:
                self.made += 1
                return
        self.failed[uri] = reason

    def require_any(self) -> None:
        """Make sure that there is a link, if there was anything to link.

        Raises
        ------
        OutputError
            There is none.
        """
        if self.failed and not self.made:
            uri, reason = next(iter(self.failed.items()))
            raise OutputError(f"No photo can be linked, {visible(uri, 200)} for one: {reason}.")


def _link(uri: str, link: Path) -> str:
    """Make a link; why it cannot be made, or ``""``."""
    try:
        link.symlink_to(local_path(uri))
    except ValueError:
        return "its name is not one that a file can have"
    except OSError as error:
        if error.errno in _OF_THE_DISK:
            raise OutputError(
                f"{visible(str(link.parent.parent), 200)} cannot hold links ({error.strerror}); choose a "
                "folder on a disk that can."
            ) from error
        return (error.strerror or str(error)).lower()
    return ""


def _plain(name: str) -> str:
    """A short name that any disk takes."""
    stem, suffix = Path(name).stem, Path(name).suffix
    return f"{folder_part(stem)}.{folder_part(suffix)[:9]}" if suffix else folder_part(stem)


def free_name(name: str, taken: set[str]) -> str:
    """A name that no other of the folder has, letter case and Unicode form aside."""
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    free = name
    while (key := unicodedata.normalize("NFC", free).casefold()) in taken:
        number += 1
        free = f"{stem[:50]} ({number}){suffix[:10]}"  # at most 255 bytes, whatever the letters
    taken.add(key)
    return free


def folder_part(name: str) -> str:
    """A name as one part of a path, of 50 letters at most; what a file system may not like becomes ``_``."""
    return visible(unicodedata.normalize("NFC", name), 50).translate(_FORBIDDEN).strip(" .") or "_"
