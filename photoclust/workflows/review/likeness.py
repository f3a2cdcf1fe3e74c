"""How alike faces and people look: order within a person, and who is nearest."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.index.prepared import FOLDER
from photoclust.index.store import IndexStore
from photoclust.types import Floats, Rows
from photoclust.workflows.review.stored import StoredFaces
from photoclust.workflows.review.view import View

NEAR = 8


class Likeness:
    """Embeddings of the n faces of an index, in a file that is mapped, and the templates of people."""

    def __init__(self, store: IndexStore, faces: StoredFaces) -> None:
        self.stamp = faces.stamp
        self._rows = _embeddings(store, faces)
        self._templates: tuple[View, Floats] | None = None

    def templates(self, view: View) -> Floats:
        """float32, shape (people, d): unit mean of each of the people of a view."""
        if self._templates is None or self._templates[0] is not view:
            self._templates = view, _means(self._rows, view)
        return self._templates[1]

    def near(self, view: View, place: int) -> list[tuple[int, float | None]]:
        """Who looks most like a person, and how likely it is that they are one, where that is known."""
        templates = self.templates(view)
        alike = templates @ templates[place]
        alike[[place, *np.flatnonzero(view.counts == 0)]] = -np.inf
        best = [int(other) for other in np.argsort(-alike)[:NEAR] if np.isfinite(alike[other])]
        one = view.people[place]
        return [(p, one.nearest_chance if view.people[p].id == one.nearest else None) for p in best]

    def order(self, rows: Rows) -> Rows:
        """Places of some faces so that each is like the one before it, beginning with the most typical."""
        own = np.asarray(self._rows[rows], np.float32)
        typical = own @ own.mean(axis=0)
        return _chain(own, int(np.argmax(typical))) if len(rows) <= 3000 else np.argsort(-typical)


def _embeddings(store: IndexStore, faces: StoredFaces) -> npt.NDArray[Any]:
    """float, shape (n, d): as the last grouping kept them, or as they are stored."""
    kept = store.folder / FOLDER / "weighed.npy"
    try:
        found = np.load(kept, mmap_mode="r")
        if len(found) == len(faces):
            return found[:, :-1]
    except (OSError, ValueError):
        pass
    stored: npt.NDArray[Any] | None = None
    for rows, values in store.column("embedding", faces.table["face_id"]):
        own = values.flatten().to_numpy(zero_copy_only=False).reshape(len(rows), -1)
        if stored is None:
            stored = np.zeros((len(faces), own.shape[1]), np.float16)
        stored[rows] = own
    return np.zeros((len(faces), 1), np.float16) if stored is None else stored


def _means(rows: npt.NDArray[Any], view: View) -> Floats:
    sums = np.zeros((len(view.people), rows.shape[1]), np.float32)
    for place in range(len(view.people)):
        own = view.rows_of(place)
        if len(own):
            sums[place] = rows[own].astype(np.float32).sum(axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.maximum(lengths, 1e-9)


def _chain(rows: Floats, first: int) -> Rows:
    """Nearest neighbour after nearest neighbour."""
    alike = rows @ rows.T
    order, left = [first], np.ones(len(rows), bool)
    left[first] = False
    for _ in range(len(rows) - 1):
        after = np.where(left, alike[order[-1]], -np.inf)
        order.append(int(np.argmax(after)))
        left[order[-1]] = False
    return np.array(order, np.int64)
