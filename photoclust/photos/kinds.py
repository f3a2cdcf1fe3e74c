"""Which names are photos, which hold photos, and which are debris."""

from __future__ import annotations

from pathlib import PurePosixPath

# fmt: off
IMAGE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib",
    ".heic", ".heif", ".heics", ".heifs", ".hif", ".avif", ".avifs", ".mpo", ".jp2", ".j2k", ".jpx",
    ".pbm", ".pgm", ".ppm", ".pnm",
})
# fmt: on
"""Names that are searched for; each belongs to a format that decoding knows."""

TAR_EXTENSIONS = (".tar", ".tar.gz", ".tgz")
TABLE_EXTENSION = ".parquet"

# Folders that network storage, bins and archivers leave among photos; their files are copies or debris.
_SKIPPED_FOLDERS = frozenset({"@eaDir", "__MACOSX"})


def is_photo(name: str) -> bool:
    """Tell whether a file of this name is one."""
    return PurePosixPath(name).suffix.lower() in IMAGE_EXTENSIONS


def is_tar(name: str) -> bool:
    """Tell whether a file of this name holds photos one after another."""
    return name.lower().endswith(TAR_EXTENSIONS)


def is_table(name: str) -> bool:
    """Tell whether a file of this name may hold photos in a column."""
    return name.lower().endswith(TABLE_EXTENSION)


def is_wanted(name: str) -> bool:
    """Tell whether a file of this name is a photo or may hold photos."""
    return is_photo(name) or is_tar(name) or is_table(name)


def is_debris(name: str) -> bool:
    """Tell whether a file or folder of this name is hidden, or left by a machine."""
    return (name.startswith(".") and name not in (".", "..")) or name in _SKIPPED_FOLDERS


def lies_in_debris(path: str) -> bool:
    """Tell whether any part of a path of ``/`` is debris."""
    return any(is_debris(part) for part in path.split("/"))
