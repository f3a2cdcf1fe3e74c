"""Faces that are nobody's: in rows by who they may be, the likeliest rows first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.types import Rows
from photoclust.workflows.review.people import PersonCard, card
from photoclust.workflows.review.view import IS_NO_FACE, IS_POOR, View

SHOWN_IN_A_ROW = 60
NO_FACES_SHOWN = 300


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
    """Some of the rows, and how many rows and faces there are in all.

    Attributes
    ----------
    no_faces
        Findings that were said to be no faces, the first `NO_FACES_SHOWN`.
    total_no_faces
        How many of them there are.
    """

    revision: str
    total: int
    faces: int
    rows: list[LeftRow]
    no_faces: list[LeftFace]
    total_no_faces: int


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
    rows = np.flatnonzero((view.person < 0) & view.there)
    likeliest = np.where((view.chance[rows] > 0) & (view.chance[rows] >= least), view.likeliest[rows], -1)
    alive = np.array([*(view.counts > 0), False])
    likeliest = np.where(alive[likeliest], likeliest, -1)
    order = np.lexsort((-view.chance[rows], view.status[rows] == IS_POOR, likeliest))
    starts = np.flatnonzero(np.diff(likeliest[order], prepend=-2))
    groups = [rows[one] for one in np.split(order, starts[1:]) if len(one)] if len(rows) else []
    places = likeliest[order][starts].tolist()
    ranked = sorted(zip(places, groups, strict=True), key=lambda one: _rank(view, *one))
    some = [_row(view, place, own) for place, own in ranked[offset : offset + limit]]
    none = np.flatnonzero(view.status == IS_NO_FACE)
    no_faces = [
        LeftFace(view.faces.ids[row], 0.0, _photo(view, row)) for row in none[:NO_FACES_SHOWN].tolist()
    ]
    return LeftOver(revision, len(ranked), len(rows), some, no_faces, len(none))


def _rank(view: View, place: int, rows: Rows) -> tuple[bool, float]:
    """Rows that are expected to put most faces right come first, faces like nobody last."""
    return place < 0, -float(view.chance[rows].sum())


def _row(view: View, place: int, rows: Rows) -> LeftRow:
    shown = [
        LeftFace(
            view.faces.ids[row],
            round(float(view.chance[row]), 4) if place >= 0 else 0.0,
            _photo(view, row),
        )
        for row in rows[:SHOWN_IN_A_ROW].tolist()
    ]
    return LeftRow(card(view, place) if place >= 0 else None, shown, len(rows))


def _photo(view: View, row: int) -> str:
    """Id of the photo of a face; ``""`` where it is no longer in the index."""
    photo = int(view.faces.photo[row])
    return view.faces.photos["photo_id"][photo].as_py() if photo >= 0 else ""
