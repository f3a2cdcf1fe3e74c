"""What faces of poor photos in the cohort of strangers do for collections of poor photos.

    python benchmarks/degraded.py FOLDER INDEX...

Each INDEX holds labelled folders whose photos are still there, the first those of ``lfw-dev``. FOLDER keeps
the embeddings of their photos as scans of old prints and strongly compressed, made as
``benchmarks/teaching_worse.py`` does, and of the faces that stand for strangers, which are degraded in
another way (`photoclust.faces.degraded`). People are dealt to two halves; each is judged with a cohort of the
degraded faces of the other.

Printed is, with the cohort of clear faces alone and with both, how many times as many pairs of strangers have
the evidence of false match rates of 1 in 1,000 and 10,000 among clear photos, and the share of genuine pairs
that have it; then how collections are grouped that are all or half of such photos, or of none.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from albums import STRANGER, Album
from shapes import DEV, LARGE, MODEL, Pool, read, scored
from teaching import UNKNOWN
from teaching_worse import Worse, compressed, kept, scans

from photoclust.cli._context import context
from photoclust.config import ClusterConfig, EngineConfig
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.measuring import COHORT, Degraded, single_evidence, with_cohort
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import Groups, candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours
from photoclust.workflows.snapshot.degraded import degraded_faces

RATES, FACES, PEOPLE = (1e-3, 1e-4), 1_500, 2_000


def strangers(folder: Path, index: str, pool: Pool) -> Degraded:
    """Degraded faces of the people of the first index."""
    file = folder / "degraded.npz"
    if not file.exists():
        rows = np.flatnonzero(pool.main & (pool.source == DEV))
        person = np.unique(pool.person[rows], return_inverse=True)[1]
        found = degraded_faces(
            IndexStore.open(index), rows, person, PEOPLE, context(EngineConfig(kind="local"))
        )
        assert found is not None, f"the photos of {index} cannot be read"
        np.savez(
            file,
            vectors=found.vectors,
            before=found.before,
            person=np.unique(pool.person[rows])[found.person],
        )
    return Degraded(**np.load(file))


def calibrations(pool: Pool, poor: Degraded, half: int) -> dict[str, Calibration]:
    """The shipped calibration with clear strangers, and with degraded ones of the other half as well."""
    shipped = calibration_of(MODEL)
    ones = np.flatnonzero(pool.main & (pool.source == DEV))
    ones = ones[np.unique(pool.person[ones], return_index=True)[1]]
    clear = shipped.centred(pool.faces.embeddings[ones])
    half_of = dict(zip(pool.person.tolist(), pool.half.tolist(), strict=True))
    other = np.array([half_of[person] != half for person in poor.person.tolist()])
    found = {
        "clear": with_cohort(shipped, clear, None),
        "both": with_cohort(shipped, clear, poor.some(other)),
    }
    cohort = found["both"].cohort
    assert cohort is not None
    assert len(cohort) > COHORT
    return found


def evidence_of_pairs(vectors: np.ndarray, person: np.ndarray, calibration: Calibration) -> tuple:
    """Evidence of the pairs of two people, and of those of one."""
    evidence = single_evidence(*calibration.score_normalised(calibration.centred(vectors)))
    left, right = np.triu_indices(len(person), 1)
    same = person[left] == person[right]
    return evidence[left, right][~same], evidence[left, right][same]


def pairs(pool: Pool, worse: dict[str, Worse], half: int, calibration: Calibration) -> str:
    """How often pairs of poor photos exceed the evidence of false match rates of clear ones."""
    rng, told = np.random.default_rng(1), []
    own = (pool.half == half) & pool.main & np.isin(pool.source, (DEV, LARGE))
    clear = own & (pool.faces.quality >= ClusterConfig().min_quality)
    rows = rng.permutation(np.flatnonzero(clear))[:FACES]
    impostor, genuine = evidence_of_pairs(pool.faces.embeddings[rows], pool.person[rows], calibration)
    limits = [np.quantile(impostor, 1 - rate) for rate in RATES]
    told.append(f"clear photos: {_shares(genuine, limits)} of genuine pairs")
    for name, one in worse.items():
        few = rng.permutation(np.flatnonzero(own[one.rows] & (one.quality >= ClusterConfig().min_quality)))[
            :FACES
        ]
        impostor, genuine = evidence_of_pairs(one.vectors[few], pool.person[one.rows[few]], calibration)
        times = ", ".join(
            f"{(impostor > limit).mean() / rate:.1f}" for limit, rate in zip(limits, RATES, strict=True)
        )
        told.append(f"{name}: {times} times as many, {_shares(genuine, limits)} of genuine pairs")
    return "; ".join(told)


def _shares(genuine: np.ndarray, limits: list) -> str:
    return ", ".join(f"{(genuine > limit).mean():.1%}" for limit in limits)


def collections(pool: Pool, worse: dict[str, Worse], half: int, calibration: Calibration) -> dict[str, Album]:
    """Collections of poor photos, of such and others, and of the others alone."""
    found = {
        f"{name} {share:.0%}": one.among(pool, half, share, calibration)
        for name, one in worse.items()
        for share in (1, 0.5, 0)
    }
    return {name: album for name, album in found.items() if (album.truth != STRANGER).any()}


def main(folder: Path, indexes: list[str]) -> None:
    torch.set_num_threads(1)
    pool = read(indexes, UNKNOWN)
    worse = {
        "scans": kept(folder / "scans.npz", lambda: scans(indexes)),
        "compressed": kept(folder / "compressed.npz", lambda: compressed(indexes[0], pool)),
    }
    poor = strangers(folder, indexes[0], pool)
    for half, letter in enumerate("TR"):
        for cohort, calibration in calibrations(pool, poor, half).items():
            print(f"{letter}, {cohort}: {pairs(pool, worse, half, calibration)}", flush=True)

            def group(faces: VerifyInput, calibration: Calibration = calibration) -> Groups:
                config = ClusterConfig()
                graph = neighbours(faces.embeddings, config.k)
                return cluster_faces(candidates_of(faces, graph, config, calibration))[1]

            for name, album in collections(pool, worse, half, calibration).items():
                f, precision, recall, bcubed, *_ = scored(album, group)
                print(
                    f"    {name}: pairwise F {f:.3f}, precision {precision:.3f}, recall {recall:.3f}, "
                    f"BCubed F {bcubed:.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
