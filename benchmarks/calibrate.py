"""Measures the calibration of an embedder on an index of labelled folders, and how well it serves others.

    python benchmarks/calibrate.py INDEX [--more INDEX...] [--folder FOLDER]

Everything is measured on four fifths of the people and scored on the last fifth, five times over; what is
written to FOLDER, as MODEL.json and MODEL.npz, is measured on all. The collection should hold a thousand
people and more, and its photos must still be there. Single pairs and how often memberships are right are
measured on the people of other indexes as well: more photos of a person differ more than LFW's two.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from memberships import Faces, Grouper, everywhere, reliability
from smaller import Deviations, deviations, directions

from photoclust.cli._context import context
from photoclust.config import EngineConfig
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.labelled import LabelledInput
from photoclust.people.calibration.measuring import (
    FALSE_MATCH_RATES,
    NUISANCES,
    PLAIN,
    PLAIN_RELIABILITY,
    POOR,
    WEIGHED,
    Degraded,
    cohesions,
    less_hubness,
    pairs,
    single_evidence,
    with_cohort,
)
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.degraded import degraded_faces
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

PEOPLE = 2_000  # of whom a face is degraded
SURE = (0, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01)


def accepted(values: tuple[np.ndarray, np.ndarray, np.ndarray], rate: float) -> tuple[float, float]:
    """Similarity that impostors exceed at the false match rate, and the share of genuine pairs that do."""
    genuine, weight, impostor = values
    limit = float(np.quantile(impostor, 1 - rate))
    return limit, float(np.average(genuine > limit, weights=weight))


def measured(faces: Faces, smaller: Deviations, degraded: Degraded) -> Calibration:
    """Everything but what single pairs and memberships tell."""
    rows, one = unit_rows(faces.known.embeddings), np.unique(faces.truth, return_index=True)[1]
    mean = rows.mean(0)
    basis = directions(rows - mean, smaller.vectors, NUISANCES)
    start = Calibration(mean, np.ascontiguousarray(basis), None, 0.0, PLAIN, WEIGHED, (), PLAIN_RELIABILITY)
    centred = start.centred(rows)
    strangers = centred[one]
    whole = with_cohort(start, strangers, degraded)
    similarity = less_hubness(whole.score_normalised(centred)[0])
    cohesion = cohesions(similarity, faces.truth)
    shares = [1 / pairs(values, faces.truth)[2].var() for values in (centred @ centred.T, similarity)]
    plain = replace(
        PLAIN,
        dimensions=round(float(shares[0]), 1),
        cohesion=round(float(cohesion.mean()), 3),
        cohesion_deviation=round(float(cohesion.std()), 3),
    )
    return replace(whole, plain=plain, weighed=replace(WEIGHED, dimensions=round(float(shares[1]), 1)))


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


def with_rates(calibration: Calibration, everybody: Faces) -> Calibration:
    """What evidence the false match rates of single pairs correspond to."""
    centred = calibration.centred(everybody.known.embeddings)
    evidence = pairs(single_evidence(*calibration.score_normalised(centred)), everybody.truth)
    limits = [round(accepted(evidence, rate)[0], 1) for rate in FALSE_MATCH_RATES]
    return replace(calibration, single_pairs=tuple(zip(FALSE_MATCH_RATES, limits, strict=True)))


def with_rates_and_reliability(calibration: Calibration, faces: Faces, more: list[Faces]) -> Calibration:
    """What evidence false match rates ask for, and how often memberships with so much are right."""
    plain = with_rates(
        replace(calibration, reliability=PLAIN_RELIABILITY), reduce(LabelledInput.among, more, faces)
    )
    confidence, right = everywhere(faces, more, plain)
    return replace(plain, reliability=reliability(20 * np.log(confidence / (1 - confidence)), right))


def held_out(faces: Faces, smaller: Deviations, degraded: Degraded, more: list[Faces]) -> None:
    """Score people that nothing was measured on, and say how often confidence was justified."""
    rng = np.random.default_rng(0)
    folds = [rng.integers(0, 5, one.truth.max() + 1)[one.truth] for one in (faces, *more)]
    scores, members, tables = [], [], []
    for k in range(5):
        learnt, *seen = (one.some(fold != k) for one, fold in zip((faces, *more), folds, strict=True))
        others, *unseen = (one.some(fold == k) for one, fold in zip((faces, *more), folds, strict=True))
        poor = degraded.some(np.isin(degraded.person, learnt.truth))
        start = measured(learnt, smaller.some(learnt.truth), poor)
        best = with_rates_and_reliability(start, learnt, seen)
        scores.append(Grouper(others, best).scores(best))
        members.append(everywhere(others, unseen, best))
        centred = best.centred(others.known.embeddings)
        both = centred @ centred.T, single_evidence(*best.score_normalised(centred))
        tables.append(
            [[accepted(pairs(one, others.truth), rate)[1] for rate in FALSE_MATCH_RATES] for one in both]
        )
        print(f"fold {k}: {best.single_pairs}, F {np.round(scores[-1], 4)}", flush=True)
    print("held-out people: pairwise F {:.4f}, BCubed F {:.4f}".format(*np.mean(scores, axis=0)))
    for name, rates in zip(("cosine", "evidence"), np.mean(tables, axis=0), strict=True):
        shares = dict(zip(FALSE_MATCH_RATES, rates.round(3).tolist(), strict=True))
        print(f"genuine pairs accepted, {name}: {shares}")
    confidence, right = (np.concatenate(parts) for parts in zip(*members, strict=True))
    error = 0.0
    for low, high in pairwise(SURE):
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            sure, true = confidence[inside].mean(), right[inside].mean()
            error += inside.mean() * abs(sure - true)
            print(
                f"confidence {low} to {min(high, 1)}: {inside.sum()} faces, {sure:.3f} sure, {true:.3f} right"
            )
    print(f"expected calibration error {error:.4f}")


def written(best: Calibration, everybody: Faces, model: str) -> dict[str, Any]:
    """Constants, and what distances and evidence of single pairs mean."""
    centred = best.centred(everybody.known.embeddings)
    plain = pairs(centred @ centred.T, everybody.truth)
    fair = pairs(single_evidence(*best.score_normalised(centred)), everybody.truth)
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
        "plain": asdict(best.plain),
        "weighed": asdict(best.weighed),
        "reliability": [{"evidence": x, "right": y} for x, y in best.reliability],
        "genuine_mean": round(float(np.average(plain[0], weights=plain[1])), 3),
        "genuine_deviation": round(float(plain[0].std()), 3),
        "impostor_mean": round(float(plain[2].mean()), 3),
        "impostor_deviation": round(float(plain[2].std()), 3),
        "single_pairs": rates,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("--more", nargs="*", default=[])
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    store, labelled = IndexStore.open(arguments.index), labelled_faces(arguments.index, "folders")
    faces, more = Faces.of(arguments.index), [Faces.of(index) for index in arguments.more]
    smaller = deviations(arguments.index, labelled, faces.truth)
    degraded = degraded_faces(
        store, np.array(labelled.rows), faces.truth, PEOPLE, context(EngineConfig(kind="local"))
    )
    assert degraded is not None, "the photos cannot be read"
    held_out(faces, smaller, degraded, more)
    table = store.faces(["box", "quality", "embedding"])
    everyone = verify_input(table, unit_rows(face_embeddings(table)))
    best = with_rates_and_reliability(measured(faces, smaller, degraded), faces, more)
    tell_recognizable(best, everyone, labelled.rows)
    model = store.settings.embed.model
    values = written(best, reduce(LabelledInput.among, more, faces), model)
    print(json.dumps(values, indent=1))
    if arguments.folder:
        path = Path(arguments.folder, model)
        path.with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n", "utf-8")
        arrays = {"mean": best.mean, "basis": best.basis, "cohort": best.cohort.astype(np.float16)}
        arrays["unrecognizable"] = unrecognizable(best, everyone)
        np.savez_compressed(path.with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
