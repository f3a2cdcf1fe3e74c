"""How much evidence joining two groups needs among so many people."""

from __future__ import annotations

import numpy as np

from photoclust.people.calibration.evidence import Calibration
from photoclust.types import Doubles

# Chosen on half of the people of ``benchmarks/shapes.py``, with the constants of `context`; between the last
# three pairs of them by all of the people.
_GROUP, _GROWTH = -0.1, 0.55  # evidence between groups besides -ln(rate), and for each unit of ln(faces)


def people_like(faces: float, own: Doubles) -> Doubles:
    """How many people with so many photos there is room for in a collection; 1 or more.

    Parameters
    ----------
    faces
        Faces in the collection.
    own
        float64, shape (n,): faces of each of some groups.
    """
    return np.maximum(1, faces / own)


def required_evidence(people: Doubles, calibration: Calibration, false_join_rate: float) -> Doubles:
    """Least log-likelihood ratio that joins two groups, among so many people.

    A person is compared with every other, so that a false match rate of `false_join_rate` / people keeps the
    chance that somebody is falsely joined to anybody below the rate, however large the collection. Which
    evidence that takes, `Calibration.evidence_at` has from measurement: on small collections less than the
    ln(people / rate) that would do were nothing known but the model (Markov's inequality).

    People are counted with the eyes of the larger of the two groups, see `people_like`: a face is that
    person's with the probability that their share of the collection is, before anything is known of it. So a
    hundred faces of five people ask for less than a hundred of ninety, and a face is sooner taken for one of
    somebody who is everywhere than for one of a passer-by. One number for the whole collection will not do:
    with the inverse Simpson index, (Σ n)² / Σ n², a single large group makes all others careless, and among
    200,000 strangers pairwise F of LFW's development people fell to 0.76 where it now stays at 0.96
    (``benchmarks/distractors.py``). Evidence below 0 speaks against, and joins nobody at any rate.
    """
    return np.maximum(0.0, calibration.evidence_at(false_join_rate / people))


def evidence_for_groups(faces: float, false_join_rate: float) -> float:
    """Evidence that joins two groups near nobody, among so many faces."""
    return _GROUP + _GROWTH * np.log(max(1.0, faces)) - np.log(false_join_rate)
