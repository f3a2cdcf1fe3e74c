"""What may not meet in one group: two groups never join when one holds a token that the other bars.

Faces of one photo all hold and bar that photo. Of two sides that a decision keeps apart each holds what the
other bars. So one sparse product answers for any number of rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from photoclust.types import Doubles, Rows

_HOLDS, _BARS = 0, 1

Clash = Callable[[Rows, Rows], npt.NDArray[np.bool_]]
"""Tells for pairs of owners whether the left one holds what the right one bars."""


@dataclass(frozen=True)
class Exclusions:
    """Which items hold and bar which tokens.

    Whatever holds a token that another bars must itself bar a token that the other holds, so that it is
    enough to ask one way.

    Attributes
    ----------
    holders, held
        int64, shape (holds,) each: item ``holders[i]`` holds token ``held[i]``.
    barrers, barred
        int64, shape (bars,) each: item ``barrers[i]`` bars token ``barred[i]``.
    """

    holders: Rows
    held: Rows
    barrers: Rows
    barred: Rows

    @classmethod
    def none(cls) -> Exclusions:
        """Everything may meet."""
        return cls.once(np.zeros(0, np.int64), np.zeros(0, np.int64))

    @classmethod
    def once(cls, items: Rows, tokens: Rows) -> Exclusions:
        """Of all items with one token a group may have but one."""
        return cls(items, tokens, items, tokens)

    def also(self, other: Exclusions) -> Exclusions:
        """Both together; the tokens of `other` are numbered on."""
        first = 1 + max(self.held.max(initial=-1), self.barred.max(initial=-1))
        return Exclusions(
            np.r_[self.holders, other.holders],
            np.r_[self.held, other.held + first],
            np.r_[self.barrers, other.barrers],
            np.r_[self.barred, other.barred + first],
        )

    def among(self, rows: Rows, position: Rows) -> Exclusions:
        """What keeps some items apart, numbered anew.

        Parameters
        ----------
        rows
            int64: the items.
        position
            int64, shape (items,): new number of each of them; of the others anything.
        """
        holds, bars = np.isin(self.holders, rows), np.isin(self.barrers, rows)
        return Exclusions(
            position[self.holders[holds]], self.held[holds], position[self.barrers[bars]], self.barred[bars]
        )

    def clash(self, left_owner: Rows, left: Rows, right_owner: Rows, right: Rows) -> npt.NDArray[np.bool_]:
        """Tell for pairs of owners whether the left one holds what the right one bars.

        Parameters
        ----------
        left_owner, right_owner
            int64, shape (items,): owner of each item, as seen from the left and from the right; −1 for none.
        left, right
            int64, shape (pairs,): owners.

        Returns
        -------
        bool, shape (pairs,).
        """
        if not len(self.holders):
            return np.zeros(len(left), bool)
        owners = 1 + int(max(left_owner.max(), right_owner.max(), left.max(initial=0), right.max(initial=0)))
        return self.between(left_owner, right_owner, owners)(left, right)

    def between(self, left_owner: Rows, right_owner: Rows, owners: int) -> Clash:
        """What tells which pairs of `owners` owners `clash`, for many pairs, some at a time."""
        if not len(self.holders):
            return lambda left, _: np.zeros(len(left), bool)
        held = _Tokens.of(left_owner[self.holders], self.held, owners)
        barred = _Tokens.of(right_owner[self.barrers], self.barred, owners)
        return partial(_clash, held, barred)

    def late(self, owner: Rows, target: Rows, strength: Doubles) -> Rows:
        """Owners to hold back lest clashing ones meet in one target: of two that clash, the weaker.

        Parameters
        ----------
        owner
            int64, shape (items,): owner of each item.
        target
            int64, shape (owners,): where each owner goes; its own number where it stays.
        strength
            float64, shape (owners,).

        Returns
        -------
        int64: owners, sorted, each once.
        """
        entrant, token = owner[np.r_[self.holders, self.barrers]], np.r_[self.held, self.barred]
        side = np.repeat([_HOLDS, _BARS], [len(self.holders), len(self.barrers)])
        joined = np.unique(target[target != np.arange(len(target))])
        near = np.isin(target[entrant], joined)
        entrant, token, side = entrant[near], token[near], side[near]
        order = np.lexsort((entrant, -strength[entrant], token, target[entrant]))
        entrant, token, side = entrant[order], token[order], side[order]
        place, position = target[entrant], np.arange(len(order))
        begins = (np.diff(place, prepend=-1) != 0) | (np.diff(token, prepend=-1) != 0)
        starts, run = np.flatnonzero(begins), np.cumsum(begins) - 1
        if not len(starts):
            return starts
        first = [
            np.minimum.reduceat(np.where(side == which, position, len(order)), starts)[run]
            for which in (_HOLDS, _BARS)
        ]
        rival = np.where(side == _HOLDS, first[_BARS], first[_HOLDS])
        stronger = np.flatnonzero(rival < position)
        return np.unique(entrant[stronger[entrant[rival[stronger]] != entrant[stronger]]])


def _clash(held: _Tokens, barred: _Tokens, left: Rows, right: Rows) -> npt.NDArray[np.bool_]:
    clash, count = np.zeros(len(left), bool), (held.count, barred.count)
    both = np.flatnonzero((count[0] > 0)[left] & (count[1] > 0)[right])
    few = count[0][left[both]] <= count[1][right[both]]
    some, rest = both[few], both[~few]
    clash[some] = held.meet(left[some], barred, right[some])
    clash[rest] = barred.meet(right[rest], held, left[rest])
    return clash


@dataclass(frozen=True)
class _Tokens:
    """Tokens of some owners: those of owner i are ``token[first[i]:first[i + 1]]``, in order."""

    token: Rows
    first: Rows

    @classmethod
    def of(cls, owner: Rows, token: Rows, owners: int) -> _Tokens:
        """Of pairs of an owner, −1 for none, and a token."""
        owner, token = owner[owner >= 0], token[owner >= 0]
        order = np.lexsort((token, owner))
        return cls(token[order], np.searchsorted(owner[order], np.arange(owners + 1)))

    @property
    def count(self) -> Rows:
        """Number of tokens of each owner."""
        return np.diff(self.first)

    def meet(self, own: Rows, others: _Tokens, theirs: Rows) -> npt.NDArray[np.bool_]:
        """Tell for pairs of owners whether one has a token that the other has among `others`."""
        count = self.count[own]
        pair = np.repeat(np.arange(len(own)), count)
        place = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
        token = self.token[self.first[own[pair]] + place]
        found = np.zeros(len(own), bool)
        found[pair[others.holds(theirs[pair], token)]] = True
        return found

    def holds(self, owner: Rows, token: Rows) -> npt.NDArray[np.bool_]:
        """Tell for pairs of an owner and a token whether it has that one."""
        tokens = 1 + int(max(self.token.max(initial=0), token.max(initial=0)))
        known = np.repeat(np.arange(len(self.count)), self.count) * tokens + self.token
        wanted = owner * tokens + token
        place = np.searchsorted(known, wanted)
        return np.append(known, -1)[place] == wanted
