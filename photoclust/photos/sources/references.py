"""Where photos come from: folders, files, lists, buckets, archives and tables become photo references.

Contract:

- What is named on the command line or in a list comes first, in the order given, whatever its extension.
  Folders follow, then buckets, each as a stream in sorted order: memory does not grow with their number.
- Archives and tables, named or found, give their members in place of themselves; a local TIFF is followed by
  its further pages. TIFF files elsewhere are counted: their pages are not looked for.
- What `photoclust.photos.sources.selection` leaves out of folders, buckets and archives is counted.
- Nothing is left out silently: what cannot be looked at or is refused becomes a reference of its own, whose
  reading then fails with the reason.
- The uri of what a folder, a bucket's prefix or an archive holds begins with the uri of that source, the
  options of a bucket apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain

from photoclust.config import DecodeConfig
from photoclust.errors import NoPhotosError, PhotoError, UsageError
from photoclust.photo_refs import UNREACHABLE, PhotoRef
from photoclust.photos.sources import buckets, files
from photoclust.photos.sources.bounded import BoundedFile, read_up_to
from photoclust.photos.sources.braces import expanded
from photoclust.photos.sources.containers import read_member
from photoclust.photos.sources.kinds import IMAGE_EXTENSIONS, RAW_EXTENSIONS, is_table, is_tar, is_tiff
from photoclust.photos.sources.pages import further_pages, read_page
from photoclust.photos.sources.passed_over import in_words
from photoclust.photos.sources.reach import require_there
from photoclust.photos.sources.selection import Selection
from photoclust.photos.sources.tables import read_row, table_rows
from photoclust.photos.sources.tars import tar_members
from photoclust.records import container_of, local_path, member_name, page_of
from photoclust.storage.uris import is_object_uri, parse_uri

__all__ = ["IMAGE_EXTENSIONS", "content_id", "find_photos", "folder_prefixes", "read_photo"]

_LONGEST_LIST = 4 * 1024**3  # ten million paths; /dev/zero has no end


def find_photos(
    paths: Sequence[str], image_column: str | None = None, selection: Selection | None = None
) -> Iterator[PhotoRef]:
    """Every photo under some paths, each once.

    Parameters
    ----------
    paths
        Folders, files, ``s3://BUCKET/PREFIX`` and the like, and ``@FILE``: a list with one of these a line
        (UTF-8; blank lines and lines that start with ``#`` skipped; relative paths are relative to the list's
        folder). ``{000..123}`` and ``{a,b}`` stand for several names. A file whose name starts with ``@`` is
        given as ``./@name``.
    image_column
        Column of Parquet tables that holds the photos; found by its name and type by default.
    selection
        What to leave out of folders, buckets and archives; counts it during the iteration.

    Returns
    -------
    Iterator[PhotoRef]
        What was given by name first, then what `selection` takes of what folders and buckets hold; links are
        followed, and a folder reached twice is searched once.

    Raises
    ------
    UsageError
        At once where a path does not exist or a bucket cannot be listed; at the end of the iteration where
        no photo was found.
    ObjectStoreError
        During the iteration when a listing ends early.
    SourceLostError
        During the iteration when a folder goes away.
    """
    named, folders, prefixes = sorted_sources(paths)
    chosen = selection or Selection()
    streams = {uri: buckets.open_source(uri, chosen) for uri in prefixes}
    return _photos(_Sources(named, folders, streams, chosen), paths, image_column)


def folder_prefixes(paths: Sequence[str]) -> list[str]:
    """What the uris begin with of all photos inside the folders, buckets and archives among `paths`."""
    named, folders, prefixes = sorted_sources(paths)
    inside = chain.from_iterable(map(files.folder_uris, folders))
    archives = [files.uri_of(item) for item in (*named, *prefixes) if _holds_photos(item)]
    return [*inside, *(f"{_begin(uri)}/" for uri in prefixes), *(f"{_begin(uri)}!/" for uri in archives)]


def _begin(uri: str) -> str:
    return uri.partition("?")[0].rstrip("/") if is_object_uri(uri) else uri


def sorted_sources(paths: Sequence[str]) -> tuple[dict[str, None], list[str], list[str]]:
    """Files and objects by name, folders, and what in a bucket may be an object or a prefix."""
    named: dict[str, None] = {}
    folders: list[str] = []
    prefixes: list[str] = []
    for path in paths:
        for item, listed in _items(path):
            if is_object_uri(item) and not listed:
                prefixes.append(item)
            elif not is_object_uri(item) and files.is_folder(item):
                folders.append(item)
            else:
                named[item] = None
    return named, folders, prefixes


@dataclass(frozen=True)
class _Sources:
    """What was asked for: files and objects by name, folders, and listings of buckets by their uri."""

    named: dict[str, None]
    folders: list[str]
    streams: dict[str, Iterator[PhotoRef]]
    selection: Selection
    empty: list[str] = field(default_factory=list)  # of the listings, those that named nothing

    def __iter__(self) -> Iterator[tuple[PhotoRef, bool]]:
        """Files and objects, each once, and whether it was asked for by name."""
        for item in self.named:
            yield look_at(item), True
        for path, status in files.walk(self.folders, self.selection):
            if path not in self.named:
                yield files.reference(path, status), False
        require_there(self.folders)
        earlier: list[str] = []
        for item, stream in self.streams.items():
            ref = None
            for ref in stream:
                by_name = ref.uri == item
                elsewhere = ref.uri in self.named or (not by_name and ref.uri in self.streams)
                if not elsewhere and not any(map(ref.uri.startswith, earlier)):
                    yield ref, by_name
            if ref is None:
                self.empty.append(item)
            earlier.append(f"{_begin(item)}/")


def _photos(sources: _Sources, paths: Sequence[str], column: str | None) -> Iterator[PhotoRef]:
    nothing = True
    for ref, by_name in sources:
        for photo in members(ref, column, by_name, sources.selection):
            nothing = False
            yield photo
    if not nothing:
        yield from (PhotoRef(uri, 0, UNREACHABLE) for uri in sources.empty)
    else:
        looked_for = ", ".join(sorted(IMAGE_EXTENSIONS | RAW_EXTENSIONS))
        instead = "".join(f" {line}." for line in in_words(sources.selection.passed_over.values()))
        raise NoPhotosError(
            f"No photos found in {', '.join(map(repr, paths))}: looked for {looked_for} files.{instead}"
        )


def members(
    ref: PhotoRef, column: str | None, by_name: bool, selection: Selection | None = None
) -> Iterable[PhotoRef]:
    """Photos in an archive or a table, and the pages of a TIFF; any other file is one photo."""
    name = _name(ref.uri)
    if ref.version == UNREACHABLE:
        return (ref,)
    if is_tar(name):
        return _counted(tar_members(ref, selection), selection)
    if is_table(name):
        return table_rows(ref, column, by_name)
    if is_tiff(name) and not is_object_uri(ref.uri):
        return chain((ref,), further_pages(ref))
    return _counted((ref,), selection)


def _counted(refs: Iterable[PhotoRef], selection: Selection | None) -> Iterator[PhotoRef]:
    """The same; counts those that may have further pages, which only reading them would tell."""
    for ref in refs:
        if selection and is_tiff(member_name(ref.uri) or _name(ref.uri)):
            selection.passed_over.pages["tiff"] += 1
        yield ref


def _holds_photos(item: str) -> bool:
    name = _name(item)
    return is_tar(name) or is_table(name) or (is_tiff(name) and not is_object_uri(item))


def _name(uri: str) -> str:
    return parse_uri(uri)[1] if is_object_uri(uri) else local_path(uri)


def look_at(item: str) -> PhotoRef:
    """Refer to the file or object at an absolute path or a URI, be it there or not."""
    return buckets.look_at(item) if is_object_uri(item) else files.reference(item, files.status_of(item))


def _items(path: str) -> Iterator[tuple[str, bool]]:
    """Absolute paths and URIs that an argument stands for, each with whether a list names it."""
    if path.startswith("@"):
        yield from ((item, True) for item in _read_list(path[1:]))
    elif is_object_uri(path):
        yield from ((buckets.canonical(item), False) for item in expanded(path))
    else:
        paths = [path] if not path or files.status_of(path) else expanded(path)
        yield from ((files.existing(item), False) for item in paths)


def _read_list(name: str) -> list[str]:
    """Absolute paths and URIs in a list file."""
    try:
        with BoundedFile(name, regular=False) as file:  # a pipe is welcome: @<(find ...)
            content = read_up_to(file, _LONGEST_LIST + 1)
    except OSError as error:
        raise UsageError(f"The list {name!r} cannot be read: {error.strerror or error}.") from error
    if b"\0" in content or len(content) > _LONGEST_LIST:
        raise UsageError(f"{name!r} is no list of paths; give a photo without the @ in front.")
    lines = content.decode("utf-8-sig", "surrogateescape").split("\n")
    paths = (line.removesuffix("\r") for line in lines if line.strip() and not line.startswith("#"))
    return [_listed(path, os.path.dirname(name)) for path in paths]  # noqa: PTH120


def _listed(path: str, folder: str) -> str:
    if is_object_uri(path):
        return buckets.canonical(path)
    return files.absolute(os.path.join(folder, path))  # noqa: PTH118


def read_photo(ref: PhotoRef, limits: DecodeConfig) -> bytes:
    """The bytes of a photo.

    Raises
    ------
    PhotoError
        Stage ``read``: refused when it was found, missing, unreadable, empty, or larger than
        ``limits.max_bytes``.
    """
    if ref.version.is_refused:
        raise PhotoError("read", ref.version.value)
    content = _read(ref, limits)
    if len(content) > limits.max_bytes:
        raise PhotoError("read", files.too_large(limits))
    if not content:
        raise PhotoError("read", "the file is empty")
    return content


def _read(ref: PhotoRef, limits: DecodeConfig) -> bytes:
    container = container_of(ref.uri)
    if container is None:
        return (
            buckets.read_object(ref, limits) if is_object_uri(ref.uri) else files.read_file(ref.uri, limits)
        )
    if is_table(_name(container)):
        return read_row(container, ref)
    if page_of(ref.uri):
        return read_page(ref, limits)
    if ref.size > limits.max_bytes:
        raise PhotoError("read", files.too_large(limits))
    content = read_member(container, ref)
    if len(content) < ref.size:
        raise PhotoError("read", "the archive ends in the middle of it")
    return content


def content_id(content: bytes) -> str:
    """Name of a photo's content: BLAKE2b (RFC 7693) with a digest of 128 bits, 32 hex digits."""
    return blake2b(content, digest_size=16).hexdigest()
