"""`photoclust.open` and `photoclust.create`."""

from __future__ import annotations

import os

from photoclust.api.index import Index
from photoclust.api.questions import PathOrUri
from photoclust.errors import IndexFormatError
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.limits import TimeLimits, limited
from photoclust.workflows.opening import PhotoOptions, open_index


def open(location: PathOrUri, *, limits: TimeLimits | None = None) -> Index:
    """Open an index that exists.

    Parameters
    ----------
    location
        Its folder, or ``s3://``, ``gs://`` or ``az://BUCKET/PREFIX``.
    limits
        How long to wait for files, object stores and other writers; see `TimeLimits` for the defaults.

    Raises
    ------
    IndexMissingError
        There is none.
    IndexFormatError, IndexCorruptError
        It was made by a newer photoclust, or cannot be understood.
    ObjectStoreError
        The store cannot be read.

    Examples
    --------
    >>> index = photoclust.open("people/")                               # doctest: +SKIP
    >>> [(person.called, person.size) for person in index.people][:2]    # doctest: +SKIP
    [('Ada Lovelace', 38), ('Person 2', 21)]
    """
    with limited(limits or TimeLimits()), at(os.fspath(location)) as place:
        IndexStore.open(place)
    return Index(location, limits)


def create(
    location: PathOrUri,
    *,
    model: str | None = None,
    min_face_size: int | None = None,
    max_pixels: int | None = None,
    limits: TimeLimits | None = None,
) -> Index:
    """Make a new, empty index.

    Parameters
    ----------
    location
        A folder, new or empty, or ``s3://``, ``gs://`` or ``az://BUCKET/PREFIX``.
    model
        Embedding model; ``casia-webface`` by default. An index holds embeddings of one model.
    min_face_size
        Side in pixels, 12 or more, of the smallest face looked for; 40 by default.
    max_pixels
        Photos with more pixels are refused; 100 million by default.
    limits
        See `open`.

    Raises
    ------
    IndexFormatError
        There is an index already, or something else.
    IndexWriteError
        The folder cannot be written.
    WeightsError
        The model is not known, or its weights are not here.
    UsageError
        A setting is out of range.

    Examples
    --------
    >>> index = photoclust.create("people/")                             # doctest: +SKIP
    >>> index.add("photos/")                                             # doctest: +SKIP
    >>> index.group()                                                    # doctest: +SKIP
    """
    with limited(limits or TimeLimits()), at(os.fspath(location)) as place:
        if IndexStore.exists(place):
            raise IndexFormatError(f"{location} is an index already; open it with photoclust.open.")
        store = open_index(place, PhotoOptions(model, min_face_size, max_pixels))
        with store.lock():  # an index elsewhere comes to be when the lock is let go
            return Index(location, limits)
