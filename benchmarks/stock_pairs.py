"""What each step between facenet-pytorch's documented pipeline and `photoclust verify` brings, on pairs.

    python benchmarks/stock_pairs.py PHOTOS PAIRS [--embeddings FILE] [--all] [--processes N]

PHOTOS are labelled folders of LFW, PAIRS its development pairs; only photos that these name are looked at,
unless ``--all`` says otherwise. The pipeline is that of facenet-pytorch's
``lfw_evaluate`` notebook: MTCNN with crops of 160 pixels, margin 14 and the most central large face, then
InceptionResnetV1 and the cosine. It is run with the weights of the default model; then one thing after
another becomes what photoclust does. Embeddings are kept in FILE, from which a second run takes them.

Mean and strangers of the shipped calibration come from these very people. So the last columns are of pairs
within a fifth of the people, with a mean and strangers of the other four fifths.
"""

from __future__ import annotations

import argparse
import multiprocessing
from pathlib import Path

import numpy as np
from PIL import Image

from photoclust.config import CropConfig
from photoclust.evaluate.pair_lists import PairList, pairs_of_file, pairs_of_labels
from photoclust.evaluate.verification import (
    ScoredPairs,
    accuracy_in_folds,
    equal_error_rate,
    error_rates,
    operating_points,
)
from photoclust.faces.align import crop_faces
from photoclust.models.embedder import load
from photoclust.models.weights import weights_path
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.pair_table import FOLDS, of_others
from photoclust.people.calibration.pairs import Templates, templates
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import Detections

MODEL, SIZE, STOCK_MARGIN, MARGIN = "casia-webface", 160, 14, 32
_PHOTOS = 16  # of a job


# -- embeddings ---------------------------------------------------------------------------------------------


