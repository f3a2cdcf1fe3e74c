"""A working copy of an index in an object store: fetching what is new there, storing what is new here.

::

    CACHE/indexes/HASH/
      state.json      the URI, and of each file the object's tag and the file's size and time
      sync.lock       one process at a time fetches or writes
      NAME/           the working copy, an index as any other

The store is what counts: a file that differs from it is fetched again, one it does not have goes. Only
``decisions.csv``, which people write themselves, is never overwritten or lost. What makes other files count
(a photos part, ``current.json``) is stored after them, and fetched before these are listed: neither a killed
writer nor a reader at the same time leaves a mark without what it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from photoclust.errors import (
    IndexLockedError,
    IndexWriteError,
    ObjectStoreError,
    UsageError,
)
from photoclust.index import files
from photoclust.index.prepared import drop_prepared
from photoclust.index.remote.lease import Lease
from photoclust.index.remote.order import (
    DECISIONS,
    DELETE_AFTER,
    HEAD,
    JOURNAL,
    MARKS,
    RANKS,
    delete_rank,
    rank,
    stamp,
)
from photoclust.index.remote.stored_files import StoredFiles
from photoclust.index.remote.working_copy import WorkingCopy
from photoclust.storage.object_store import ObjectInfo, ObjectStore
from photoclust.storage.retry import handed_over
from photoclust.types import Progress

_TRIES = 5
_AT_ONCE = 8  # requests; parts are of some 16 MB


class Mirror:
    """The working copy `folder` of the index under `prefix`.

    Parameters
    ----------
    store, prefix, uri
        The bucket, the index's prefix in it (empty, or ending in ``/``), and how to call it.
    folder
        The working copy.
    progress
        Called with the number of files to fetch; gives what is told of each few done.
    job
        See `photoclust.index.remote.lease.Lease`.
    """

    def __init__(
        self, store: ObjectStore, prefix: str, uri: str, folder: Path, progress: Progress, job: str = ""
    ) -> None:
        self.uri, self.folder = uri, folder
        self.stored = StoredFiles(store, prefix, uri)
        self.progress, self.job = progress, job
        self.lease: Lease | None = None
        self._copy = WorkingCopy(folder, uri)
        self._known = self._copy.remembered()

    # -- what the store asks of it ----------------------------------------------------------------------

    @contextmanager
    def held(self) -> Generator[None]:
        """Be the only writer: see `photoclust.index.place.Original`."""
        before = self._copy.head()
        lease = Lease(self.stored.store, self.stored.prefix, self.uri, self.job)
        with self._copy.sync_lock(), self._taken(lease):
            self._known = self._copy.remembered()
            self._fetch({HEAD} - set(self._known))
            if before not in (None, self._copy.head()):
                raise IndexLockedError(f"Somebody else has just made {self.uri} anew; run the command again.")
            self.lease = lease
            try:
                self.written()
                yield
                self.written()
            except (IndexWriteError, IndexLockedError):  # it is storing that failed
                raise
            except BaseException:
                self.written()
                raise
            finally:
                self.lease = None

    @contextmanager
    def _taken(self, lease: Lease) -> Generator[None]:
        with self.stored.explained():
            lease.take()
        with lease.kept():
            yield

    def written(self) -> None:
        """Store what is new or changed, delete what is gone; nothing where the lease is not held."""
        if self.lease is None:
            return
        here = {name: stamp(path) for name, path in self._copy.files()}
        if HEAD in self._known and HEAD not in here:  # else all would be taken for deleted
            raise IndexWriteError(f"The working copy {self.folder} was removed; try again.")
        changed = [name for name, now in here.items() if self._known.get(name, [None])[1:] != now]
        gone = [name for name in self._known if name not in here]
        try:
            self._store_in_order(changed, gone)
        except ObjectStoreError as error:
            raise IndexWriteError(
                f"{self.uri} cannot be written: {error}. What was stored is kept; try again."
            ) from error

    # -- fetching ---------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Bring the working copy up to date, unless a process of this machine is writing to it.

        Raises
        ------
        ObjectStoreError
            The store cannot be read.
        IndexFormatError
            Something else lies there.
        UsageError
            Decisions were changed here and there.
        """
        lock = self._copy.sync_lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if self._copy.is_being_written():
                self._known = self._copy.remembered()
                return
            lock.acquire()
        try:
            self._known = self._copy.remembered()
            self._fetch(set())
        finally:
            lock.release()

    def _fetch(self, new: set[str]) -> None:
        """Make the working copy what the store has; `new` may stay where that has nothing at all yet."""
        before = dict(self._known)
        with self.stored.explained():
            there = self.stored.listed()
            self.stored.require_index(there)
            there = self._downloaded(there)
            disagreement = self._disagreement(there.get(DECISIONS))
        for name, path in self._copy.files():
            kept = (name == DECISIONS and self._edited(name)) or (name in new and not there)
            if name not in there and not kept:
                path.unlink()
        known = {name: entry for name, entry in self._known.items() if name in there}
        if known != before:  # an erasure on another machine, or the end of the index there
            drop_prepared(self.folder)
        self._known = known
        self._copy.remember(self._known)
        if disagreement:
            raise disagreement

    def _downloaded(self, there: dict[str, ObjectInfo]) -> dict[str, ObjectInfo]:
        """Download what makes other files count, then what it counts on; gives all that was downloaded.

        Where an erasure replaces parts meanwhile, the marks that were read speak of files that are gone.
        """
        marks: dict[str, ObjectInfo] = {}
        for _ in range(_TRIES):
            marks = {name: found for name, found in there.items() if rank(name) == MARKS}
            self._download(marks)
            there = self.stored.listed()
            if all(there.get(name) == found for name, found in marks.items()):
                break
        rest = {name: found for name, found in there.items() if rank(name) != MARKS}
        self._download(rest)
        return rest | marks

    def _download(self, there: dict[str, ObjectInfo]) -> None:
        stale = [name for name, found in there.items() if self._is_stale(name, found)]
        stale = [name for name in stale if name != DECISIONS or not self._edited(name)]
        for folder in sorted({parent for name in stale for parent in Path(name).parents}):
            files.make_folder(self.folder / folder)
        if not stale:
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool, self.progress(len(stale)) as tell:
            fetched = pool.map(handed_over(lambda name: self._get(name, there[name])), stale)
            for name, now in zip(stale, fetched, strict=True):
                if now is not None:
                    self._known[name] = [there[name].tag, *now]
                tell(1)
        self._copy.remember(self._known)

    def _get(self, name: str, found: ObjectInfo) -> list[int] | None:
        content = self.stored.content(found)
        if content is None:
            return None
        files.write_bytes(self.folder / name, content)
        return self._copy.stamp(name)

    def distrust(self) -> None:
        """Fetch everything anew the next time: something here was found to be damaged."""
        self._known = {}
        self._copy.remember({})

    def _is_stale(self, name: str, found: ObjectInfo) -> bool:
        return self._known.get(name) != [found.tag, *(self._copy.stamp(name) or (None, None))]

    def _edited(self, name: str) -> bool:
        """Whether a file was changed here since it was fetched."""
        now = self._copy.stamp(name)
        return now is not None and self._known.get(name, [None])[1:] != now

    def _disagreement(self, there: ObjectInfo | None) -> UsageError | None:
        """What to say if decisions were changed here and there."""
        mine = self.folder / DECISIONS
        if there is None or not self._edited(DECISIONS) or self._known.get(DECISIONS, [None])[0] == there.tag:
            return None
        if self.stored.read(DECISIONS) == mine.read_bytes():
            return None
        return UsageError(
            f"{mine} and {self.uri}/{DECISIONS} were both changed since they were last the same; put what "
            "both say into the latter, and delete the former."
        )

    # -- storing ----------------------------------------------------------------------------------------

    def _store_in_order(self, changed: list[str], gone: list[str]) -> None:
        """Store and delete so that no reader finds a half; see `photoclust.index.remote.order`."""
        disagreement = None
        if DECISIONS in changed:
            disagreement = self._disagreement(self.stored.info(DECISIONS))
        if disagreement:
            changed = [name for name in changed if name != DECISIONS]
        for place in range(RANKS):
            self._all(self._put, [name for name in changed if rank(name) == place])
            if place in (DELETE_AFTER, MARKS):
                self._all(self._delete, [name for name in gone if delete_rank(name) == place])
        self._all(self._delete, [name for name in gone if name == JOURNAL])
        if disagreement:
            raise disagreement

    def _all(self, step: Callable[[str], None], names: list[str]) -> None:
        if not names:
            return
        assert self.lease is not None
        self.lease.require()
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(handed_over(step), names))
        finally:
            self._copy.remember(self._known)

    def _put(self, name: str) -> None:
        now = stamp(self.folder / name)
        tag = self.stored.put(
            name, (self.folder / name).read_bytes(), str(self._known.get(name, [None])[0] or "")
        )
        self._known[name] = [tag, *(now or ())]

    def _delete(self, name: str) -> None:
        self.stored.delete(name)
        self._known.pop(name, None)
