"""`FaceGrouping` keeps the conventions of scikit-learn's estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.utils.estimator_checks import parametrize_with_checks

import photoclust

EXPECTED = {
    "check_estimators_dtypes": "its integers hold a row of zeros, and a vector without direction is refused"
}


@parametrize_with_checks(
    [photoclust.FaceGrouping(threshold=0.4)], expected_failed_checks=lambda estimator: EXPECTED
)
def test_keeps_the_conventions(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture
def vectors() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.repeat(rng.normal(size=(6, 64)), 5, axis=0) + 0.3 * rng.normal(size=(30, 64))


def test_gives_what_the_function_gives(vectors: np.ndarray) -> None:
    quality = np.linspace(0, 1, 30)
    groups = photoclust.group_embeddings(vectors, None, quality, threshold=0.5)
    fitted = photoclust.FaceGrouping(threshold=0.5).fit(vectors, quality=quality)
    assert np.array_equal(fitted.labels_, groups.labels)
    assert np.array_equal(fitted.probabilities_, groups.probabilities)


def test_clones_and_sets_parameters(vectors: np.ndarray) -> None:
    estimator = photoclust.FaceGrouping(threshold=0.5, k=7)
    copy = clone(estimator).set_params(min_cluster_size=6)
    assert copy.get_params() == estimator.get_params() | {"min_cluster_size": 6}
    assert (copy.fit_predict(vectors) == -1).all()
    assert estimator.fit_predict(vectors).max() == 5


def test_ends_a_pipeline(vectors: np.ndarray) -> None:
    pipeline = make_pipeline(Normalizer(), photoclust.FaceGrouping(threshold=0.5))
    assert pipeline.fit_predict(vectors).tolist() == np.repeat(np.arange(6), 5).tolist()


def test_passes_photos_on(vectors: np.ndarray) -> None:
    apart = photoclust.FaceGrouping(threshold=0.5).fit_predict(vectors, photos=np.arange(30) // 2)
    assert all(apart[row] == -1 or apart[row] != apart[row + 1] for row in range(0, 30, 2))


@pytest.mark.parametrize("wrong", [{"k": 1, "threshold": 0.5}, {}, {"threshold": 2.0}])
def test_refuses_parameters_when_it_is_fitted(wrong: dict[str, Any], vectors: np.ndarray) -> None:
    estimator = photoclust.FaceGrouping(**wrong)
    with pytest.raises(photoclust.errors.UsageError):
        estimator.fit(vectors)
