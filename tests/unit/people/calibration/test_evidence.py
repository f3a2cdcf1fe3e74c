from __future__ import annotations

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


def test_the_last_column_says_how_much_a_face_resembles_strangers() -> None:
    assert KNOWN.cohort is not None
    hub, stranger = KNOWN.cohort[:1], KNOWN.centred(raw(1))
    rows, model = KNOWN.score_normalised(np.concatenate([hub, stranger]))
    assert model is KNOWN.weighed
    np.testing.assert_array_equal(rows[:, :-1], np.concatenate([hub, stranger]))
    assert rows[0, -1] > 0.03
    assert rows[0, -1] > rows[1, -1]


def test_without_a_cohort_nobody_resembles_strangers() -> None:
    assert (ANY.score_normalised(raw(2))[0][:, -1] == 0).all()


@pytest.mark.parametrize("calibration", [KNOWN, ANY])
def test_rarer_false_matches_take_more_evidence(calibration: Calibration) -> None:
    rates = np.logspace(-1, -12, 50)
    evidence = np.array([calibration.evidence_at(rate) for rate in rates])
    assert (np.diff(evidence) >= 0).all()
    for rate, measured in calibration.single_pairs:
        assert calibration.evidence_at(rate) == pytest.approx(min(measured, -np.log(rate)))


def test_beyond_what_was_measured_evidence_grows_with_the_logarithm() -> None:
    assert KNOWN.evidence_at(1e-9) - KNOWN.evidence_at(1e-8) == pytest.approx(np.log(10))


def test_more_evidence_never_makes_less_sure() -> None:
    for calibration in (KNOWN, ANY):
        confidence = calibration.confidence(np.linspace(-50, 100, 500))
        assert (np.diff(confidence) >= 0).all()
        assert 0 < confidence[0] < confidence[-1] < 1
        for evidence, right in calibration.reliability:
            assert calibration.confidence(np.array([evidence]))[0] == pytest.approx(right)
