"""Losses of metric learning on a batch of unit vectors, by pytorch-metric-learning.

d is the Euclidean distance of unit vectors, √(2 − 2 cos), in [0, 2], or its square where that is asked for
(``squared``). [x]₊ is max(0, x).

``contrastive``
    For pairs of one person [d − m₊]₊, for pairs of two [m₋ − d]₊, each averaged over the pairs that cost
    something. Hadsell, Chopra, LeCun, Dimensionality reduction by learning an invariant mapping, CVPR 2006,
    have the squares of both, and m₊ = 0.
``triplet``
    [d(a, p) − d(a, n) + m]₊, averaged over the triplets that cost something. Schroff, Kalenichenko, Philbin,
    FaceNet: a unified embedding for face recognition and clustering, CVPR 2015, have squared distances.
    Which triplets are looked at is ``mining``: ``random``, one for each photo as often as photos_per_person;
    ``semihard``, all of the batch with d(a, p) < d(a, n) ≤ d(a, p) + m (of FaceNet's); ``batch-hard``, for
    each photo its farthest own and its nearest other photo (Hermans, Beyer, Leibe, In defense of the triplet
    loss for person re-identification, 2017).
``supcon``
    −mean over p of log(exp(cos(a, p) / τ) / Σ exp(cos(a, x) / τ)), the sum over all others of the batch.
    Khosla et al., Supervised contrastive learning, NeurIPS 2020.
``arcface``
    Cross-entropy of s cos(θ + angle) for the own person and s cos θ for the others, θ the angle to a learned
    vector of each training person. Deng, Guo, Xue, Zafeiriou, ArcFace, CVPR 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from pytorch_metric_learning import losses, miners
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.utils import loss_and_miner_utils as indices
from torch import Tensor, nn

from photoclust.learn.config import TrainConfig


@dataclass(frozen=True)
class BatchLoss:
    """What a batch costs.

    Attributes
    ----------
    loss
        Scalar.
    genuine, impostor
        Mean Euclidean distance of the pairs of one person and of two, in [0, 2].
    active
        Share, in [0, 1], of all triplets of the batch, of the contrastive loss of all its pairs, that cost
        something.
    """

    loss: Tensor
    genuine: float
    impostor: float
    active: float


class Objective(nn.Module):
    """What is to be made small.

    Parameters
    ----------
    config
        Which loss.
    people
        Number of training people, which ArcFace knows one by one.
    size
        Dimensions of the vectors.
    """

    def __init__(self, config: TrainConfig, people: int, size: int) -> None:
        super().__init__()
        self.config = config
        self.distance = LpDistance(power=2 if config.squared else 1)
        self.loss = _loss(config, people, size, self.distance)
        self.violating = miners.TripletMarginMiner(config.margin, "all", distance=self.distance)

    def forward(self, vectors: Tensor, person: Tensor, photo: Tensor) -> BatchLoss:
        """Say what a batch costs.

        Parameters
        ----------
        vectors
            float32, shape (b, d): unit rows.
        person, photo
            int64, shape (b,): whose photo each is, and which; equal photos make no pair.
        """
        if self.config.loss == "arcface":
            loss: Tensor = self.loss(vectors, person)
        else:
            loss = self.loss(vectors, person, self.chosen(vectors, person, photo))
        with torch.no_grad():
            return BatchLoss(loss, *self._figures(vectors.detach(), person, photo))

    def chosen(self, vectors: Tensor, person: Tensor, photo: Tensor) -> tuple[Tensor, ...]:
        """Triplets (anchors, positives, negatives) or pairs (one, own; one, other) that count."""
        if self.config.loss != "triplet":
            return without_itself(indices.get_all_pairs_indices(person), photo)
        if self.config.mining == "random":
            drawn = indices.get_random_triplet_indices(person, t_per_anchor=self.config.photos_per_person)
            return without_itself(drawn, photo)
        if self.config.mining == "semihard":
            miner: Any = miners.TripletMarginMiner(self.config.margin, "semihard", distance=self.distance)
        else:
            miner = miners.BatchHardMiner(distance=self.distance)
        return without_itself(miner(vectors, person), photo)

    def _figures(self, vectors: Tensor, person: Tensor, photo: Tensor) -> tuple[float, float, float]:
        one, own, left, other = without_itself(indices.get_all_pairs_indices(person), photo)
        distance = torch.cdist(vectors, vectors)
        genuine, impostor = distance[one, own], distance[left, other]
        if self.config.loss == "contrastive":
            power = 2 if self.config.squared else 1
            costing = (genuine**power > self.config.positive_margin).sum()
            costing = costing + (impostor**power < self.config.negative_margin).sum()
            active = costing / max(1, len(genuine) + len(impostor))
        else:
            every = without_itself(indices.get_all_triplets_indices(person), photo)
            active = len(without_itself(self.violating(vectors, person), photo)[0]) / max(1, len(every[0]))
        return float(genuine.mean()), float(impostor.mean()), float(active)


def without_itself(chosen: tuple[Tensor, ...], photo: Tensor) -> tuple[Tensor, ...]:
    """Triplets or pairs without those in which a photo would be its own positive."""
    anchor, positive, *rest = chosen
    keep = photo[anchor] != photo[positive]
    if len(rest) == 1:
        return anchor[keep], positive[keep], rest[0][keep]
    return anchor[keep], positive[keep], *rest


def _loss(config: TrainConfig, people: int, size: int, distance: Any) -> nn.Module:
    known: Any = losses  # its margins are floats, whatever their defaults look like
    if config.loss == "contrastive":
        return known.ContrastiveLoss(config.positive_margin, config.negative_margin, distance=distance)
    if config.loss == "triplet":
        return known.TripletMarginLoss(config.margin, distance=distance)
    if config.loss == "supcon":
        return known.SupConLoss(config.temperature)
    return known.ArcFaceLoss(people, size, config.angle, config.scale)
