"""What decisions say about which faces there are, as it is shown: at once, and before it is grouped by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from photoclust.index.store import IndexStore
from photoclust.index.successors import reached, read_successors
from photoclust.people.decisions.file import Decisions, read_decisions
from photoclust.people.decisions.line import NAME, SAME
from photoclust.people.decisions.which_faces import DrawnFace
from photoclust.workflows.review.view import (
    IS_NO_FACE,
    IS_TAKEN_BACK,
    IS_UNSURE,
    NOBODY,
    View,
    WaitingFace,
)


def as_decided(view: View, store: IndexStore) -> View:
    """The people without findings that are no faces; with what was drawn and is not in the index yet."""
    said = store.which_faces()
    status = np.where(view.status >= IS_NO_FACE, IS_UNSURE, view.status)
    row_of = view.faces.row_of
    kept = [row_of[face] for face in said.drawn if face in row_of]
    gone = np.flatnonzero(view.faces.drawn)
    status[gone[~np.isin(gone, kept)]] = IS_TAKEN_BACK
    status[[row_of[face] for face in said.not_faces if face in row_of]] = IS_NO_FACE
    waiting = [one for face, one in said.drawn.items() if face not in row_of and face not in said.not_faces]
    successors = read_successors(store.folder) if waiting else {}
    waiting = [one for one in waiting if row_of.keys().isdisjoint(reached(one.face_id, successors))]
    if np.array_equal(status, view.status) and not waiting and not view.waiting:
        return view
    left_out = status >= IS_NO_FACE
    return replace(
        view,
        status=status,
        person=np.where(left_out, NOBODY, view.person),
        confidence=np.where(left_out, np.float32(0), view.confidence),
        waiting=_waiting(view, waiting, read_decisions(store.decisions_text())) if waiting else {},
    )


def _waiting(view: View, drawn: list[DrawnFace], decisions: Decisions) -> Mapping[str, WaitingFace]:
    called = {one.face_id: "" for one in drawn}
    for line in decisions.lines:
        own = called.keys() & {*line.faces}
        if own and line.kind in (NAME, SAME):
            rows = [view.faces.row_of[face] for face in line.others if face in view.faces.row_of]
            places = view.person[rows]
            whose = view.called[int(places[places >= 0][0])] if (places >= 0).any() else ""
            called |= dict.fromkeys(own, line.value if line.kind == NAME else whose)
    return {one.face_id: WaitingFace(one.photo_id, one.box, called[one.face_id]) for one in drawn}
