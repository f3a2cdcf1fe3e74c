"""Which names are photos, which hold photos, and which are media that is not read."""

from __future__ import annotations

from functools import lru_cache

# fmt: off
IMAGE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib",
    ".heic", ".heif", ".heics", ".heifs", ".hif", ".avif", ".avifs", ".mpo", ".jp2", ".j2k", ".jpx",
    ".pbm", ".pgm", ".ppm", ".pnm", ".jxl", ".psd",
})
# fmt: on
"""Names that are searched for; each belongs to a format that decoding knows."""

TAR_EXTENSIONS = (".tar", ".tar.gz", ".tgz")
TABLE_EXTENSION = ".parquet"
TIFF_EXTENSIONS = (".tif", ".tiff")

# fmt: off
RAW_EXTENSIONS = frozenset({
    ".3fr", ".arw", ".bay", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".k25",
    ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2",
    ".srf", ".srw", ".x3f",
})
VIDEO_EXTENSIONS = frozenset({
    ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".flv", ".insv", ".lrv", ".m2ts", ".m2v", ".m4v", ".mkv",
    ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".rm", ".rmvb", ".vob", ".webm", ".wmv",
})
_FROM_CAMERAS = frozenset({".jpg", ".jpeg", ".jpe", ".heic", ".heif", ".hif"})
_NOT_READ = VIDEO_EXTENSIONS | {
    # pictures
    ".psb", ".xcf", ".kra", ".clip", ".afphoto", ".ai", ".eps", ".svg", ".pdf", ".jxr",
    ".wdp", ".hdp", ".exr", ".hdr", ".tga", ".pcx", ".dds", ".ico", ".bpg", ".flif", ".qoi", ".dcm", ".fits",
    ".sgi", ".pct", ".pict", ".icns", ".indd", ".insp", ".jps", ".j2c", ".jpf", ".jpm", ".mj2",
    # archives that may hold some
    ".zip", ".7z", ".rar", ".bz2", ".xz", ".zst", ".cbz", ".cbr", ".livp",
}
# fmt: on

# What a photo collection holds beside photos, and nobody misses: notes and settings of programs.
_SIDECARS = frozenset({
    ".xmp", ".aae", ".thm", ".json", ".txt", ".ini", ".db", ".xml", ".csv", ".tsv", ".log", ".md", ".html",
    ".htm", ".lnk", ".url", ".pp3", ".dop", ".cos", ".vrd", ".nksc", ".yaml", ".yml", ".cls", ".ctg",
})  # fmt: skip
OTHER = "other"
"""Stands for the suffixes that name no media."""


def is_photo(name: str) -> bool:
    """Tell whether a file of this name is one."""
    return _suffix(name) in IMAGE_EXTENSIONS | RAW_EXTENSIONS


def belongs_to_photo(name: str) -> str:
    """What a file is beside a photo of its stem: ``raw``, the ``video`` of a Live Photo, or ``""``."""
    suffix = _suffix(name)
    return "raw" if suffix in RAW_EXTENSIONS else "video" if suffix in (".mov", ".mp4") else ""


def photo_stem(name: str) -> str:
    """What the name of a photo shares with those of the files that belong to it; ``""`` for other files.

    Cameras and phones write a JPEG or a HEIF beside a RAW file or a film; a picture of another kind that has
    the same name is another picture.
    """
    return stem(name) if _suffix(name) in _FROM_CAMERAS else ""


def stem(name: str) -> str:
    """A name without its suffix and letter case."""
    return _parted(name)[0]


def _suffix(name: str) -> str:
    return _parted(name)[1]


@lru_cache(maxsize=4096)  # of each name in a folder six times
def _parted(name: str) -> tuple[str, str]:
    """Stem and suffix of a file's name, without letter case, as pathlib has them, which takes far longer."""
    last = name.rpartition("/")[2]
    dot = last.rfind(".")
    if 0 < dot < len(last) - 1:
        return last[:dot].casefold(), last[dot:].lower()
    return last.casefold(), ""


def is_tar(name: str) -> bool:
    """Tell whether a file of this name holds photos one after another."""
    return name.lower().endswith(TAR_EXTENSIONS)


def is_table(name: str) -> bool:
    """Tell whether a file of this name may hold photos in a column."""
    return name.lower().endswith(TABLE_EXTENSION)


def is_tiff(name: str) -> bool:
    """Tell whether a file of this name may have several pages."""
    return name.lower().endswith(TIFF_EXTENSIONS)


def is_wanted(name: str) -> bool:
    """Tell whether a file of this name is a photo or may hold photos."""
    return is_photo(name) or is_tar(name) or is_table(name)


def passed_over_as(name: str) -> str:
    """Under what a file is counted that is neither a photo nor holds any; ``""`` where nobody misses it."""
    suffix = _suffix(name)
    if suffix in _SIDECARS:
        return ""
    return suffix if suffix in _NOT_READ or is_wanted(name) else OTHER
