"""Evidence of two groups: how alike they are, how much their photos vary, how large they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.spread import Side, SpreadModel, dots

KNOWN = calibration_of("casia-webface")
MODEL = KNOWN.weighed


def side(count: float, power: float, hubness: float = 0.0) -> Side:
    return Side(*(np.array([value]) for value in (count, power, hubness)))


def group(count: int, similarity: float) -> Side:
    """Faces that are all so similar to one another."""
    return side(count, similarity + (1 - similarity) / count)


def evidence(a: Side, b: Side, cosine: float, model: SpreadModel = MODEL) -> float:
    return float(model.evidence(a, b, cosine * np.sqrt(a.power * b.power))[0])


def test_two_tight_groups_so_far_apart_are_two_people_and_a_varied_one_with_its_fragment_is_one() -> None:
    """Two heads of government, 0.61 alike, were one person; a man's 504 and 26 photos, 0.91, were two."""
    assert evidence(side(60, 0.81), side(32, 0.88), 0.61) < 0
    assert evidence(side(504, 0.75), side(26, 0.75), 0.91) > np.log(1e6)
    assert evidence(side(60, 0.85), side(32, 0.88), 0.65) < 0 < evidence(side(60, 0.6), side(32, 0.6), 0.65)


def test_of_single_faces_only_similarity_counts() -> None:
    found = [evidence(side(1, 1), side(1, 1), cosine) for cosine in (0.2, 0.4, 0.6, 0.8)]
    assert found == sorted(found)
    assert found[0] < 0 < found[-1]


def test_who_resembles_strangers_needs_to_be_more_similar() -> None:
    assert evidence(side(1, 1, 0.1), side(1, 1), 0.6) < evidence(side(1, 1), side(1, 1), 0.6)


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0.4, 0.9), st.floats(0.4, 0.9), st.floats(-0.5, 1))
def test_it_does_not_matter_which_is_which(m: int, n: int, p: float, q: float, cosine: float) -> None:
    a, b = side(m, 1 if m == 1 else p), side(n, 1 if n == 1 else q)
    found = evidence(a, b, cosine)
    assert np.isfinite(found)
    assert np.isclose(found, evidence(b, a, cosine))


@given(st.integers(1, 50), st.integers(1, 50), st.floats(0.4, 0.9), st.floats(0, 0.9))
def test_where_everybody_varies_as_much_it_is_the_model_with_one_spread(
    m: int, n: int, own: float, product: float
) -> None:
    """Worked out from sums, as Brümmer and de Villiers have it."""
    model = replace(KNOWN.plain, cohesion=-1.0)
    a, b = group(m, own), group(n, own)
    b_, w = model.identity / model.dimensions, model.spread / model.dimensions
    k, j = (count / (1 + (count - 1) * model.correlation) for count in (m, n))
    sa, sb = k * k * a.power[0], j * j * b.power[0]
    joint = sa + sb + 2 * k * j * product
    fit = joint / (w + (k + j) * b_) - sa / (w + k * b_) - sb / (w + j * b_)
    spread = np.log(w + k * b_) + np.log(w + j * b_) - np.log(w) - np.log(w + (k + j) * b_)
    expected = (b_ / w * fit + model.dimensions * spread) / 2
    assert model.evidence(a, b, np.array([product]))[0] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_of_sums_the_last_column_is_hubness() -> None:
    sums = np.array([[3, 0, 0.6], [0, 2, 0]], np.float32)
    seen = Side.of(sums, np.array([3.0, 2.0]))
    np.testing.assert_allclose(seen.power, 1)
    np.testing.assert_allclose(seen.hubness, [0.2, 0])
    np.testing.assert_allclose(dots(sums, sums), [9, 4])


def test_a_group_of_faces_too_unlike_for_a_person_takes_in_nobody() -> None:
    """However many they are: of strangers who lie dense, groups would take in ever more."""
    easy = replace(MODEL, cohesion=-1.0)
    for count in (10, 100, 1000):
        assert easy.evidence(side(1, 1), group(count, 0.3), np.array([0.3]))[0] > 0
        assert MODEL.evidence(side(1, 1), group(count, 0.3), np.array([0.3]))[0] < 0
        close = side(1, 1), group(count, 0.7), np.array([0.7])
        assert MODEL.evidence(*close)[0] == pytest.approx(easy.evidence(*close)[0], abs=0.1)


def test_of_a_pair_its_similarity_says_everything() -> None:
    pair = side(1, 1), side(1, 1), np.array([0.3])
    assert MODEL.evidence(*pair)[0] == replace(MODEL, cohesion=-1.0).evidence(*pair)[0]
