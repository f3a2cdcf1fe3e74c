"""People as folders of links to their photos.

::

    OUTPUT/
      .photoclust-export          says that an export made this folder and may replace it
      0001 Ada Lovelace (25 faces)/
      0002 Person 2 (11 faces)/
      rest/                       every photo that is in no person's folder, failed ones too

Links are symbolic and absolute; nothing is ever copied. A photo of two people is in both folders, a photo
under two names is linked once, by the first name in order.
"""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import OutputError
from photoclust.records import container_of, local_path
from photoclust.report.album import Album, rank_people
from photoclust.report.names import file_name, visible
from photoclust.report.output import reported

_MARK = ".photoclust-export"
_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|\N{REPLACEMENT CHARACTER}', "_"))


def write_folders(album: Album, output: Path) -> Path:
    """Write a folder of links for each person, most faces first, and one for the rest.

    Parameters
    ----------
    album
        What to write.
    output
        A folder that is missing, empty, or made by an earlier export and unchanged by hand.

    Raises
    ------
    OutputError
        When `output` holds something else, cannot be written or cannot hold links, or when photos are
        not files of this machine.
    """
    photos = album.photos.sort_by("uri")
    _check_local(photos)
    _check_replaceable(output)
    with reported(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".tmp-", dir=output.parent))
        try:
            (new / _MARK).touch(0o600)
            _fill(new, album, photos)
            if output.exists():
                shutil.rmtree(output)
            new.rename(output)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return output


def _fill(folder: Path, album: Album, photos: pa.Table) -> None:
    ranked = rank_people(album.face_rows())
    start = 0
    for number, person in enumerate(ranked.people.to_pylist(), 1):
        members = ranked.members.slice(start, person["faces"])
        start += person["faces"]
        _link(folder / _folder_name(number, person["name"], person["faces"]), _distinct(members["photo"]))
    shown = ranked.members["photo_id"].unique()
    rest = photos.filter(~pc.field("photo_id").isin(shown))
    known = rest.filter(pc.field("photo_id") != "")
    firsts = known.group_by("photo_id", use_threads=False).aggregate([("uri", "min")])["uri_min"]
    _link(folder / "rest", sorted([*firsts.to_pylist(), *_unread(rest)]))


def _unread(photos: pa.Table) -> list[str]:
    return photos.filter(pc.field("photo_id") == "")["uri"].to_pylist()


def _distinct(column: pa.ChunkedArray) -> list[str]:
    return sorted(set(column.to_pylist()))


def _link(folder: Path, uris: Iterable[str]) -> None:
    folder.mkdir(mode=0o700)
    taken: set[str] = set()
    for uri in uris:
        link_photo(uri, folder / free_name(file_name(uri), taken))


def link_photo(uri: str, link: Path) -> None:
    """Make a link to a local photo.

    Raises
    ------
    OutputError
        Where there can be none.
    """
    try:
        link.symlink_to(local_path(uri))
    except OSError as error:
        raise OutputError(
            f"{link.parent.parent} cannot hold links ({error.strerror}); choose a folder on a disk that can."
        ) from error


def free_name(name: str, taken: set[str]) -> str:
    """A name that no other link of the folder has, letter case and Unicode form aside."""
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    free = name
    while (key := unicodedata.normalize("NFC", free).casefold()) in taken:
        number += 1
        free = f"{stem[:50]} ({number}){suffix[:10]}"  # at most 255 bytes, whatever the letters
    taken.add(key)
    return free


def _folder_name(number: int, name: str, faces: int) -> str:
    """Such as ``0001 Ada Lovelace (25 faces)``; what a file system may not like becomes ``_``."""
    return f"{number:04} {folder_part(name)} ({faces} {'face' if faces == 1 else 'faces'})"


def folder_part(name: str) -> str:
    """A name as one part of a path, of 50 letters at most; what a file system may not like becomes ``_``."""
    return visible(unicodedata.normalize("NFC", name), 50).translate(_FORBIDDEN).strip(" .") or "_"


def _check_local(photos: pa.Table) -> None:
    for uri in photos["uri"].to_pylist():
        if not Path(local_path(uri)).is_absolute() or container_of(uri):
            raise OutputError(f"{visible(uri, 200)} is no file of this machine to link to; export a table.")


def _check_replaceable(output: Path) -> None:
    """Refuse to touch anything that an export did not make."""
    with reported(output):
        if output.is_symlink() or (output.exists() and not output.is_dir()):
            raise OutputError(f"{output} is no folder; choose another name.")
        if not output.exists() or not any(output.iterdir()):
            return
        if not (output / _MARK).is_file():
            raise OutputError(f"{output} holds files that no export made; choose a new folder.")
        for path in output.rglob("*"):
            if not (path.is_symlink() or path.is_dir() or path == output / _MARK):
                raise OutputError(f"{path} was not made by an export; move it away, or choose a new folder.")
