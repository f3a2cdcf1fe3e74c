"""Which view of the people somebody looked at, and who has changed since."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from secrets import token_hex

from photoclust.errors import StaleViewError

REMEMBERED = 1000
"""Changes that are remembered: who looked at people before them is told to look again."""


@dataclass(frozen=True)
class Change:
    """A revision, and the people whom it has changed; None for all of them."""

    number: int
    people: frozenset[str] | None


class Revisions:
    """The revisions of a view, one after another; those of another process are none of them."""

    def __init__(self) -> None:
        self._mark, self._number = token_hex(4), 0
        self._changes: deque[Change] = deque(maxlen=REMEMBERED)

    @property
    def current(self) -> str:
        """The revision of the view that is shown."""
        return f"{self._mark}.{self._number}"

    def add(self, changed: Iterable[str] | None) -> None:
        """Go on to the next revision, with the ids of the people who changed; None for all of them."""
        self._number += 1
        self._changes.append(Change(self._number, None if changed is None else frozenset(changed)))

    def require_unchanged(self, revision: str, people: Collection[str]) -> None:
        """See to it that no person of these ids has changed since a revision; ``""`` asks for nothing.

        Raises
        ------
        StaleViewError
            Somebody has changed, or may have: too much has happened since.
        """
        mark, _, number = revision.partition(".")
        changed = self._changed_since(int(number)) if mark == self._mark and number.isdigit() else None
        if revision and (changed is None or not changed.isdisjoint(people)):
            raise StaleViewError(
                "Nothing was changed: what you see here is no longer so. Somebody else, another tab or the "
                "grouping has changed it meanwhile. Look again."
            )

    def _changed_since(self, number: int) -> set[str] | None:
        """People who have changed after a revision; None where it is not known who has."""
        later = [change for change in self._changes if change.number > number]
        if len(later) < self._number - number or any(change.people is None for change in later):
            return None
        return {person for change in later for person in change.people or ()}
