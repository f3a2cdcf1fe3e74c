"""Corrections carried through: written down, then applied by grouping again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from photoclust.errors import NamesJoinedError
from photoclust.index.store import IndexStore
from photoclust.people.decisions.journal import Command
from photoclust.people.decisions.line import Decision
from photoclust.workflows.cluster import group
from photoclust.workflows.context import Context
from photoclust.workflows.people.correct import named_joined, take_back, write
from photoclust.workflows.people.people_index import Known, PeopleIndex

GROUPING_SECONDS = 15.0
"""How long a correction waits for another writer, as for the grouping that follows another correction."""

Decide = Callable[[PeopleIndex], list[Decision]]
"""Turns what a user says into decisions; see `photoclust.workflows.people.correct`."""


@dataclass(frozen=True)
class Noted:
    """What was written down, and the people as they were before.

    Attributes
    ----------
    before
        The people that it was said of.
    decisions
        What was said.
    """

    before: PeopleIndex
    decisions: list[Decision]


@dataclass(frozen=True)
class Applied:
    """What corrections came to.

    Attributes
    ----------
    after
        The people as they are now.
    moved
        Faces that changed their person.
    people
        How many people there are.
    problems
        Decisions that could not be applied, a sentence each.
    """

    after: PeopleIndex
    moved: int
    people: int
    problems: tuple[str, ...]


def note(store: IndexStore, decide: Decide, join_named: bool = False, known: Known | None = None) -> Noted:
    """Write decisions down; they hold at every grouping from now on.

    Parameters
    ----------
    store
        The index; nobody may hold its lock for long.
    decide
        Gives the decisions.
    join_named
        Whether two people who both have a name may become one.
    known
        What is in memory of a local index. The lock of the index is not waited for then: a grouping that is
        at work goes on without the decisions.

    Raises
    ------
    NamesJoinedError
        Two people with names would become one, and nobody said that it is meant.
    DecisionsError
        See `photoclust.workflows.people.correct.write`.
    """
    with nullcontext() if known else store.lock(GROUPING_SECONDS), store.deciding():
        before = PeopleIndex(store, known)
        decisions = decide(before)
        names = named_joined(before, decisions)
        if names and not join_named:
            raise NamesJoinedError(
                f"{' and '.join(map(repr, names))} both have a name and would become one person; nothing was "
                "changed.",
                python="If that is meant, say join_named=True.",
                cli="If that is meant, add --yes.",
            )
        write(store, before, decisions)
    return Noted(before, decisions)


def note_undo(
    store: IndexStore, how_many: int, redo: bool = False, known: Known | None = None
) -> tuple[PeopleIndex, list[Command]]:
    """Take back the last things that were said, or let them hold again; see `take_back`.

    Returns
    -------
    The people as they were before, and what no longer holds or holds again.
    """
    with nullcontext() if known else store.lock(GROUPING_SECONDS), store.deciding():
        before = PeopleIndex(store, known)
        return before, take_back(store, before, how_many, redo)


def apply(store: IndexStore, before: PeopleIndex, context: Context) -> Applied:
    """Group again with the settings in force; nobody may hold the index's lock."""
    report = group(store, before.config, context, patience=GROUPING_SECONDS)
    after = PeopleIndex(store)
    moved = len(before.person_of.items() - after.person_of.items())
    return Applied(after, moved, report.people, report.problems)
