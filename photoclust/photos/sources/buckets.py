"""Photos in object stores: listing a prefix as a stream, reading an object."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from photoclust.config import DecodeConfig
from photoclust.errors import ObjectStoreError, PhotoError, UsageError
from photoclust.photo_refs import UNREACHABLE, PhotoRef, Version
from photoclust.photos.sources.files import ignore_text
from photoclust.photos.sources.kinds import is_wanted
from photoclust.photos.sources.listing import Descent, Marks, with_stems
from photoclust.photos.sources.selection import IGNORE_FILE, MOST_IGNORE_BYTES, NO_MEDIA, Selection
from photoclust.storage.object_store import ObjectInfo, ObjectStore, open_store
from photoclust.storage.retry import at_the_door
from photoclust.storage.uris import Place, parse_uri

_TRIES = 3  # of reading an object whose end is missing, which some proxies cut off


def open_source(uri: str, selection: Selection | None = None) -> Iterator[PhotoRef]:
    """Photos at a URI: the object of that name, or what lies under it as in a folder.

    Parameters
    ----------
    uri
        Of an object, or of a prefix with or without a slash in the end.
    selection
        What to leave out of what lies under it.

    Returns
    -------
    Iterator[PhotoRef]
        A stream in the store's order; names are chosen as in a local folder. It is empty where nothing has
        that name: stores know no folders.

    Raises
    ------
    UsageError
        At once: the scheme or an option is unknown, a package is missing, or the store says no.
    """
    place, key = parse_uri(uri)
    try:
        with at_the_door():
            store = open_store(place)
            if is_wanted(key) and (found := store.info(key)):
                return iter([_reference(place, found)])
            listing = store.objects(f"{key.rstrip('/')}/" if key else "")
            first = list(islice(listing, 1))
    except ObjectStoreError as error:
        raise UsageError(f"{uri} cannot be listed: {error}.") from error
    except FileNotFoundError as error:
        raise UsageError(f"{uri} does not exist; check the name.") from error
    return _wanted(place, key, chain(first, listing), selection or Selection())


def _wanted(
    place: Place, key: str, listing: Iterator[ObjectInfo], selection: Selection
) -> Iterator[PhotoRef]:
    begin = f"{key.rstrip('/')}/" if key else ""
    descent = descent_into(place, begin, selection)
    try:
        for found, stems in with_stems(listing, lambda found: found.key):
            if descent.takes(found.key.removeprefix(begin), stems):
                yield _reference(place, found)
    except ObjectStoreError as error:
        raise ObjectStoreError(f"The listing of {place.uri(key)} ended early: {error}.") from error


def descent_into(place: Place, begin: str, selection: Selection, is_sorted: bool = True) -> Descent:
    """Follow names under a prefix, which is empty or ends in ``/``; see `Descent`."""
    store = open_store(place)

    def marks(path: str, known: set[str] | None) -> Marks:
        def has(name: str) -> bool:
            return name in known if known is not None else store.info(f"{begin}{path}{name}") is not None

        if path and has(NO_MEDIA):
            return Marks(no_media=True)
        key = f"{begin}{path}{IGNORE_FILE}"
        if not has(IGNORE_FILE):
            return Marks()
        where = place.uri(key)
        return Marks(ignore=ignore_text(store.read(key, 0, MOST_IGNORE_BYTES + 1), where), where=where)

    return Descent(selection, begin.rstrip("/").rpartition("/")[2], marks, is_sorted=is_sorted)


def canonical(uri: str) -> str:
    """Write a URI as references have it."""
    place, key = parse_uri(uri)
    return place.uri(key)


def look_at(uri: str) -> PhotoRef:
    """Refer to one object; one that cannot be looked at has the version `UNREACHABLE`."""
    place, key = parse_uri(uri)
    try:
        found = open_store(place).info(key)
    except ObjectStoreError:
        found = None
    return _reference(place, found) if found else PhotoRef(place.uri(key), 0, UNREACHABLE)


def _reference(place: Place, found: ObjectInfo) -> PhotoRef:
    return PhotoRef(_sound(place.uri(found.key)), found.size, Version.content(found.tag))


def _sound(uri: str) -> str:
    return uri.encode(errors="surrogatepass").decode(errors="backslashreplace")


def opened(uri: str) -> tuple[ObjectStore, str]:
    """Store and key of a URI."""
    place, key = parse_uri(uri)
    return open_store(place), key


def read_object(ref: PhotoRef, limits: DecodeConfig) -> bytes:
    """At most one byte more than ``limits.max_bytes`` of an object.

    Raises
    ------
    PhotoError
        Stage ``read``: the store said no, or nothing for too long, or less came than it holds.
    """
    store, key = opened(ref.uri)
    most = limits.max_bytes + 1
    try:
        content, size = b"", ref.size
        for _ in range(_TRIES):
            content = store.read(key, 0, most)
            if len(content) >= min(size, most):
                return content
            found = store.info(key)  # it may have been replaced by a smaller one since it was listed
            size = found.size if found else size
    except ObjectStoreError as error:
        raise PhotoError("read", str(error)) from error
    if len(content) >= min(size, most):
        return content
    raise PhotoError("read", f"only {len(content)} of {size} bytes came")
