"""What a decision does to people at once, before the grouping that follows it has been made.

Only what the decision itself says: which other faces go along with it, the grouping tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from secrets import token_hex

import numpy as np

from photoclust.people.decisions.line import (
    COVER,
    DIFFERENT,
    IGNORE,
    MERGE,
    NAME,
    REJECT,
    SAME,
    SPLIT,
    UNDONE,
    Decision,
)
from photoclust.workflows.review.view import IS_MEMBER, IS_UNSURE, NOBODY, ShownPerson, View


def after(view: View, decisions: Sequence[Decision]) -> View:
    """The people as they are once some decisions hold, taken in their order."""
    if not decisions:
        return view
    changed = _Changed(view)
    apart = {frozenset(_sides(changed, one)) for one in decisions if one.kind == DIFFERENT}
    for one in decisions:
        changed.take(one, apart)
    return changed.view()


def concerned(view: View, decisions: Iterable[Decision]) -> set[str]:
    """Ids of the people whom decisions speak of."""
    rows = [
        view.faces.row_of[face]
        for one in decisions
        for face in (*one.faces, *one.others)
        if face in view.faces.row_of
    ]
    return {view.id_of(place) for place in np.unique(view.person[rows]).tolist()} - {""}


def _sides(changed: _Changed, decision: Decision) -> tuple[int, int]:
    return changed.who(decision.faces), changed.who(decision.others)


class _Changed:
    """The arrays of a view while decisions are applied to them."""

    def __init__(self, view: View) -> None:
        self.before = view
        self.people = list(view.people)
        self.person, self.status = view.person.copy(), view.status.copy()
        self.confidence = view.confidence.copy()
        self.successors = dict(view.successors)

    def view(self) -> View:
        """What has come of it."""
        return replace(
            self.before,
            people=tuple(self.people),
            person=self.person,
            status=self.status,
            confidence=self.confidence,
            successors=self.successors,
        )

    def rows(self, faces: Iterable[str]) -> list[int]:
        """Rows of the faces that are there."""
        row_of = self.before.faces.row_of
        return [row_of[face] for face in faces if face in row_of]

    def who(self, faces: Iterable[str]) -> int:
        """The person who has most of some faces."""
        owners = Counter(place for place in self.person[self.rows(faces)].tolist() if place >= 0)
        return owners.most_common(1)[0][0] if owners else NOBODY

    def take(self, decision: Decision, apart: set[frozenset[int]]) -> None:
        """Apply a decision."""
        whose, kind = self.who(decision.faces), decision.kind
        if kind == NAME and whose >= 0:
            self._name(whose, decision.value, apart)
        elif kind == MERGE:
            self._join(whose, self.who(decision.others))
        elif kind == SAME:
            self._put_together(decision)
        elif kind in (SPLIT, REJECT):
            self._take_out(decision)
        elif kind == IGNORE and whose >= 0:
            self.people[whose] = replace(self.people[whose], ignored=decision.value != UNDONE)
        elif kind == COVER and whose >= 0:
            self.people[whose] = replace(self.people[whose], cover=decision.faces[0])

    def _name(self, whose: int, name: str, apart: set[frozenset[int]]) -> None:
        self.people[whose] = replace(self.people[whose], name=name)
        for place, one in enumerate(self.people):
            if name and one.name == name and place != whose and frozenset((place, whose)) not in apart:
                self._join(place, whose)
                whose = place

    def _join(self, one: int, other: int) -> None:
        if min(one, other) < 0 or one == other:
            return
        self.person[self.person == other] = one
        name = self.people[one].name or self.people[other].name
        self.people[one] = replace(self.people[one], name=name)
        self.people[other] = replace(self.people[other], name="")
        self.successors[self.people[other].id] = self.people[one].id

    def _put_together(self, decision: Decision) -> None:
        target = self.who(decision.others or decision.faces)
        self._give(self.rows(decision.faces), self._somebody() if target < 0 else target)

    def _take_out(self, decision: Decision) -> None:
        taken_for = self.who(decision.others)
        rows = [row for row in self.rows(decision.faces) if self.person[row] == taken_for >= 0]
        if decision.kind == SPLIT and rows:
            self._give(rows, self._somebody())
        else:
            self.person[rows], self.status[rows], self.confidence[rows] = NOBODY, IS_UNSURE, 0.0

    def _give(self, rows: list[int], place: int) -> None:
        self.person[rows], self.status[rows], self.confidence[rows] = place, IS_MEMBER, 1.0

    def _somebody(self) -> int:
        """Somebody new; the grouping will give them an id that lasts."""
        number = max((one.number for one in self.people), default=0) + 1
        self.people.append(ShownPerson(token_hex(8), "", number, False, ""))
        return len(self.people) - 1
