"""What the endpoints share: the index in memory, processes beside the server, and who is told of changes."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from photoclust.errors import EngineError, IndexLockedError, PhotoclustError
from photoclust.index.store import IndexStore
from photoclust.people.identity.changes import Change
from photoclust.review import work
from photoclust.review.questions import Questions
from photoclust.workflows.people.log import LogEntry
from photoclust.workflows.review import people as showing
from photoclust.workflows.review.likeness import Likeness
from photoclust.workflows.review.session import ReviewSession
from photoclust.workflows.review.thumbnails import Thumbnails
from photoclust.workflows.status import IndexStatus, status

SETTLED_SECONDS = 0.3
"""How long nothing is said before faces are grouped, so that several corrections are grouped by at once."""

POLL_SECONDS = 1.0
_AGAIN_SECONDS = 3.0
_CHANGES_SHOWN = 50


@dataclass(frozen=True)
class GroupingState:
    """How far the grouping is.

    Attributes
    ----------
    state
        ``idle``, ``running``, ``waiting`` (another photoclust is writing) or ``failed``.
    text
        What went wrong, or what could not be done.
    number
        Groupings since the server was started.
    moved
        Faces that changed their person by the last one.
    changes
        What became of people by it, the first fifty.
    """

    state: str = "idle"
    text: str = ""
    number: int = 0
    moved: int = 0
    changes: list[Change] = field(default_factory=list[Change])


@dataclass(frozen=True)
class Step:
    """Something that was said: when, and in words."""

    at: str
    said: str


@dataclass(frozen=True)
class State:
    """What every page shows: which revision there is, what can be taken back, how far the grouping is."""

    index: str
    revision: str
    pending: int
    undo: Step | None
    redo: Step | None
    grouping: GroupingState


class Service:
    """An index that is served.

    Parameters
    ----------
    store
        An index in a folder of this machine.
    enrolled_photos
        Folder for photos of people who are enrolled; None where nobody can be.
    """

    def __init__(self, store: IndexStore, enrolled_photos: Path | None = None) -> None:
        self.store, self.enrolled_photos = store, enrolled_photos
        self.folder = str(store.folder)
        self.grouping = GroupingState()
        self.session = ReviewSession(store, self.tell)
        self.questions = Questions(self.session, self.beside, self.tell)
        self._thumbnails: Thumbnails | None = None
        self._likeness: Likeness | None = None
        self._held: tuple[tuple[str, str], IndexStatus] | None = None
        self._reading = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self.ending = asyncio.Event()
        self._kept: ProcessPoolExecutor | None = None
        self._pools: set[ProcessPoolExecutor] = set()

    # -- what is read when it is looked at ----------------------------------------------------------------

    def thumbnails(self) -> Thumbnails:
        """Thumbnails of the faces that are shown."""
        faces = self.session.view.faces
        with self._reading:
            if self._thumbnails is None or self._thumbnails.stamp != faces.stamp:
                self._thumbnails = Thumbnails(self.store, faces)
            return self._thumbnails

    def likeness(self) -> Likeness:
        """How alike the faces that are shown look."""
        faces = self.session.view.faces
        with self._reading:
            if self._likeness is None or self._likeness.stamp != faces.stamp:
                self._likeness = Likeness(self.store, faces)
            return self._likeness

    def held(self) -> IndexStatus:
        """What the index holds."""
        view = self.session.view
        key = view.faces.stamp, view.clustering.run_id
        if self._held is None or self._held[0] != key:
            self._held = key, status(self.store)
        return self._held[1]

    def _read_ahead(self) -> None:
        with suppress(PhotoclustError, OSError, ValueError, IndexError):
            view = self.session.view
            showing.card(view, view.ranked[0])
            self.thumbnails().read_all()
            self.likeness().templates(view)

    # -- telling ----------------------------------------------------------------------------------------

    def state(self) -> State:
        """What every page shows."""
        session = self.session
        undo, redo = session.undoable(), session.redoable()
        called = self.store.folder.absolute().name
        return State(called, session.revision, session.pending, _step(undo), _step(redo), self.grouping)

    def tell(self) -> None:
        """Let everybody who listens know, from any thread, that something has changed."""
        loop = getattr(self, "_loop", None)
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def states(self) -> AsyncIterator[State]:
        """What every page shows, now and whenever it has changed."""
        while not self.ending.is_set():
            changed = self._changed
            yield await asyncio.to_thread(self.state)
            waiting = [asyncio.create_task(event.wait()) for event in (changed, self.ending)]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in waiting:
                one.cancel()

    # -- in the background ------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Group when something was said, and notice what others write, as long as the server runs."""
        self._loop = asyncio.get_running_loop()
        Thread(target=self._read_ahead, daemon=True).start()
        tasks = [asyncio.create_task(job()) for job in (self._look_around, self._keep_grouped)]
        try:
            yield
        finally:
            self.ending.set()
            for task in tasks:
                task.cancel()
            for pool in self._pools:
                _end(pool)

    async def beside(self, call: Callable[..., Any], *arguments: Any, keep: bool = False) -> Any:
        """Run something in a process beside the server.

        It ends afterwards, and its memory with it; with `keep` it stays for what is asked next, with the
        models that it has loaded.
        """
        pool = self._kept if keep and self._kept else _process()
        self._pools.add(pool)
        if keep:
            self._kept = pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, call, *arguments)
        except BrokenProcessPool as error:
            self._kept = None if pool is self._kept else self._kept
            raise EngineError("A process of photoclust was killed, perhaps for want of memory.") from error
        finally:
            if pool is not self._kept:
                self._pools.discard(pool)
                pool.shutdown(wait=False)

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            with suppress(PhotoclustError, OSError):
                await asyncio.to_thread(self.session.catch_up)

    async def _keep_grouped(self) -> None:
        while True:
            changed = self._changed
            if not self.session.pending:
                await changed.wait()
                continue
            if self.grouping.state == "idle":
                await asyncio.sleep(SETTLED_SECONDS)
            await self._group()

    async def _group(self) -> None:
        done = self.session.begin_grouping()
        self._say("running")
        try:
            found: work.Regrouped = await self.beside(work.regroup, self.folder)
        except IndexLockedError as error:
            self.session.stale_grouping = True
            self._say("waiting", str(error))
            await asyncio.sleep(_AGAIN_SECONDS)
            return
        except Exception as error:  # whatever it is, the page says so, and the server lives
            self._say("failed", str(error))
            await self._changed.wait()
            return
        await asyncio.to_thread(self.session.grouped, done)
        self.grouping = GroupingState(
            "idle",
            " ".join(found.problems),
            self.grouping.number + 1,
            found.moved,
            list(found.changes[:_CHANGES_SHOWN]),
        )
        self.tell()

    def _say(self, state: str, text: str = "") -> None:
        last = self.grouping
        self.grouping = GroupingState(state, text, last.number, last.moved, last.changes)
        self.tell()


def _step(entry: LogEntry | None) -> Step | None:
    return None if entry is None else Step(entry.at.isoformat(), entry.said)


def _process() -> ProcessPoolExecutor:
    """One process beside this one."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=work.begin)


def _end(pool: ProcessPoolExecutor) -> None:
    """End a process at once: whatever it writes is whole or not there."""
    running = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in running:
        process.terminate()
