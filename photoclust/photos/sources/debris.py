"""Folders that hold copies and debris rather than photos: bins, snapshots, thumbnails and previews.

Windows, macOS, Linux, network storage (Synology, QNAP, NetApp, ZFS, Samba, Nextcloud) and photo managers
leave them among photos. Names are compared without regard to letter case. What begins with a dot is hidden.
"""

from __future__ import annotations

import re

BIN = "bin"
HIDDEN = "hidden"

_NAMES = frozenset(
    {
        # bins
        "#recycle", "@recycle", "$recycle.bin", "recycler", "recycled", "recycle.bin", "files_trashbin",
        "network trash folder", "temporary items", ".trash", ".trashes", ".recycle", ".dtrash",
        # snapshots and earlier versions
        "#snapshot", "@recently-snapshot", "@snapshots", "~snapshot", ".snapshot", ".snapshots", ".zfs",
        "system volume information", "files_versions", "backups.backupdb", ".documentrevisions-v100",
        # what a check of the disk has put aside
        "lost+found",
        # thumbnails, indexes of the system and what archivers add
        "@eadir", "@__thumb", ".@__thumb", "@tmp", ".thumbnails", ".spotlight-v100", ".fseventsd", "__macosx",
        "ipod photo cache",
    }
)  # fmt: skip

_PATTERN = re.compile(
    r"\.trash-\d+"  # of a user on another disk than home
    r"|found\.\d{3}"  # of chkdsk
    r"|.+\.lrdata|.+\.lrcat-data"  # previews of Lightroom
    r"|appdata_oc\w+"  # previews of Nextcloud
)

# Libraries of Apple's photo managers keep the photos in originals or Masters, and copies of them beside.
_LIBRARY = re.compile(r".+\.(photoslibrary|photolibrary|migratedphotolibrary|aplibrary)")
_COPIES_IN_LIBRARY = frozenset(
    {
        "resources", "thumbnails", "previews", "data", "data.noindex", "database", "internal", "private",
        "scopes",
    }
)  # fmt: skip


def debris(name: str, parent: str = "") -> str:
    """What a folder of this name is, inside a folder named `parent`: `BIN`, `HIDDEN`, or ``""``."""
    lower = name.casefold()
    if lower in _NAMES or _PATTERN.fullmatch(lower):
        return BIN
    if lower in _COPIES_IN_LIBRARY and _LIBRARY.fullmatch(parent.casefold()):
        return BIN
    return HIDDEN if is_hidden(name) else ""


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder of this name is hidden."""
    return name.startswith(".") and name not in (".", "..")
