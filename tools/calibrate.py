"""Measures the calibration of an embedder on an index of labelled folders, and how well it serves others.

    python tools/calibrate.py INDEX [FOLDER]

Everything is chosen on four fifths of the people and scored on the last fifth, five times over; what is
written to FOLDER, as MODEL.json and MODEL.npz, is chosen on all. The collection should hold a thousand people
and more, and its photos must still be there.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import torch
from sklearn.isotonic import isotonic_regression
from smaller import DIRECTIONS, Deviations, deviations, directions

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.hubness import nearness
from photoclust.people.clustering.density import density_clusters
from photoclust.people.clustering.verify import Groups, verify
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import NeighbourGraph, neighbours, unit_rows
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

IDENTITY, CORRELATION = (0.6, 0.65), (0.2, 0.28)
FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4, 1e-5)  # 1,711 people give 69 pairs of the last
PLAIN_IDENTITY = 0.65  # scores best where hubness is left as it is
COHORT = 256
NUISANCES = 1  # directions left out, see smaller.py; more of them cost genuine pairs
POOR = 0.2  # quality of faces in whose midst those lie that cannot be recognised
MANY = 8  # photos of a person in an album
SURE = (0, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01)
RELIABILITY = (0, 2, 4, 6, 8, 10, 12, 15, 20)  # evidence between which shares of right memberships are taken
PLAIN_RELIABILITY = ((-200.0, 4.54e-5), (200.0, 1 - 4.54e-5))  # log odds of evidence / 20, to get it back
SAMPLES = ((200, 10), (50, 40))  # photos in small collections, and how many of these
COHERENT = 5  # photos of a person from which on their mean similarity says something


@dataclass(frozen=True)
class Faces:
    """Labelled faces as they lie in the index, and how those of the same people change as they get small."""

    known: VerifyInput
    truth: np.ndarray
    smaller: Deviations

    def some(self, keep: np.ndarray) -> Faces:
        fields = (self.known.embeddings, self.known.quality, self.known.photos, self.known.boxes)
        known, truth = VerifyInput(*(field[keep] for field in fields)), self.truth[keep]
        return Faces(known, truth, self.smaller.some(truth))


class Grouper:
    """Groups the same faces with one calibration after another that differ in constants only."""

    def __init__(self, faces: Faces, calibration: Calibration) -> None:
        self.config, self.truth = ClusterConfig(), faces.truth
        self.faces = replace(faces.known, embeddings=calibration.centred(faces.known.embeddings))
        self.graph: NeighbourGraph = neighbours(self.faces.embeddings, self.config.k)
        self.labels = density_clusters(self.graph, self.config)

    def groups(self, calibration: Calibration) -> Groups:
        return verify(self.faces, self.graph, self.labels, self.config, calibration)

    def scores(self, calibration: Calibration) -> tuple[float, float]:
        group = self.groups(calibration).group
        return pairwise_scores(self.truth, group).f, bcubed_scores(self.truth, group).f

    def memberships(self, calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
        """Confidence of each member, and whether most of its group are the same person."""
        groups = self.groups(calibration)
        inside = np.flatnonzero(groups.group >= 0)
        table = np.zeros((groups.group.max() + 1, self.truth.max() + 1), np.int32)
        np.add.at(table, (groups.group[inside], self.truth[inside]), 1)
        own = table[groups.group[inside], self.truth[inside]]
        return groups.confidence[inside], 2 * own > table.sum(1)[groups.group[inside]]


def everywhere(faces: Faces, calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """Memberships in the whole collection and in small ones, for the smaller the fewer have a twin there."""
    rng, parts = np.random.default_rng(0), [faces]
    for photos, times in SAMPLES:
        parts += [faces.some(rng.choice(len(faces.truth), photos, replace=False)) for _ in range(times)]
    found = [Grouper(part, calibration).memberships(calibration) for part in parts]
    confidence, right = (np.concatenate(column) for column in zip(*found, strict=True))
    return confidence, right


def reliability(evidence: np.ndarray, right: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Share of right memberships about some evidence, never falling; one wrong in each that was not seen."""
    place = np.digitize(evidence, RELIABILITY)
    shares = [(right[place == i].sum() + 0.5) / ((place == i).sum() + 1) for i in np.unique(place)]
    weight = [(place == i).sum() for i in np.unique(place)]
    at = [evidence[place == i].mean() for i in np.unique(place)]
    rising = isotonic_regression(shares, sample_weight=weight)
    return tuple((round(float(x), 1), round(float(y), 4)) for x, y in zip(at, rising, strict=True))


