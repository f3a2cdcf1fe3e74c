"""Choosing photos from a list of names with slashes, as buckets and archives have instead of folders.

A sorted listing names ``.nomedia`` and ``.photoclustignore`` of a folder before most of what lies in it. Only
where something comes earlier they have to be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from photoclust.photos.sources.kinds import is_wanted, photo_stem
from photoclust.photos.sources.selection import IGNORE_FILE, NO_MEDIA, Folder, Selection


@dataclass(frozen=True)
class Marks:
    """What a folder says of itself: whether it has a ``.nomedia``, and its ignore file's text and place."""

    no_media: bool = False
    ignore: str = ""
    where: str = ""


_NO_MARKS = Marks()
_AT_ONCE = 1000  # files of one stem that are looked at together; there are two or three


Named = TypeVar("Named")


def with_stems(items: Iterable[Named], path: Callable[[Named], str]) -> Iterator[tuple[Named, set[str]]]:
    """Things with a path, each with the stems of photos that its neighbours of the same stem are.

    Where the items end with an error, those that came before are given first.
    """
    group: list[Named] = []
    stem: tuple[PurePosixPath, str] | None = None
    try:
        for item in items:
            found = PurePosixPath(path(item))
            if group and (stem != (found.parent, found.stem) or len(group) == _AT_ONCE):
                yield from _with_stems(group, path)
                group = []
            stem = (found.parent, found.stem)
            group.append(item)
    except Exception:  # whatever it is, it goes on to the caller
        yield from _with_stems(group, path)
        raise
    yield from _with_stems(group, path)


def _with_stems(group: list[Named], path: Callable[[Named], str]) -> Iterator[tuple[Named, set[str]]]:
    stems = {photo_stem(PurePosixPath(path(item)).name) for item in group} - {""}
    return ((item, stems) for item in group)


class _Open:
    """A folder whose names are being listed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marked: set[str] = set()
        self.decided = False
        self.folder: Folder | None = None  # None where it is left out


class Descent:
    """Follows a listing from folder to folder.

    Parameters
    ----------
    selection
        The rules; counts what is left out.
    name
        Name of the source.
    marks
        Reads what a folder says of itself, given its path (empty, or ending in ``/``) and which of the files
        it is known to have, None where that is not known. By default folders say nothing.
    is_wanted
        Tells by its name whether a file may be taken.
    is_sorted
        Whether all names come, in order; otherwise what a folder says of itself is always asked for.
    """

    def __init__(
        self,
        selection: Selection,
        name: str = "",
        marks: Callable[[str, set[str] | None], Marks] | None = None,
        is_wanted: Callable[[str], bool] = is_wanted,
        is_sorted: bool = True,
    ) -> None:
        self._selection, self._marks, self._is_wanted = selection, marks, is_wanted
        self._is_sorted = is_sorted
        self._source = Folder("", name)
        self._open = [_Open(name)]

    def takes(self, path: str, stems: Collection[str] = ()) -> bool:
        """Tell whether the file at a path, relative to the source, is a photo to be looked at.

        `stems` are those of photos beside it.
        """
        *folders, name = path.removeprefix("./").split("/")
        self._step_into(folders)
        if name in (NO_MEDIA, IGNORE_FILE):
            self._open[-1].marked.add(name)
            return False
        if not name:
            return False
        folder = self._folder([*folders, name])
        return folder is not None and self._selection.takes_file(folder, name, self._is_wanted, stems)

    def _step_into(self, folders: list[str]) -> None:
        depth = 0
        while depth < min(len(folders), len(self._open) - 1) and self._open[depth + 1].name == folders[depth]:
            depth += 1
        del self._open[depth + 1 :]
        self._open.extend(map(_Open, folders[depth:]))

    def _folder(self, parts: list[str]) -> Folder | None:
        """The folder of the file at a path of these parts; None where it is left out."""
        above: Folder | None = self._source
        for depth, one in enumerate(self._open):
            if above is None:
                return None
            if not one.decided:
                one.decided, one.folder = True, self._decide(above, one, depth, "/".join(parts[depth:]))
            above = one.folder
        return above

    def _decide(self, above: Folder, one: _Open, depth: int, rest: str) -> Folder | None:
        if depth and not self._selection.takes_folder(above, one.name):
            return None
        folder = above.below(one.name) if depth else self._source
        marks = self._read_marks(folder.path, one.marked, rest)
        if marks.no_media and depth:
            self._selection.leave_out_folder(NO_MEDIA)
            return None
        return folder.with_ignore_file(marks.ignore, marks.where) if marks.ignore else folder

    def _read_marks(self, path: str, marked: set[str], rest: str) -> Marks:
        """Marks of a folder in which `rest` is the first name that matters."""
        if self._marks is None:
            return _NO_MARKS
        if self._is_sorted and rest > IGNORE_FILE:  # in a sorted listing both would have come
            return self._marks(path, marked) if marked else _NO_MARKS
        return self._marks(path, None)
