"""Which files of a source are photos to be looked at, what is left out, and how much of it there is.

Contract:

- What is named by itself is always taken; the rules are for what lies in folders, buckets and archives.
- Left out are bins, snapshots and previews (`photoclust.photos.sources.debris`), hidden files and folders,
  folders with a file ``.nomedia``, what a ``.photoclustignore`` or ``--exclude`` names, and where
  ``--include`` is given, what it does not name. A folder that is left out is left out with all that is in it.
- A RAW file beside a photo of the same stem is that photo, and so is the video of a Live Photo.
- Patterns are those of ``.gitignore``, letter case ignored. A ``.photoclustignore`` holds for its folder and
  those below it, the deepest first; other patterns are relative to the source. Neither is looked for above
  the source or inside archives.
- Nothing is left out silently: folders are counted, and photos outside of them, by reason; files that are
  media and not read, by suffix.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from photoclust.errors import UsageError
from photoclust.photos.sources.debris import HIDDEN, debris, is_hidden
from photoclust.photos.sources.kinds import OTHER, belongs_to_photo, is_tar, is_wanted, passed_over_as, stem
from photoclust.photos.sources.passed_over import PassedOver

NO_MEDIA = ".nomedia"
IGNORE_FILE = ".photoclustignore"
EXCLUDE = "--exclude"
INCLUDE = "--include"

MOST_IGNORE_BYTES = 1024**2


@dataclass(frozen=True)
class Folder:
    """A folder inside a source.

    Attributes
    ----------
    path
        Relative to the source: empty, or ending in ``/``.
    name
        Its last part; of the source itself its own name.
    ignores
        Of the ignore files of this folder and those above it, the deepest first: where it lies and its rules.
    """

    path: str
    name: str
    ignores: tuple[tuple[str, Any], ...] = ()

    def below(self, name: str) -> Folder:
        """The folder of this name in it."""
        return Folder(f"{self.path}{name}/", name, self.ignores)

    def with_ignore_file(self, text: str, where: str) -> Folder:
        """The same with the rules of its ignore file, which lies at `where`.

        Raises
        ------
        UsageError
            A line is no pattern.
        """
        rules = _rules(tuple(text.splitlines()), where)
        return Folder(self.path, self.name, ((self.path, rules), *self.ignores))


class Selection:
    """Tells what to take, and counts the rest in `passed_over`.

    Parameters
    ----------
    exclude, include
        Patterns that were given on the command line.

    Raises
    ------
    UsageError
        A pattern is none.
    """

    def __init__(self, exclude: Sequence[str] = (), include: Sequence[str] = ()) -> None:
        self._exclude = _rules(tuple(exclude), EXCLUDE) if exclude else None
        self._include = _rules(tuple(include), INCLUDE) if include else None
        self.passed_over = PassedOver()

    def inside(self, archive: str) -> Selection:
        """The same for an archive's members: ``--include`` takes all where it names the archive."""
        selection = copy(self)
        if not self.include_reason(Folder("", ""), archive):
            selection._include = None
        return selection

    def afresh(self) -> Selection:
        """The same with nothing counted."""
        selection = copy(self)
        selection.passed_over = PassedOver()
        return selection

    # -- why something is left out: "" where it is not ------------------------------------------------

    def folder_reason(self, within: Folder, name: str) -> str:
        """Why a folder of this name in `within` is left out."""
        return debris(name, within.name) or self._pattern_reason(within, f"{name}/")

    def file_reason(self, within: Folder, name: str) -> str:
        """Why a photo, or what holds photos, of this name in `within` is left out."""
        if is_hidden(name):
            return HIDDEN
        reason = self._pattern_reason(within, name)
        return reason or ("" if is_tar(name) else self.include_reason(within, name))  # members have names too

    def _pattern_reason(self, within: Folder, name: str) -> str:
        for above, rules in within.ignores:
            said = rules.check_file(_plain(within.path.removeprefix(above) + name)).include
            if said is not None:
                if said:
                    return IGNORE_FILE
                break
        excluded = self._exclude is not None and self._exclude.match_file(_plain(within.path + name))
        return EXCLUDE if excluded else ""

    def include_reason(self, within: Folder, name: str) -> str:
        """Whether ``--include`` was given and names something else."""
        wanted = self._include is None or self._include.match_file(_plain(within.path + name))
        return "" if wanted else INCLUDE

    # -- the same, counted ----------------------------------------------------------------------------

    def takes_folder(self, within: Folder, name: str) -> bool:
        """Tell whether to search a folder of this name in `within`."""
        return not self.leave_out_folder(self.folder_reason(within, name))

    def leave_out_folder(self, reason: str) -> bool:
        """Take note of a folder that is left out, if there is a reason."""
        if reason:
            self.passed_over.folders[reason] += 1
        return bool(reason)

    def takes_file(
        self,
        within: Folder,
        name: str,
        is_wanted: Callable[[str], bool] = is_wanted,
        stems: Collection[str] = (),
    ) -> bool:
        """Tell whether a file of this name in `within` is to be looked at, being wanted by its name.

        What belongs to a photo that lies beside it, `stems` being those of photos, is not.
        """
        if name.startswith("._"):  # what macOS writes beside a file on another system's disk
            return False
        kind = "" if is_wanted(name) else passed_over_as(name)
        if not kind and not is_wanted(name):
            return False
        reason = self.file_reason(within, name)
        belongs = belongs_to_photo(name) if stem(name) in stems else ""
        if not reason and not kind and not belongs:
            return True
        if not reason and belongs:
            self.passed_over.paired[belongs] += 1
        elif not reason:
            self.passed_over.suffixes[kind] += 1
        elif kind != OTHER:
            self.passed_over.photos[reason] += 1
        return False


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


@lru_cache(maxsize=256)
def _rules(lines: tuple[str, ...], where: str) -> Any:
    pathspec = import_module("pathspec")  # only where there are patterns
    for line in lines:
        try:
            pathspec.GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error) as error:
            raise UsageError(f"{where}: {line[:200]!r} is no pattern of a .gitignore file.") from error
    return pathspec.GitIgnoreSpec.from_lines(map(_plain, lines))