def similarities(rows: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Genuine similarities, their weights (every person counts the same), impostor similarities."""
    left, right = np.triu_indices(len(rows), 1)
    same = truth[left] == truth[right]
    values = (rows @ rows.T)[left, right]
    weight = 1 / (np.bincount(truth)[truth[left][same]] - 1)
    return values[same], weight, values[~same]


def accepted(values: tuple[np.ndarray, np.ndarray, np.ndarray], rate: float) -> tuple[float, float]:
    """Similarity that impostors exceed at the false match rate, and the share of genuine pairs that do."""
    genuine, weight, impostor = values
    limit = float(np.quantile(impostor, 1 - rate))
    return limit, float(np.average(genuine > limit, weights=weight))


def measured(faces: Faces) -> Calibration:
    """Everything that is measured rather than chosen."""
    rows, one = unit_rows(faces.known.embeddings), np.unique(faces.truth, return_index=True)[1]
    mean = rows.mean(0)
    centred = rows - mean
    basis = directions(centred, faces.smaller.vectors, NUISANCES)
    plain = Calibration(
        mean=mean,
        basis=np.ascontiguousarray(basis),
        cohort=None,
        hubness=0.0,
        identity=PLAIN_IDENTITY,
        dimensions=1.0,
        correlation=CORRELATION[-1],
        identity_weighed=IDENTITY[0],
        dimensions_weighed=1.0,
        cohesion=0.0,
        cohesion_deviation=1.0,
        single_pairs=(),
        reliability=PLAIN_RELIABILITY,
    )
    strangers = plain.centred(rows[one])
    cohort = faiss.Kmeans(
        strangers.shape[1], COHORT, niter=25, seed=1, spherical=True, min_points_per_centroid=1
    )
    cohort.train(strangers)
    centres = cohort.centroids.astype(np.float16).astype(np.float32)
    whole = replace(plain, cohort=centres, hubness=round(float(nearness(strangers, centres).mean()), 4))
    centred = plain.centred(rows)
    _, _, impostor = similarities(centred, faces.truth)
    fair_rows = whole.score_normalised(centred)[0]
    _, _, fair = similarities(fair_rows, faces.truth)
    cohesion = cohesions(fair_rows, faces.truth)
    dimensions, score_normalised = (round(float(1 / values.var()), 1) for values in (impostor, fair))
    return replace(
        whole,
        dimensions=dimensions,
        dimensions_weighed=score_normalised,
        cohesion=round(float(cohesion.mean()), 3),
        cohesion_deviation=round(float(cohesion.std()), 3),
    )


def cohesions(score_normalised: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean similarity of the photos of each person who has several."""
    found = []
    for person in np.flatnonzero(np.bincount(truth) >= COHERENT):
        own = score_normalised[truth == person]
        found.append((own @ own.T)[np.triu_indices(len(own), 1)].mean() - 1)
    return np.array(found)


def unrecognizable(calibration: Calibration, everyone: VerifyInput) -> np.ndarray:
    """Where faces lie that cannot be recognised: the mean of those of poor quality, whoever they are."""
    poor = calibration.centred(everyone.embeddings[everyone.quality < POOR]).mean(0)
    return (poor / np.linalg.norm(poor)).astype(np.float16)


def tell_recognizable(calibration: Calibration, everyone: VerifyInput, main_rows: np.ndarray) -> None:
    """Print how near main faces and bystanders come to those that cannot be recognised."""
    main = np.isin(np.arange(len(everyone)), main_rows)
    middle = unrecognizable(calibration, everyone).astype(np.float32)
    centred = calibration.centred(everyone.embeddings)
    taken = ~replace(calibration, unrecognizable=middle).recognizable(centred)
    for name, rows in (("main faces", main), ("bystanders", ~main)):
        quantiles, share = (
            np.quantile(centred[rows] @ middle, (0.5, 0.9, 0.99, 1)).round(2),
            taken[rows].mean(),
        )
        print(f"{name}: cosine to the unrecognizable {quantiles}, {share:.1%} taken for such", flush=True)


def with_rates(calibration: Calibration, fair: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Calibration:
    """What evidence the false match rates of weighed single pairs correspond to."""
    one = np.ones(1)
    _, scorer = calibration.score_normalised(np.zeros((0, DIRECTIONS), np.float32))
    limits = [np.array([accepted(fair, rate)[0]]) for rate in FALSE_MATCH_RATES]
    evidence = [round(float(scorer.evidence(one, one, one + 1, one + 1, limit)[0]), 1) for limit in limits]
    return replace(calibration, single_pairs=tuple(zip(FALSE_MATCH_RATES, evidence, strict=True)))


def chosen(faces: Faces) -> Calibration:
    """The constants whose grouping scores best, and then those of confidence.

    Few people with many photos, as in an album, count as much as many with few.
    """
    plain = measured(faces)
    fair = similarities(plain.score_normalised(plain.centred(faces.known.embeddings))[0], faces.truth)
    grouper = Grouper(faces, plain)
    album = Grouper(faces.some(np.bincount(faces.truth)[faces.truth] >= MANY), plain)
    grid = [
        with_rates(replace(plain, identity_weighed=i, correlation=c), fair)
        for i, c in product(IDENTITY, CORRELATION)
    ]
    best = max(grid, key=lambda one: sum(grouper.scores(one) + album.scores(one)))
    confidence, right = everywhere(faces, best)
    evidence = 20 * np.log(confidence / (1 - confidence))
    return replace(best, reliability=reliability(evidence, right))


def held_out(faces: Faces) -> None:
    """Score people that nothing was chosen on, and say how often confidence was justified."""
    fold = np.random.default_rng(0).integers(0, 5, faces.truth.max() + 1)[faces.truth]
    scores, members, tables = [], [], []
    for k in range(5):
        best, others = chosen(faces.some(fold != k)), faces.some(fold == k)
        grouper = Grouper(others, best)
        scores.append(grouper.scores(best))
        members.append(everywhere(others, best))
        centred = best.centred(others.known.embeddings)
        pairs = (
            similarities(centred, others.truth),
            similarities(best.score_normalised(centred)[0], others.truth),
        )
        tables.append([[accepted(one, rate)[1] for rate in FALSE_MATCH_RATES] for one in pairs])
        constants = f"identity {best.identity_weighed}, correlation {best.correlation}"
        cohesion = f"cohesion {best.cohesion} ± {best.cohesion_deviation}"
        print(f"fold {k}: {constants}, {cohesion}, F {np.round(scores[-1], 4)}", flush=True)
    print("held-out people: pairwise F {:.4f}, BCubed F {:.4f}".format(*np.mean(scores, axis=0)))
    for name, rates in zip(("cosine", "weighed"), np.mean(tables, axis=0), strict=True):
        shares = dict(zip(FALSE_MATCH_RATES, rates.round(3).tolist(), strict=True))
        print(f"genuine pairs accepted, {name}: {shares}")
    confidence, right = (np.concatenate(parts) for parts in zip(*members, strict=True))
    for low, high in pairwise(SURE):
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            sure, true = confidence[inside].mean(), right[inside].mean()
            print(
                f"confidence {low} to {min(high, 1)}: {inside.sum()} faces, {sure:.3f} sure, {true:.3f} right"
            )


def written(best: Calibration, faces: Faces, model: str) -> dict[str, Any]:
    """Constants, and what distances and evidence of single pairs mean."""
    centred = best.centred(faces.known.embeddings)
    plain = similarities(centred, faces.truth)
    fair = similarities(best.score_normalised(centred)[0], faces.truth)
    rates = []
    for rate, evidence in best.single_pairs:
        limit, share = accepted(plain, rate)
        rates.append(
            {
                "false_match_rate": rate,
                "cosine_distance": round(1 - limit, 3),
                "true_accept_rate": round(share, 3),
                "evidence": evidence,
                "true_accept_rate_of_evidence": round(accepted(fair, rate)[1], 3),
            }
        )
    return {
        "model": model,
        "hubness": best.hubness,
        "identity": best.identity,
        "identity_weighed": best.identity_weighed,
        "dimensions": best.dimensions,
        "dimensions_weighed": best.dimensions_weighed,
        "correlation": best.correlation,
        "cohesion": best.cohesion,
        "cohesion_deviation": best.cohesion_deviation,
        "reliability": [{"evidence": x, "right": y} for x, y in best.reliability],
        "genuine_mean": round(float(np.average(plain[0], weights=plain[1])), 3),
        "genuine_deviation": round(float(plain[0].std()), 3),
        "impostor_mean": round(float(plain[2].mean()), 3),
        "impostor_deviation": round(float(plain[2].std()), 3),
        "single_pairs": rates,
    }


def main(index: str, folder: str | None) -> None:
    labelled = labelled_faces(index, "folders")
    store = IndexStore.open(index)
    table = store.faces(["box", "quality", "embedding"])
    everyone = verify_input(table, unit_rows(face_embeddings(table)))
    main_faces = table.take(labelled.rows)
    known = verify_input(main_faces, unit_rows(face_embeddings(main_faces)))
    truth = np.unique(labelled.people, return_inverse=True)[1]
    faces = Faces(known, truth, deviations(index, labelled, truth))
    held_out(faces)
    best, model = chosen(faces), store.settings.embed.model
    tell_recognizable(best, everyone, labelled.rows)
    values = written(best, faces, model)
    print(json.dumps(values, indent=1))
    if folder:
        Path(folder, f"{model}.json").write_text(json.dumps(values, indent=1) + "\n", "utf-8")
        arrays = {"mean": best.mean, "basis": best.basis, "cohort": best.cohort.astype(np.float16)}
        arrays["unrecognizable"] = unrecognizable(best, everyone)
        np.savez_compressed(Path(folder, f"{model}.npz"), **arrays)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