def embedded(photos: list[Path], processes: int) -> dict[str, np.ndarray]:
    """Embeddings of the main face of each photo by every way of cropping, by the name of the way."""
    jobs = [photos[start : start + _PHOTOS] for start in range(0, len(photos), _PHOTOS)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        parts = list(pool.imap(_embedded, jobs))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _embedded(photos: list[Path]) -> dict[str, np.ndarray]:
    import torch

    detector, stock, ours = _networks()
    crops, standardised = list[np.ndarray](), []
    for path in photos:
        picture = Image.open(path).convert("RGB")
        found, chances, points = detector.detect(picture, landmarks=True)
        found, _, points = detector.select_boxes(
            found, chances, points, picture, method="center_weighted_size"
        )
        standardised.append(detector.extract(picture, found, None))
        box, landmarks = np.reshape(found, (1, 4)), np.reshape(points, (1, 5, 2))
        face = Detections(box.astype(np.float32), landmarks.astype(np.float32), np.ones(1, np.float32))
        crops.append(crop_faces(np.asarray(picture), face, CropConfig(SIZE, MARGIN)))
    with torch.inference_mode():
        rows = stock(torch.stack(standardised)).numpy()
    upright = np.concatenate(crops)
    mirrored = np.ascontiguousarray(upright[:, :, ::-1])
    return {"stock": rows, "wider": ours.embed(upright), "mirrored": ours.embed(mirrored)}


_MADE: list = []


def _networks() -> list:
    """Stock detector, stock embedder with our weights, our embedder without mirror images; made once."""
    if not _MADE:
        import torch
        from facenet_pytorch import MTCNN, InceptionResnetV1
        from safetensors.torch import load_file

        torch.set_num_threads(1)
        network = InceptionResnetV1().eval()
        network.load_state_dict(load_file(weights_path(MODEL)), strict=False)
        detector = MTCNN(image_size=SIZE, margin=STOCK_MARGIN, selection_method="center_weighted_size")
        _MADE.extend([detector, network, load(MODEL, flip=False)])
    return _MADE


# -- steps --------------------------------------------------------------------------------------------------


def steps(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Embeddings after each step that changes them, by what the step is."""
    both = rows["wider"] + rows["mirrored"]
    return {
        "stock": rows["stock"],
        f"margin of {MARGIN}": rows["wider"],
        "with the mirror image": unit_rows(both / np.linalg.norm(both, axis=1, keepdims=True)),
    }


def compared(embeddings: np.ndarray, step: int, calibration: Calibration | None) -> Templates:
    """Faces as they are compared: as they come, centred, or less what they have in common with strangers."""
    plain = Templates(unit_rows(embeddings), np.zeros(len(embeddings)))
    if calibration is None or step == 0:
        return plain
    ready = templates(calibration, calibration.centred(embeddings))
    return ready if step == 2 else Templates(ready.vectors, plain.hubness)


def similarity(faces: Templates, pairs: PairList) -> np.ndarray:
    """Of each pair."""
    cosine = np.einsum("ij,ij->i", faces.vectors[pairs.left], faces.vectors[pairs.right], dtype=np.float64)
    return cosine - (faces.hubness[pairs.left] + faces.hubness[pairs.right]) / 2


def held_out(embeddings: np.ndarray, step: int, person: np.ndarray, pairs: PairList) -> ScoredPairs:
    """Pairs within each fifth of the people, with a mean and strangers of the others."""
    fold = np.random.default_rng(0).integers(0, FOLDS, person.max() + 1)[person]
    found = np.empty(len(pairs.left))
    for k in range(FOLDS):
        others = of_others(calibration_of(MODEL), unit_rows(embeddings[fold != k]), person[fold != k])
        inside = fold[pairs.left] == k
        found[inside] = similarity(compared(embeddings, step, others), pairs)[inside]
    keep = fold[pairs.left] == fold[pairs.right]
    return scored(found, person, pairs, keep)


def scored(
    values: np.ndarray, person: np.ndarray, pairs: PairList, keep: np.ndarray | None = None
) -> ScoredPairs:
    """Pairs, or some of them, with their similarities."""
    rows = np.ones(len(values), bool) if keep is None else keep
    sides = person[pairs.left][rows], person[pairs.right][rows]
    return ScoredPairs(values[rows], *sides, pairs.same[rows], pairs.weight[rows], pairs.fold[rows])


def told(name: str, few: ScoredPairs, everyone: ScoredPairs, others: ScoredPairs) -> str:
    """A row of the table."""
    accuracy = accuracy_in_folds(few)
    assert accuracy is not None
    _, fmr, fnmr = error_rates(few)
    equal = equal_error_rate(fmr, fnmr)
    rates = [f"{accuracy[0]:.3f} ± {accuracy[1]:.3f}", f"{equal:.1%}"]
    for scores in (everyone, others):
        point = operating_points(scores, (1e-3,))[0]
        assert point.false_non_match_rate is not None
        assert point.low is not None
        assert point.high is not None
        ends = f"({1 - point.high:.1%} to {1 - point.low:.1%})"
        rates.append(f"{1 - point.false_non_match_rate:.1%} {ends}")
    return f"| {name} | " + " | ".join(rates) + " |"


def rows_of(photos: list[Path], file: Path | None, processes: int) -> dict[str, np.ndarray]:
    """Embeddings, from a file where they were kept."""
    if file is not None and file.is_file():
        return dict(np.load(file))
    rows = embedded(photos, processes)
    if file is not None:
        np.savez(file, **rows)  # pyright: ignore[reportArgumentType]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--embeddings", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    photos = sorted(arguments.photos.rglob("*.jpg"))
    if not arguments.all:
        pairs = pairs_of_file(arguments.pairs, [str(photo) for photo in photos])
        photos = [photos[row] for row in np.union1d(pairs.left, pairs.right)]
    rows = rows_of(photos, arguments.embeddings, arguments.processes)
    person = np.unique([photo.parent.name for photo in photos], return_inverse=True)[1].astype(np.int64)
    few, everyone = pairs_of_file(arguments.pairs, [str(photo) for photo in photos]), pairs_of_labels(person)
    print("| | accuracy | equal error rate | accepted at 1 in 1,000 | the same, held out |")
    ways = [(name, one, 0) for name, one in steps(rows).items()]
    ways += [("mean and directions", ways[-1][1], 1), ("less likeness to strangers", ways[-1][1], 2)]
    for name, one, step in ways:
        faces = compared(one, step, calibration_of(MODEL))
        pairs, all_pairs = (scored(similarity(faces, some), person, some) for some in (few, everyone))
        print(told(name, pairs, all_pairs, held_out(one, step, person, everyone)), flush=True)


if __name__ == "__main__":
    main()
