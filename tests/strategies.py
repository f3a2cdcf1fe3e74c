"""What property tests draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st

from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.decisions.file import Decisions
from photoclust.people.decisions.line import DRAW, KINDS, NAME, TWO_SIDED, Decision

START = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def albums(draw: st.DrawFn, least: int = 0, most: int = 40) -> VerifyInput:
    """Faces of some people in some photos, of which some are near-identical and some of low quality."""
    n, people, photos = draw(st.integers(least, most)), draw(st.integers(1, 6)), draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = rng.normal(size=(people, 55))[rng.integers(0, people, n)]
    rows = rows + draw(st.sampled_from([0.0, 0.01, 0.4, 0.8])) * rng.normal(size=rows.shape)
    corner = rng.uniform(0, 400, (n, 2))
    return VerifyInput(
        (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32),
        rng.choice([0.05, 0.5, 1.0], n).astype(np.float32),
        rng.integers(0, photos, n),
        np.concatenate([corner, corner + rng.uniform(5, 200, (n, 2))], axis=1).astype(np.float32),
    )


@st.composite
def decided(draw: st.DrawFn, n: int) -> Decisions:
    """What is said about n faces whose ids are their numbers."""
    sides = st.lists(st.integers(0, n - 1).map(str), min_size=1, max_size=5, unique=True).map(tuple)
    lines: list[Decision] = []
    for step in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from([one for one in KINDS if one != DRAW]))  # which needs a photo
        others = draw(sides) if kind in TWO_SIDED else ()
        value = draw(st.sampled_from(["Ada", "Bob", ""])) if kind == NAME else ""
        at = START + timedelta(seconds=step)
        lines.append(Decision(at, kind, draw(sides), others, value, line=step + 2))
    return Decisions(tuple(lines))
