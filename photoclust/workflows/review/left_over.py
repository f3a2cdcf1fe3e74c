"""Faces that are nobody's: in rows by who they may be, the likeliest rows first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.types import Rows
from photoclust.workflows.review.people import PersonCard, card
from photoclust.workflows.review.view import IS_POOR, View

SHOWN_IN_A_ROW = 60


@dataclass(frozen=True)
class LeftFace:
    """A face that is nobody's, and how likely it is, in [0, 1], that it is who its row says."""

    id: str
    chance: float
    photo: str


@dataclass(frozen=True)
class LeftRow:
    """Faces that may be one person's, the likeliest first.

    Attributes
    ----------
    person
        Whose they may be; None for faces that are like nobody.
    faces
        At most `SHOWN_IN_A_ROW` of them.
    total
        How many there are.
    """

    person: PersonCard | None
    faces: list[LeftFace]
    total: int


@dataclass(frozen=True)
class LeftOver:
    """Some of the rows, and how many rows and faces there are in all."""

    revision: str
    total: int
    faces: int
    rows: list[LeftRow]


def left_over(view: View, revision: str, offset: int, limit: int, least: float = 0.0) -> LeftOver:
    """Rows of faces that are nobody's.

    Parameters
    ----------
    view, revision
        The people.
    offset, limit
        Which rows.
    least
        Least chance, in [0, 1], of a face that is put into somebody's row.
    """
    rows = np.flatnonzero(view.person < 0)
    likeliest = np.where((view.chance[rows] > 0) & (view.chance[rows] >= least), view.likeliest[rows], -1)
    alive = np.array([*(view.counts > 0), False])
    likeliest = np.where(alive[likeliest], likeliest, -1)
    order = np.lexsort((-view.chance[rows], view.status[rows] == IS_POOR, likeliest))
    starts = np.flatnonzero(np.diff(likeliest[order], prepend=-2))
    groups = [rows[one] for one in np.split(order, starts[1:]) if len(one)] if len(rows) else []
    places = likeliest[order][starts].tolist()
    ranked = sorted(zip(places, groups, strict=True), key=lambda one: _rank(view, *one))
    some = [_row(view, place, own) for place, own in ranked[offset : offset + limit]]
    return LeftOver(revision, len(ranked), len(rows), some)


def _rank(view: View, place: int, rows: Rows) -> tuple[bool, float]:
    """Rows that are expected to put most faces right come first, faces like nobody last."""
    return place < 0, -float(view.chance[rows].sum())


def _row(view: View, place: int, rows: Rows) -> LeftRow:
    photos = view.faces.photos["photo_id"]
    shown = [
        LeftFace(
            view.faces.ids[row],
            round(float(view.chance[row]), 4) if place >= 0 else 0.0,
            photos[int(view.faces.photo[row])].as_py() if view.faces.photo[row] >= 0 else "",
        )
        for row in rows[:SHOWN_IN_A_ROW].tolist()
    ]
    return LeftRow(card(view, place) if place >= 0 else None, shown, len(rows))
