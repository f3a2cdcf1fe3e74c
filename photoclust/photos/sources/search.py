"""A search for photos: where to look and what to leave out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from photoclust.errors import ObjectStoreError
from photoclust.photo_refs import PhotoRef
from photoclust.photos.sources import buckets, files
from photoclust.photos.sources.kinds import belongs_to_photo, is_photo, is_tar, photo_stem
from photoclust.photos.sources.listing import Descent, Marks
from photoclust.photos.sources.passed_over import PassedOver
from photoclust.photos.sources.references import find_photos, folder_prefixes, sorted_sources
from photoclust.photos.sources.selection import IGNORE_FILE, NO_MEDIA, Selection
from photoclust.records import container_of, local_path, member_name
from photoclust.storage.uris import Place, is_object_uri, parse_uri


class Search:
    """Looks for photos, any number of times.

    Parameters
    ----------
    paths
        As for `find_photos`.
    image_column
        The same.
    exclude, include
        Patterns; see `photoclust.photos.sources.selection`.

    Raises
    ------
    UsageError
        A pattern is none.
    """

    def __init__(
        self,
        paths: Sequence[str] = (),
        image_column: str | None = None,
        exclude: Sequence[str] = (),
        include: Sequence[str] = (),
    ) -> None:
        self.paths, self.image_column = tuple(paths), image_column
        self.selection = Selection(exclude, include)

    def photos(self) -> Iterator[PhotoRef]:
        """What is there now; see `find_photos`. Counting what is left out begins anew."""
        self.selection = self.selection.afresh()
        return find_photos(self.paths, self.image_column, self.selection)

    @property
    def passed_over(self) -> PassedOver:
        """What the last search did not take, complete when its iteration has ended."""
        return self.selection.passed_over

    def prefixes(self) -> tuple[str, ...]:
        """What the uris begin with of all photos in the folders, buckets and archives that are searched."""
        return tuple(folder_prefixes(self.paths))

    @cached_property
    def _places(self) -> tuple[set[str], list[str]]:
        """What is named by itself, and what is searched."""
        named, folders, prefixes = sorted_sources(self.paths)
        return {*map(files.uri_of, named), *prefixes}, [*folders, *prefixes]

    def reason_left_out(self, uri: str) -> str:
        """Why a photo that exists is none that this search takes; ``""`` where it takes it, or in doubt."""
        named, searched = self._places
        container = container_of(uri)
        reasons = [] if (container or uri) in named else self._reasons(searched, container or uri)
        if reasons and all(reasons):
            return reasons[0]
        return self._member_reason(container, uri) if container and is_tar(_path(container)) else ""

    def _reasons(self, searched: list[str], uri: str) -> list[str]:
        """Why it is left out of each source that it lies in."""
        found: list[str] = []
        for source in searched:
            selection = self.selection.afresh()
            descent, begin = _descent_into(source, selection)
            if _bucket(source) == _bucket(uri) and _path(uri).startswith(begin):
                path = _path(uri).removeprefix(begin)
                found.append(_reason(descent, path, selection.passed_over, _stems_beside(uri)))
        return found

    def _member_reason(self, archive: str, uri: str) -> str:
        selection = self.selection.afresh()
        inside = selection.inside(PurePosixPath(_path(archive)).name)
        return _reason(Descent(inside, is_wanted=is_photo), member_name(uri), selection.passed_over)


def _bucket(uri: str) -> Place | None:
    return parse_uri(uri)[0] if is_object_uri(uri) else None


def _path(uri: str) -> str:
    return parse_uri(uri)[1] if is_object_uri(uri) else local_path(uri)


def _descent_into(source: str, selection: Selection) -> tuple[Descent, str]:
    """Follows names in a source, and what the paths of all it holds begin with."""
    if is_object_uri(source):
        bucket, key = parse_uri(source)
        begin = f"{key.rstrip('/')}/" if key else ""
        return buckets.descent_into(bucket, begin, selection, is_sorted=False), begin
    begin = os.path.join(source, "")  # noqa: PTH118 (ends in a slash)
    return Descent(selection, files.source(source).name, partial(_marks, begin), is_sorted=False), begin


def _stems_beside(uri: str) -> set[str]:
    """Stems of the photos in the folder of a RAW file of this machine."""
    path = PurePosixPath(local_path(uri))
    if is_object_uri(uri) or belongs_to_photo(path.name) != "raw":
        return set()
    try:
        return {photo_stem(name) for name in os.listdir(path.parent)} - {""}  # noqa: PTH208 (names alone)
    except OSError:
        return set()


def _reason(descent: Descent, path: str, counted: PassedOver, stems: Collection[str] = ()) -> str:
    try:
        descent.takes(path, stems)
    except ObjectStoreError:
        return ""
    return next(iter(counted.folders or counted.photos or counted.paired), "")


def _marks(source: str, path: str, _: set[str] | None) -> Marks:
    """What a local folder says of itself."""
    folder = Path(source + path)
    if path and (folder / NO_MEDIA).exists():
        return Marks(no_media=True)
    return Marks(False, *files.ignore_file(str(folder))) if (folder / IGNORE_FILE).exists() else Marks()
