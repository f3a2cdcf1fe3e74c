"""How much it says that the faces of two groups are so similar: a log-likelihood ratio.

The model is the two-covariance model (Brümmer and de Villiers, The speaker partitioning problem, Odyssey
2010) in its spherical form: an embedding is the sum of an identity, drawn from N(0, b I), and of what differs
between photos of one person, drawn from N(0, w I), in so many `dimensions`. Then the likelihood ratio of "one
person" against "two people" depends only on the sizes of the groups, the lengths of their means and the angle
between them: a few faces must agree closely, many may agree less. Photos of a person come in series (years,
glasses, light), so that n of them tell less than n independent ones would: ``correlation`` shrinks their
number.

The photos of some people differ more than those of others: a statesman whom one agency photographs for two
years varies little, an actress on the web much. Templates with a cosine of 0.61 are two of the former and may
be one of the latter. So w is drawn, for each person, from a log-normal distribution about that of a typical
one, and integrated out (Gauss-Hermite quadrature): what the members of the groups are like among themselves
says which spread is likely. Of single faces nothing is known but the distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.types import Doubles, Floats, Rows

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)  # evidence differs by 0.1 from that of 11 nodes
_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
_LEAST_SCATTER = 1e-3  # of faces that are all but equal: rounding, compression


@dataclass(frozen=True)
class Side:
    """What evidence knows of one group of each of some pairs; float64, of shapes that broadcast together.

    Attributes
    ----------
    count
        Faces in the group, above 0; fractions are weights.
    power
        Squared length of the mean of their unit vectors, in [0, 1].
    hubness
        Mean of how much nearer they are to strangers than most faces are, see
        `photoclust.people.calibration.hubness`.
    """

    count: Doubles
    power: Doubles
    hubness: Doubles

    @classmethod
    def of(cls, sums: Floats, count: Doubles, squares: Doubles | None = None) -> Side:
        """Of sums of score-normalised embeddings, float32, shape (groups, c + 1), and their sizes.

        `squares` are the `squared_lengths` of the sums, where they are known.
        """
        power = (squared_lengths(sums) if squares is None else squares) / count**2
        return cls(count, power, sums[:, -1].astype(np.float64) / count)

    def take(self, rows: Rows) -> Side:
        """Of some of the pairs alone."""
        return Side(self.count[rows], self.power[rows], self.hubness[rows])


def squared_lengths(sums: Floats) -> Doubles:
    """Squared length of each sum of score-normalised embeddings, float64, shape (n,)."""
    return dots(sums, sums)


def dots(left: Floats, right: Floats) -> Doubles:
    """Inner products of corresponding sums; the last column holds hubness and takes no part."""
    return np.einsum("ij,ij->i", left[:, :-1], right[:, :-1]).astype(np.float64)


@dataclass(frozen=True)
class SpreadModel:
    """A two-covariance model in which every person has a spread of their own; see the module.

    Attributes
    ----------
    identity
        Variance of identities, in (0, 1).
    dimensions
        Independent directions: 1 / variance of the similarities of strangers.
    correlation
        Correlation between what differs in two photos of one person, in [0, 1): m photos count as
        m / (1 + (m − 1) correlation).
    cohesion, cohesion_deviation
        Mean and standard deviation, over people, of how similar their photos are to one another on average.
    spread
        Median over people of the variance within a person.
    spread_deviation
        Standard deviation of its logarithm; where it is 0 everybody's photos differ by as much.
    most_counted
        Faces beyond the first that a group's own scatter counts as at most: photos come in series.
    hubness
        How many times the mean hubness of two groups is taken away from their similarity. Being a mean over
        the nearest of a cohort it is drawn towards the mean of all, so that 1 is too little: a logistic
        regression of "same person" on similarity and hubness of single faces gives 1.6 to 2.
    """

    identity: float
    dimensions: float
    correlation: float
    cohesion: float
    cohesion_deviation: float
    spread: float
    spread_deviation: float = 0.0
    most_counted: float = 2.0
    hubness: float = 0.0

    def evidence(self, left: Side, right: Side, product: Doubles) -> Doubles:
        """Log-likelihood ratio of one person against two.

        Parameters
        ----------
        left, right
            The two groups of each pair.
        product
            float64: inner product of the means of their unit vectors.

        Returns
        -------
        float64, shape of `product`: above 0 where one person is the likelier explanation.
        """
        nodes, log_weights = (_NODES, _LOG_WEIGHTS) if self.spread_deviation else (np.zeros(1), np.zeros(1))
        log_weights = log_weights.reshape(-1, *[1] * product.ndim)
        w = self.spread * np.exp(self.spread_deviation * nodes.reshape(log_weights.shape))
        b = self.identity
        variance_a, variance_b = (b + w / self._effective_count(side.count) for side in (left, right))
        a, c = (side.power - self.hubness * side.hubness for side in (left, right))
        cross = product - self.hubness * (left.hubness + right.hubness) / 2
        scatter_a, scatter_b = self._scatter(left, w), self._scatter(right, w)
        determinant = variance_a * variance_b - b * b
        square = (variance_b * a + variance_a * c - 2 * b * cross) / determinant
        one = self._mean(scatter_a + scatter_b - np.log(determinant) - square, log_weights)
        first = self._mean(scatter_a - np.log(variance_a) - a / variance_a, log_weights)
        second = self._mean(scatter_b - np.log(variance_b) - c / variance_b, log_weights)
        return one - first - second - self._cohesion_penalty(left, right, product)

    def evidence_of_means(
        self, m: Doubles, n: Doubles, power_m: Doubles, power_n: Doubles, product: Doubles
    ) -> Doubles:
        """The same of groups whose hubness is left alone: their sizes, squared lengths and inner product."""
        nothing = np.zeros(1)
        return self.evidence(Side(m, power_m, nothing), Side(n, power_n, nothing), product)

    def _effective_count(self, count: Doubles) -> Doubles:
        """How many independent photos so many photos of one person are worth."""
        return count / (1 + np.maximum(count - 1, 0) * self.correlation)

    def _scatter(self, side: Side, w: Doubles) -> Doubles:
        """Twice the log-likelihood, for each dimension, of what differs among a group's own faces."""
        more = np.maximum(side.count - 1, 0)
        counted = more / (1 + more / self.most_counted)
        variance = np.maximum(1 - side.power, _LEAST_SCATTER) * side.count / np.maximum(more, 1)
        return -counted * (np.log(w) + variance / (1 - self.correlation) / w)

    def _mean(self, exponent: Doubles, log_weights: Doubles) -> Doubles:
        """Logarithm of the mean likelihood over spreads, which are along the first axis."""
        exponent = self.dimensions / 2 * exponent + log_weights
        top = exponent.max(axis=0)
        return top + np.log(np.exp(exponent - top).sum(axis=0))

    def _cohesion_penalty(self, left: Side, right: Side, product: Doubles) -> Doubles:
        """What speaks against so many faces being one person.

        Two groups whose means agree are one person to the model, be their faces however unlike. Where
        strangers lie dense, among hundreds of thousands, a group that has taken in two of them takes in ever
        more: there groups of a hundred strangers and more had a mean similarity of 0.28 to 0.46, where the
        125 of LFW's development people who have five photos and more reach 0.71 ± 0.07. This is minus the
        logarithm of a normal density of that, where it is below the mean. Of a pair it says nothing which
        their similarity does not say already, hence the last factor.
        """
        m, n = left.count, right.count
        count = np.maximum(m + n, 2)
        square = m * m * left.power + n * n * right.power + 2 * m * n * product
        similarity = (square - count) / (count * (count - 1))
        lack = np.maximum(0, (self.cohesion - similarity) / self.cohesion_deviation)
        return lack**2 / 2 * (1 - 2 / count)
