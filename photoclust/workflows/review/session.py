"""An index that is looked at and corrected from several places at once.

A `ReviewSession` shows one `View` after another, each with a revision. Who says something names the revision
that they looked at: if a person that it is about has changed since, they are told, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import RLock
from typing import Any

from photoclust.errors import IndexMissingError, StaleViewError, UsageError
from photoclust.index.prepared import stamp_of
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.decisions.journal import in_words
from photoclust.people.decisions.line import Decision
from photoclust.workflows.people.apply import note, note_undo
from photoclust.workflows.people.log import LogEntry, log, words_of
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.review.comparison import differing, successors_of
from photoclust.workflows.review.decided import as_decided
from photoclust.workflows.review.photos import place_to_draw
from photoclust.workflows.review.request import Said
from photoclust.workflows.review.revisions import Revisions
from photoclust.workflows.review.saying import after, concerned
from photoclust.workflows.review.stored import StoredFaces
from photoclust.workflows.review.view import View

_OF_IDS = ("_identities", "_numbers", "_owners")


@dataclass(frozen=True)
class Told:
    """What came of something that was said.

    Attributes
    ----------
    said
        It in words.
    revision
        Of the people as they are shown now.
    people
        Ids of those it was about, as far as they are still shown; somebody new is the last.
    shown
        Whether it is shown already; else it is once the faces have been grouped.
    """

    said: str
    revision: str
    people: tuple[str, ...]
    shown: bool = True


class ReviewSession:
    """An index in memory.

    Parameters
    ----------
    store
        An index in a folder of this machine.
    changed
        Called, in whichever thread, when another view is shown.

    Raises
    ------
    IndexMissingError
        Nobody has grouped the faces yet.
    """

    def __init__(self, store: IndexStore, changed: Callable[[], None] = lambda: None) -> None:
        self.store, self._changed = store, changed
        self._lock = RLock()
        self._revisions = Revisions()
        self._pending: list[Decision] = []
        self._decisions_seen = self._decisions_stamp()
        self.stale_grouping = self._decisions_newer()
        self._grouped = View.of(StoredFaces.read(store), _clustering(store))
        self._view = self._after(self._grouped, ())
        self._log: tuple[str, tuple[LogEntry, ...]] = "", ()
        self._told: tuple[str, dict[str, Any]] = "", {}  # what the ids of a grouping are called by

    # -- looking ----------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The people as they are shown."""
        return self._view

    @property
    def revision(self) -> str:
        """Which view that is."""
        return self._revisions.current

    @property
    def pending(self) -> int:
        """Decisions that are not grouped by yet; 1 at least where others may have been written elsewhere."""
        return len(self._pending) or int(self.stale_grouping)

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """Everything that was said, the latest first."""
        with self._lock:
            stamp = f"{self._decisions_stamp()} {self.revision}"
            if self._log[0] != stamp:
                index = PeopleIndex(self.store, self._view.known)
                run_id = self._view.clustering.run_id
                if self._told[0] == run_id:
                    vars(index).update(self._told[1])
                self._log = stamp, tuple(log(index))
                self._told = run_id, {name: vars(index)[name] for name in _OF_IDS if name in vars(index)}
            return self._log[1]

    def undoable(self) -> LogEntry | None:
        """What would be taken back next."""
        return next((entry for entry in self.log if not entry.taken_back), None)

    def redoable(self) -> LogEntry | None:
        """What would hold again next: of the things taken back after the last that holds the first."""
        found: LogEntry | None = None
        for entry in self.log:
            if not entry.taken_back:
                break
            found = entry
        return found

    # -- saying -----------------------------------------------------------------------------------------

    def say(self, said: Said) -> Told:
        """Write something down, and show what follows from it at once.

        Raises
        ------
        StaleViewError
            Somebody it is about has changed since.
        NamesJoinedError
            Two people with names would become one, and ``join_named`` does not say that it is meant.
        UsageError
            It cannot be said so.
        """
        with self._lock:
            self.catch_up()
            before = self._view
            said = replace(said, people=tuple(map(before.current, said.people)))
            self._revisions.require_unchanged(said.revision, self._about(said))
            where = place_to_draw(before, said.photo) if said.kind == "draw" else None
            decide = partial(said.decisions, where=where)
            noted = note(self.store, decide, said.join_named, before.known)
            self._decisions_seen = self._decisions_stamp()
            self._pending += noted.decisions
            self._show(self._after(before, noted.decisions), concerned(before, noted.decisions))
            people = self._still_there(before, noted.decisions)
            return Told(in_words(noted.decisions, noted.before.called_of), self.revision, people)

    def take_back(self, at: str, redo: bool = False) -> Told:
        """Take back what was said last, or let what was taken back last hold again.

        Parameters
        ----------
        at
            When that was said (`LogEntry.at` in ISO 8601), so that nobody takes back what they do not see.
        redo
            Whether it is to hold again.

        Raises
        ------
        StaleViewError
            Something else was said, or taken back, meanwhile.
        UsageError
            There is nothing to take back.
        """
        with self._lock:
            self.catch_up()
            entry = self.redoable() if redo else self.undoable()
            if entry is None:
                raise UsageError(f"There is nothing to {'do again' if redo else 'take back'}.")
            if at != entry.at.isoformat():
                raise StaleViewError(
                    f"Something else was said meanwhile: {entry.said}. Look whether you still want this."
                )
            before = self._view
            index, commands = note_undo(self.store, 1, redo, before.known)
            self._decisions_seen = self._decisions_stamp()
            lines = [line for command in commands for line in command.lines]
            shown = self._show_taken_back(lines, redo)
            text = "; ".join(words_of(index, commands))
            return Told(text, self.revision, self._still_there(before, lines), shown)

    def _show_taken_back(self, lines: Sequence[Decision], redo: bool) -> bool:
        """Show what no longer holds, or holds again; tell whether that could be shown."""
        before = self._view
        if redo:
            self._pending += lines
            self._show(self._after(before, lines), concerned(before, lines))
            return True
        said = {_content(line) for line in lines}
        left = [line for line in self._pending if _content(line) not in said]
        shown = len(left) == len(self._pending) - len(lines)
        self.stale_grouping = True  # a grouping that is at work may follow what holds no longer
        self._pending = left
        now = self._after(self._grouped, left)
        self._show(now, concerned(before, lines) | concerned(now, lines))
        return shown

    def _after(self, view: View, decisions: Sequence[Decision]) -> View:
        """The people once some decisions hold, and with all that is said of which faces there are."""
        return as_decided(after(view, decisions), self.store)

    def _about(self, said: Said) -> set[str]:
        view = self._view
        rows = [view.faces.row_of[face] for face in said.faces if face in view.faces.row_of]
        return {*said.people, *(view.id_of(place) for place in view.person[rows].tolist())} - {""}

    def _still_there(self, before: View, decisions: Sequence[Decision]) -> tuple[str, ...]:
        view = self._view
        now = concerned(view, decisions)
        new = [one.id for one in view.people[len(before.people) :] if one.id in now]
        return (*sorted(now.difference(new)), *new)

    def _show(self, view: View, changed: Iterable[str] | None) -> None:
        self._view = view
        self._revisions.add(changed)
        self._changed()

    # -- what happens elsewhere -------------------------------------------------------------------------

    def catch_up(self) -> bool:
        """Read what others have written since; tell whether there was anything."""
        with self._lock:
            stamp = self._decisions_stamp()
            decided = stamp != self._decisions_seen
            self._decisions_seen = stamp
            self.stale_grouping |= decided
            regrouped = self._read_again()
            return decided or regrouped

    def begin_grouping(self) -> tuple[Decision, ...]:
        """What is said by now, which a grouping that begins now follows."""
        with self._lock:
            self.stale_grouping = False
            return tuple(self._pending)

    def grouped(self, done: Collection[Decision]) -> None:
        """Show the grouping that followed some of the pending decisions."""
        found = self._stored()  # which takes a while; what is said meanwhile does not wait
        with self._lock:
            self._pending = [line for line in self._pending if all(line is not one for one in done)]
            if found is not self._grouped or done:
                self._take(found)

    def _read_again(self) -> bool:
        found = self._stored()
        if found is self._grouped:
            return False
        self._take(found)
        return True

    def _stored(self) -> View:
        """The grouping in force; the one that is known, where that is it."""
        known, folder = self._grouped, self.store.folder
        moved = stamp_of(folder, "photos", "faces") != known.faces.stamp
        same_run = self.store.clusterings.current() == known.clustering.run_id
        if same_run and not moved:
            return known
        clustering = known.clustering if same_run else _clustering(self.store)
        return View.of(StoredFaces.read(self.store) if moved else known.faces, clustering)

    def _take(self, grouped: View) -> None:
        moved = grouped.faces is not self._grouped.faces
        self._grouped = grouped
        before, now = self._view, self._after(grouped, self._pending)
        if moved:
            self._show(now, None)
        else:
            successors = {**before.successors, **now.successors, **successors_of(before, now)}
            self._show(replace(now, successors=successors), differing(before, now))

    def _decisions_stamp(self) -> tuple[int, int]:
        try:
            found = self.store.decisions_file.stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size

    def _decisions_newer(self) -> bool:
        """Tell whether something was said after the grouping in force was made."""
        pointer = self.store.clusterings.pointer
        return pointer.is_file() and self._decisions_seen[0] > pointer.stat().st_mtime_ns


def _clustering(store: IndexStore) -> Clustering:
    found = store.current_clustering()
    if found is None:
        raise IndexMissingError(
            f"{store.called} has no people yet.",
            python="Make them with Index.group.",
            cli=f"Make them with `photoclust cluster --index {store.called}`.",
        )
    return found


def _content(line: Decision) -> Decision:
    """A decision whenever it was taken, wherever it stands."""
    return replace(line, at=line.at.min.replace(tzinfo=line.at.tzinfo), line=0)
