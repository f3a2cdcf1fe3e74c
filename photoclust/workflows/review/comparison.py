"""What became of people from one view to another."""

from __future__ import annotations

import numpy as np

from photoclust.workflows.review.view import View


def successors_of(before: View, now: View) -> dict[str, str]:
    """Who has most of the faces of each person who is no longer there; somebody pulled out has another id."""
    found: dict[str, str] = {}
    for place, one in enumerate(before.people):
        if before.counts[place] and one.id not in now.place_of:
            owners = now.person[before.rows_of(place)]
            owners = owners[owners >= 0]
            if len(owners):
                found[one.id] = now.id_of(int(np.bincount(owners).argmax()))
    return found


def differing(before: View, after: View) -> set[str]:
    """Ids of the people who are not the same in two views of the same faces."""
    place = {one.id: number for number, one in enumerate(after.people)}
    moved = np.array([*(place.get(one.id, -2) for one in before.people), -1])
    rows = np.flatnonzero(moved[before.person] != after.person)
    places = ((before, before.person[rows]), (after, after.person[rows]))
    found = {view.id_of(place) for view, own in places for place in np.unique(own).tolist()}
    called = {one.id: (one.name, one.ignored) for one in before.people}
    renamed = {one.id for one in after.people if called.get(one.id) != (one.name, one.ignored)}
    return (found | renamed) - {""}
