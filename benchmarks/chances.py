"""How often two groups are one person beside the chance that is said, in collections of every shape.

    python benchmarks/chances.py INDEX...

Takes the collections of ``benchmarks/shapes.py`` as shipped, and looks at all pairs of groups and faces that
questions may be asked about. The chance is fitted on the people of one half and judged on those
of the other, both ways, for groups and for two faces that are nobody's; every kind of collection counts the
same. Then the chance as shipped, on all of them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from albums import STRANGER, Album
from shapes import MODEL, halves, read
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from photoclust.config import ClusterConfig
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.graph.neighbours import neighbours
from photoclust.people.identity.near import LEAST, Grouped, Near
from photoclust.types import Doubles

BINS = (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.01)
NOBODY = -1


@dataclass(frozen=True)
class Judged:
    """Pairs of groups, and whether they are one person; `weight` makes kinds of collections equal."""

    signs: Doubles
    chance: Doubles
    two_faces: np.ndarray
    same: np.ndarray
    weight: Doubles

    @classmethod
    def of(cls, album: Album, weight: float) -> Judged:
        faces, config, calibration = album.faces, ClusterConfig(), calibration_of(MODEL)
        graph = neighbours(faces.embeddings, config.k)
        candidates = candidates_of(faces, graph, config, calibration)
        found = cluster_faces(candidates)[1]
        group, apart = found.group.astype(np.int64), candidates.constraints.exclusions
        rows = candidates.embeddings
        near = Near.of(Grouped(rows, graph, group, found.confidence, ~candidates.low, apart), calibration)
        who = whose(near.group, album.truth)
        known = (who[near.left] != NOBODY) & (who[near.right] != NOBODY)
        pairs = near.weighed(known)
        same = who[pairs.left] == who[pairs.right]
        return cls(pairs.signs, pairs.chance, pairs.two_faces, same, np.full(len(same), weight))

    def take(self, keep: np.ndarray) -> Judged:
        return Judged(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


def whose(group: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Person of most labelled faces of each group, `NOBODY` where there is none."""
    labelled = (group != NOBODY) & (truth != STRANGER)
    pairs, count = np.unique(np.stack([group[labelled], truth[labelled]]), axis=1, return_counts=True)
    order = np.argsort(count, kind="stable")
    who = np.full(1 + group.max(initial=NOBODY), NOBODY)
    who[pairs[0, order]] = pairs[1, order]
    return who


def together(parts: list[Judged]) -> Judged:
    return Judged(*(np.concatenate([getattr(one, f) for one in parts]) for f in Judged.__dataclass_fields__))


def fitted(pairs: Judged, used: list[int]) -> tuple[np.ndarray, float]:
    """Weights and offset of a logistic regression of "one person" on some of the signs."""
    likely = pairs.signs[:, 0] > LEAST
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=1e3, max_iter=1000))
    signs = pairs.signs[likely][:, used]
    regression.fit(signs, pairs.same[likely], logisticregression__sample_weight=pairs.weight[likely])
    scale, line = regression[0], regression[1]
    weights = line.coef_[0] / scale.scale_
    whole = np.zeros(pairs.signs.shape[1])
    whole[used] = weights
    return whole, float(line.intercept_[0] - weights @ scale.mean_)


def show(title: str, pairs: Judged, said: Doubles) -> None:
    print(f"{title}: {len(pairs.same)} pairs, {pairs.same.sum()} of one person")
    place = np.digitize(said, BINS) - 1
    for number in np.unique(place):
        own = place == number
        weight = pairs.weight[own]
        mean, right = np.average(said[own], weights=weight), np.average(pairs.same[own], weights=weight)
        print(f"    said {mean:6.1%}  right {right:6.1%}  of {own.sum()}", flush=True)


def loss(pairs: Judged, said: Doubles) -> str:
    """Of the pairs that are fitted."""
    likely = pairs.signs[:, 0] > LEAST
    same, chance, weight = pairs.same[likely], np.clip(said[likely], 1e-12, 1 - 1e-12), pairs.weight[likely]
    lost, precision = (of(same, chance, sample_weight=weight) for of in (log_loss, average_precision_score))
    return f"loss {lost:.4f}, average precision {precision:.3f}"


def main() -> None:
    pool, found = read(sys.argv[1:]), {"T": [], "R": []}
    for name, albums in halves(pool):
        if "synthetic" not in name:
            found[name[0]] += [Judged.of(album, 1 / len(albums)) for album in albums]
    half = {name: together(parts) for name, parts in found.items()}
    for kind, two_faces, used in (("groups and faces", False, [0, 1, 2, 3]), ("two faces", True, [0, 2])):
        some = {name: pairs.take(pairs.two_faces == two_faces) for name, pairs in half.items()}
        for one, other in ("TR", "RT"):
            weights, offset = fitted(some[one], used)
            said = 1 / (1 + np.exp(-np.clip(some[other].signs @ weights + offset, -60, 60)))
            title = f"{kind}, {one} to {other}, weights {np.round(weights, 2)}, offset {offset:.2f}"
            show(f"{title}, {loss(some[other], said)}", some[other], said)
        both = together(list(some.values()))
        weights, offset = fitted(both, used)
        title = f"{kind}, as shipped; on both {np.round(weights, 2)}, {offset:.2f}"
        show(f"{title}, {loss(both, both.chance)}", both, both.chance)


if __name__ == "__main__":
    main()
