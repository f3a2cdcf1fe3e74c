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
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from photoclust.errors import OutputError
from photoclust.report.album import Album, rank_people
from photoclust.report.links import Links, folder_part
from photoclust.report.output import reported

_MARK = ".photoclust-export"


def write_folders(album: Album, output: Path, links: Links | None = None) -> Path:
    """Write a folder of links for each person, most faces first, and one for the rest.

    Parameters
    ----------
    album
        What to write.
    output
        A folder that is missing, empty, or made by an earlier export and unchanged by hand.
    links
        Makes the links; knows afterwards which photos could have none.

    Raises
    ------
    OutputError
        When `output` holds something else, cannot be written or cannot hold links, or when no photo can be
        linked: none is a file of this machine, say.
    """
    photos, links = album.photos.sort_by("uri"), links or Links()
    _check_replaceable(output)
    with reported(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".tmp-", dir=output.parent))
        try:
            (new / _MARK).touch(0o600)
            _fill(new, album, photos, links)
            links.require_any()
            if output.exists():
                shutil.rmtree(output)
            new.rename(output)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return output


def _fill(folder: Path, album: Album, photos: pa.Table, links: Links) -> None:
    ranked = rank_people(album.face_rows())
    start = 0
    for number, person in enumerate(ranked.people.to_pylist(), 1):
        members = ranked.members.slice(start, person["faces"])
        start += person["faces"]
        name = _folder_name(number, person["name"], person["faces"])
        _link(folder / name, _distinct(members["photo"]), links)
    shown = ranked.members["photo_id"].unique()
    rest = photos.filter(~pc.field("photo_id").isin(shown))
    known = rest.filter(pc.field("photo_id") != "")
    firsts = known.group_by("photo_id", use_threads=False).aggregate([("uri", "min")])["uri_min"]
    _link(folder / "rest", sorted([*firsts.to_pylist(), *_unread(rest)]), links)


def _unread(photos: pa.Table) -> list[str]:
    return photos.filter(pc.field("photo_id") == "")["uri"].to_pylist()


def _distinct(column: pa.ChunkedArray) -> list[str]:
    return sorted(set(column.to_pylist()))


def _link(folder: Path, uris: Iterable[str], links: Links) -> None:
    folder.mkdir(mode=0o700)
    for uri in uris:
        links.add(uri, folder)


def _folder_name(number: int, name: str, faces: int) -> str:
    """Such as ``0001 Ada Lovelace (25 faces)``; what a file system may not like becomes ``_``."""
    return f"{number:04} {folder_part(name)} ({faces} {'face' if faces == 1 else 'faces'})"


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
