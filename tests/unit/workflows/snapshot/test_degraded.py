"""Faces of photos degraded and embedded again."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from learnable_index import picture_index

from photoclust.workflows.context import Context
from photoclust.workflows.snapshot import degraded as module
from photoclust.workflows.snapshot.degraded import degraded_faces

CONTEXT = Context(lambda: nullcontext(None))


def test_a_face_each_of_some_people_is_degraded_four_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = picture_index(tmp_path, people=7, photos=2)
    rows, person = np.arange(14), np.repeat(np.arange(7), 2)
    assert degraded_faces(store, rows[:2], person[:2], 25, CONTEXT) is None  # 4 faces say nothing
    monkeypatch.setattr(module, "_LEAST", 24)

    found = degraded_faces(store, rows, person, 6, CONTEXT)

    assert found is not None
    assert len(found.vectors) == len(found.before) == 24
    assert (np.bincount(found.person) % 4 == 0).all()
    assert len(np.unique(found.person)) == 6
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-3)
    alike = found.vectors @ found.vectors.T
    same = (found.person[:, None] == found.person) & ~np.eye(24, dtype=bool)
    assert alike[same].mean() > alike[found.person[:, None] != found.person].mean() + 0.04
    own = {row.tobytes() for row in found.before}
    assert len(own) == 6  # made-up vectors of the index, each of the right face
    shutil.rmtree(tmp_path / "photos")
    assert degraded_faces(store, rows, person, 6, CONTEXT) is None
