"""What property tests draw."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from photoclust.people.verify import VerifyInput


@st.composite
def albums(draw: st.DrawFn, least: int = 0) -> VerifyInput:
    """Faces of some people in some photos, of which some are near-identical and some of low quality."""
    n, people, photos = draw(st.integers(least, 40)), draw(st.integers(1, 6)), draw(st.integers(1, 30))
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
