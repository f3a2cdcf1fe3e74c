"""Which pictures many files hold: each is read once and nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.photo_refs import PhotoRef
from photoclust.photos.identity import identity
from photoclust.photos.sources.references import read_photo
from photoclust.records import PhotoIdentity
from photoclust.storage.retry import handed_over

READERS = 8  # threads: reading and hashing hold no lock of Python's, and an object store answers late
_AT_ONCE = 1024


def identities(refs: Iterable[PhotoRef], limits: DecodeConfig) -> Iterator[PhotoIdentity | None]:
    """Tell which picture each of some files holds, in their order; None of those that cannot be read."""
    step, refs = handed_over(partial(_identity, limits)), iter(refs)
    with ThreadPoolExecutor(READERS) as readers:
        while some := list(islice(refs, _AT_ONCE)):
            yield from readers.map(step, some)


def _identity(limits: DecodeConfig, ref: PhotoRef) -> PhotoIdentity | None:
    try:
        return identity(read_photo(ref, limits))
    except PhotoError:
        return None
