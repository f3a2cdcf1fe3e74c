from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from photoclust.people.calibration.evidence import Calibration, calibration_of

KNOWN, ANY = calibration_of("casia-webface"), calibration_of()


def raw(n: int, seed: int = 0) -> np.ndarray:
    """Unit vectors about the mean embedding."""
    rows = np.random.default_rng(seed).normal(size=(n, 512)) / 512**0.5
    rows = rows @ KNOWN.basis @ KNOWN.basis.T * 2 + KNOWN.mean
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_row_does_not_depend_on_the_others() -> None:
    rows = raw(3000)
    together, alone = KNOWN.centred(rows), KNOWN.centred(rows[1234:1235])
    np.testing.assert_array_equal(together[1234:1235], alone)
    np.testing.assert_array_equal(
        KNOWN.score_normalised(together)[0][1234:1235], KNOWN.score_normalised(alone)[0]
    )


def test_directions_left_out_hardly_matter() -> None:
    rows = raw(200)
    whole = rows - KNOWN.mean
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    kept = KNOWN.centred(rows)
    assert kept.shape == (200, 128)
    np.testing.assert_allclose(kept @ kept.T, whole @ whole.T, atol=1e-3)


def test_evidence_sees_similarity_less_hubness() -> None:
    assert KNOWN.cohort is not None
    hub, stranger = KNOWN.cohort[:1], KNOWN.centred(raw(1))
    score_normalised, scorer = KNOWN.score_normalised(np.concatenate([hub, hub, stranger]))
    less = score_normalised @ score_normalised.T - scorer.baseline
    plain = np.concatenate([hub, hub, stranger]) @ np.concatenate([hub, hub, stranger]).T
    assert less[0, 1] < plain[0, 1] - 0.03
    hubness = 2 * (1 - score_normalised[:, -1])
    np.testing.assert_allclose(less, plain - (hubness[:, None] + hubness) / 2, atol=0.05)


def test_without_a_cohort_evidence_is_that_of_the_similarity() -> None:
    rows = raw(2)
    score_normalised, scorer = ANY.score_normalised(rows)
    one, product = np.ones(1), float(rows[0] @ rows[1])
    expected = replace(scorer, baseline=0.0).evidence(one, one, one, one, np.array([product]))
    seen = scorer.evidence(
        one, one, 2 * one, 2 * one, np.array([float(score_normalised[0] @ score_normalised[1])])
    )
    np.testing.assert_allclose(seen, expected, rtol=1e-3)


@pytest.mark.parametrize("calibration", [KNOWN, ANY])
def test_rarer_false_matches_take_more_evidence(calibration: Calibration) -> None:
    rates = np.logspace(-1, -12, 50)
    evidence = np.array([calibration.evidence_at(rate) for rate in rates])
    assert (np.diff(evidence) >= 0).all()
    for rate, measured in calibration.single_pairs:
        assert calibration.evidence_at(rate) == pytest.approx(min(measured, -np.log(rate)))


def test_beyond_what_was_measured_evidence_grows_with_the_logarithm() -> None:
    assert KNOWN.evidence_at(1e-9) - KNOWN.evidence_at(1e-8) == pytest.approx(np.log(10))


def group_of(similarity: float, count: int) -> tuple[np.ndarray, ...]:
    """A face and a group of others, all alike, as `Calibration.evidence` takes them."""
    m, n, one = np.ones(1), np.full(1, count - 1.0), np.ones(1)
    return m, n, one, similarity + (one - similarity) / n, similarity * one


def test_a_group_of_faces_too_unlike_for_a_person_takes_in_nobody() -> None:
    """However many they are: of strangers who lie dense, groups would take in ever more."""
    easy = replace(KNOWN, cohesion=-1.0)
    for count in (10, 100, 1000):
        loose, close = group_of(0.3, count), group_of(0.7, count)
        assert easy.evidence(*loose)[0] > 0 > KNOWN.evidence(*loose)[0]
        assert KNOWN.evidence(*close)[0] == pytest.approx(easy.evidence(*close)[0], abs=0.1)


def test_of_a_pair_its_similarity_says_everything() -> None:
    pair = group_of(0.3, 2)
    assert KNOWN.evidence(*pair)[0] == replace(KNOWN, cohesion=-1.0).evidence(*pair)[0]


def test_more_evidence_never_makes_less_sure() -> None:
    for calibration in (KNOWN, ANY):
        confidence = calibration.confidence(np.linspace(-50, 100, 500))
        assert (np.diff(confidence) >= 0).all()
        assert 0 < confidence[0] < confidence[-1] < 1
        for evidence, right in calibration.reliability:
            assert calibration.confidence(np.array([evidence]))[0] == pytest.approx(right)
