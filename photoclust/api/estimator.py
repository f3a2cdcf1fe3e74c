"""`FaceGrouping`: grouping of embeddings as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

from photoclust.config import ClusterConfig
from photoclust.people.embeddings import group_embeddings


class FaceGrouping(ClusterMixin, BaseEstimator):
    """Groups vectors of faces into people, as `photoclust.group_embeddings` does.

    How many people there are need not be known. A vector that is nobody's has the label −1.

    Parameters
    ----------
    model
        ``"casia-webface"``, if the vectors are of that model.
    threshold
        Cosine distance, in (0, 1), at which two vectors are as likely one person as two; for any other model.
        Exactly one of `model` and `threshold` must be given.
    k
        Neighbours looked at for each face.
    min_cluster_size, min_samples
        HDBSCAN's: fewest faces of a person, and the neighbour whose distance is a face's core distance.
    min_quality
        Least quality, in [0, 1], of a face that may found a person.
    false_join_rate
        Chance accepted that a person is joined with somebody else, in (0, 1).

    Attributes
    ----------
    labels_
        int32, shape (n,): person of each vector, numbered by first appearance; −1 where it is nobody's.
    probabilities_
        float32, shape (n,), in [0, 1]: probability that the membership is right.
    n_features_in_
        int: numbers in a vector.

    See Also
    --------
    photoclust.group_embeddings : the same as a function, with every parameter explained.

    Examples
    --------
    >>> import numpy as np, photoclust
    >>> rng = np.random.default_rng(0)
    >>> X = np.repeat(rng.normal(size=(2, 64)), 3, axis=0) + 0.3 * rng.normal(size=(6, 64))
    >>> photoclust.FaceGrouping(threshold=0.5).fit_predict(X)
    array([0, 0, 0, 1, 1, 1], dtype=int32)
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        threshold: float | None = None,
        k: int = ClusterConfig.k,
        min_cluster_size: int = ClusterConfig.min_cluster_size,
        min_samples: int = ClusterConfig.min_samples,
        min_quality: float = ClusterConfig.min_quality,
        false_join_rate: float = ClusterConfig.false_join_rate,
    ) -> None:
        self.model = model
        self.threshold = threshold
        self.k = k
        self.min_cluster_size = min_cluster_size
        self.min_samples = min_samples
        self.min_quality = min_quality
        self.false_join_rate = false_join_rate

    def fit(
        self,
        X: npt.ArrayLike,  # noqa: N803  (scikit-learn's name)
        y: object = None,
        *,
        photos: npt.ArrayLike | None = None,
        quality: npt.ArrayLike | None = None,
    ) -> FaceGrouping:
        """Group vectors.

        Parameters
        ----------
        X
            Real, shape (n, d).
        y
            Ignored.
        photos
            Shape (n,): equal for the faces of one photo, which are different people.
        quality
            Shape (n,), in [0, 1].

        Raises
        ------
        ValueError
            `X` is no array of finite numbers.
        VectorError
            A vector is zero.
        UsageError
            A parameter is out of range.
        """
        rows: Any = validate_data(self, X=X, dtype=["float64", "float32"])  # pyright: ignore[reportArgumentType]
        config = ClusterConfig(
            k=self.k,
            min_cluster_size=self.min_cluster_size,
            min_samples=self.min_samples,
            min_quality=self.min_quality,
            false_join_rate=self.false_join_rate,
        )
        groups = group_embeddings(
            rows, photos, quality, model=self.model, threshold=self.threshold, config=config
        )
        self.labels_ = groups.labels
        self.probabilities_ = groups.probabilities
        return self

    def fit_predict(
        self,
        X: npt.ArrayLike,  # noqa: N803
        y: object = None,
        **kwargs: Any,
    ) -> npt.NDArray[Any]:
        """Group vectors and give ``labels_``; parameters as for `fit`."""
        return self.fit(X, y, **kwargs).labels_
