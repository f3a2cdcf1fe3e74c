"""What the similarity of two faces says."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoclust.errors import UsageError
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.pairs import PairCalibration, digest, pair_calibration_of, templates

SIMILARITIES = st.floats(-1.2, 1.2)


@pytest.fixture(scope="module")
def known() -> PairCalibration:
    found = pair_calibration_of("casia-webface")
    assert found is not None
    return found


def test_a_model_without_measurements_has_none() -> None:
    assert pair_calibration_of("vggface2") is None


def test_the_table_was_made_with_the_calibration_that_is_shipped() -> None:
    text = (files("photoclust.people.calibration") / "data" / "casia-webface-pairs.json").read_text()
    message = "run tools/calibrate_pairs.py again"
    assert json.loads(text)["made_with"] == digest(calibration_of("casia-webface")), message


@given(SIMILARITIES, SIMILARITIES, st.sampled_from([1, 2, 3, 7, 8, 500]))
def test_the_closer_the_likelier(one: float, other: float, faces: int) -> None:
    known = pair_calibration_of("casia-webface")
    assert known is not None
    low, high = sorted((one, other))
    evidence = known.evidence([low, high], faces)
    assert evidence[0] <= evidence[1] <= known.most
    assert known.false_match_rate(1 - high) <= known.false_match_rate(1 - low)


@given(SIMILARITIES, st.floats(0.001, 0.999), st.integers(1, 20))
def test_the_probability_lies_in_its_interval(similarity: float, prior: float, faces: int) -> None:
    known = pair_calibration_of("casia-webface")
    assert known is not None
    probability, low, high = known.probability([similarity], prior, faces)
    assert 0 < low[0] <= probability[0] <= high[0] < 1


def test_thresholds_and_rates_are_inverse(known: PairCalibration) -> None:
    for rate in (0.1, 1e-2, 2e-3, 1e-4, 1e-5):
        assert known.false_match_rate(known.threshold(rate)) == pytest.approx(rate)
    assert known.threshold(1e-2) > known.threshold(1e-2, pairs=10) == pytest.approx(known.threshold(1e-3))


@pytest.mark.parametrize("rate", [0, 1, 1e-7, -1, float("nan")])
def test_rates_that_were_not_measured_are_refused(known: PairCalibration, rate: float) -> None:
    with pytest.raises(UsageError, match="between 1e-05 and"):
        known.threshold(rate)


def test_the_prior_shifts_the_odds(known: PairCalibration) -> None:
    even, rare = (known.probability([0.45], prior)[0][0] for prior in (0.5, 0.01))
    assert np.log(even / (1 - even)) - np.log(rare / (1 - rare)) == pytest.approx(np.log(99))


def test_similarity_is_cosine_less_what_strangers_tell() -> None:
    calibration = calibration_of("casia-webface")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = templates(calibration, rows)
    own = found.similarity(found)
    assert own == pytest.approx(own.T)
    assert np.diag(own) == pytest.approx(1 - found.hubness, abs=1e-6)
