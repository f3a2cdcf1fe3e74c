"""Who a face that is nobody's may be, and the probability that it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from photoclust.people.clustering.exclusions import Exclusions
from photoclust.people.clustering.membership import NOBODY, Templates, rivals
from photoclust.people.clustering.required import people_like
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.people.identity.facts import ScoreNormalised, chance_same
from photoclust.types import Rows


@dataclass(frozen=True)
class Likeliest:
    """The group that most speaks for each of n faces.

    Attributes
    ----------
    group
        int64, shape (n,): `NOBODY` where none of the face's neighbours is in a group that it may be in.
    chance
        float32, shape (n,), in [0, 1]: probability that the face is of that group; 0 where there is none.
    """

    group: Rows
    chance: npt.NDArray[np.float32]


def likeliest(
    score_normalised: ScoreNormalised, graph: NeighbourGraph, group: Rows, exclusions: Exclusions
) -> Likeliest:
    """Find the group that most speaks for each face that is in none; the other faces have none here.

    The probability is that of `photoclust.people.identity.suggest`, which asks about the same faces.

    Parameters
    ----------
    score_normalised
        The embeddings as evidence sees them.
    graph
        Neighbours of the n faces.
    group
        int64, shape (n,): group of each, numbered from 0 without gaps, or `NOBODY`.
    exclusions
        What keeps faces apart: nobody is in a photo twice.
    """
    embeddings, model = score_normalised
    nobody = group == NOBODY
    if nobody.all() or not nobody.any():
        return Likeliest(np.full(len(group), NOBODY), np.zeros(len(group), np.float32))
    templates = Templates.of(embeddings, group, np.full(len(group), NOBODY))
    best = rivals(templates, graph, model, exclusions, nobody)
    people = people_like(len(group), templates.count[best.group])
    chance = np.where(best.group == NOBODY, 0, chance_same(best.evidence, people))
    return Likeliest(best.group, chance.astype(np.float32))
