"""Whether heads on stored embeddings help, on people they were not trained on.

    python benchmarks/learning.py INDEX            # heads on the embeddings of an index
    python benchmarks/learning.py INDEX --worse    # and where photos are worse than those of the model
    python benchmarks/learning.py INDEX --photos 30  # where that many photos of each person are named
    python benchmarks/learning.py --curves FILE RUN...    # what several runs learned, in one picture

INDEX holds labelled folders. Half of the people are learned from, of whom a fifth say when to end, the other
half is the test, for five seeds. Printed is the true accept rate at a false match rate of 1 in 1,000 and
BCubed F, before (the embeddings, their mean over training faces taken away) and after; with the mean of the
differences, its standard deviation over seeds, and how many seeds were better by more than chance
(`photoclust.learn.judgement`).

With --worse up to six photos of 350 people are embedded again, from crops made worse: faces of 24 and 16
pixels, of 51 pixels at JPEG quality 10, and without colour; their photos must still be there.
"""

from __future__ import annotations

import argparse
import csv
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image

from photoclust.index.store import IndexStore
from photoclust.learn.config import TrainConfig
from photoclust.learn.curves import best_epoch
from photoclust.learn.faces import TEST, TRAINING, VALIDATION, split_people
from photoclust.learn.heads import ResidualHead, centred, mean_embedding
from photoclust.learn.judgement import Judgement, equal_error_distance, judge
from photoclust.learn.material import Material
from photoclust.learn.training import Training
from photoclust.models.embedder import load
from photoclust.workflows.train.crops import cut_crops
from photoclust.workflows.train.labelled import labelled_faces

SEEDS = range(5)
PEOPLE, PHOTOS = 350, 6
LOSSES = {"contrastive": {"loss": "contrastive"}, "triplet": {"loss": "triplet", "mining": "semihard"}}


def trained(embeddings: np.ndarray, person: np.ndarray, config: TrainConfig) -> tuple[Judgement, int]:
    """Train a head on half of the people and judge it on the others; with the epoch that was kept."""
    count = np.bincount(person)
    side = split_people(count, (config.validation, config.test), config.seed)[person]
    rows = {one: np.flatnonzero(side == one) for one in (TRAINING, VALIDATION, TEST)}
    often = rows[TRAINING][count[person[rows[TRAINING]]] > 1]
    inputs = torch.from_numpy(embeddings)
    mean = mean_embedding(inputs[rows[TRAINING]])
    head = ResidualHead(config.head, mean)
    photos = [str(row) for row in range(len(person))]
    material = Material(lambda chosen, _: inputs[chosen], person, photos, often, rows[VALIDATION])
    training, best = Training(head, config, material), head.state_dict()
    while not training.is_over:
        if training.next_epoch() is best_epoch(training.curves):
            best = {name: value.clone() for name, value in head.state_dict().items()}
    head.load_state_dict(best)
    with torch.inference_mode():
        vectors = centred(inputs, mean).numpy(), head(inputs).numpy()
    known = rows[VALIDATION]
    thresholds = tuple(equal_error_distance(one[known], person[known]) for one in vectors)
    tested = vectors[0][rows[TEST]], vectors[1][rows[TEST]]
    return judge(tested, person[rows[TEST]], thresholds), best_epoch(training.curves).epoch


def compare(name: str, embeddings: np.ndarray, person: np.ndarray, **settings: object) -> None:
    """Print a line for each loss."""
    for loss, values in LOSSES.items():
        began, found, epochs = time.process_time(), [], []
        for seed in SEEDS:
            config = TrainConfig(validation=0.1, test=0.5, seed=seed, **values, **settings)
            judged, epoch = trained(embeddings, person, config)
            found.append(judged)
            epochs.append(epoch)
        seconds = (time.process_time() - began) / len(found)
        print(
            f"{name:12} {loss:12}",
            line([one.tar for one in found]),
            line([one.bcubed for one in found]),
            end="",
        )
        better = sum(one.is_better for one in found)
        print(f"  better {better} of {len(found)}  epochs {epochs}  {seconds:.0f} s each", flush=True)


def line(measures: list) -> str:
    """Means before and after, and the difference with its deviation over seeds and mean interval."""
    before, after = (np.mean([getattr(one, name) for one in measures]) for name in ("parent", "result"))
    differences = [one.difference for one in measures]
    low, high = np.mean([one.low for one in measures]), np.mean([one.high for one in measures])
    return (
        f" {before:.4f} {after:.4f} {np.mean(differences):+.4f} ± {np.std(differences):.4f} "
        f"[{low:+.4f}, {high:+.4f}]"
    )


def small(width: int) -> Callable[[np.ndarray], np.ndarray]:
    """Make the face of a crop so many pixels wide, and the crop as large as before."""

    def make(crop: np.ndarray) -> np.ndarray:
        side = round(width * 160 / 128)
        less = Image.fromarray(crop).resize((side, side), Image.Resampling.BOX)
        return np.asarray(less.resize((160, 160), Image.Resampling.BILINEAR))

    return make


def compressed(crop: np.ndarray) -> np.ndarray:
    """A face of 51 pixels at JPEG quality 10."""
    stored = io.BytesIO()
    Image.fromarray(crop).resize((64, 64), Image.Resampling.BOX).save(stored, "JPEG", quality=10)
    return np.asarray(Image.open(stored).convert("RGB").resize((160, 160), Image.Resampling.BILINEAR))


def grey(crop: np.ndarray) -> np.ndarray:
    """Without colour."""
    return np.asarray(Image.fromarray(crop).convert("L").convert("RGB"))


WORSE = {"24 pixels": small(24), "16 pixels": small(16), "compressed": compressed, "grey": grey}


def some(person: np.ndarray, people: int = PEOPLE, photos: int = PHOTOS, least: int = 2) -> np.ndarray:
    """Rows of up to so many photos of so many people with `least` and more."""
    rng = np.random.default_rng(0)
    chosen = rng.permutation(np.flatnonzero(np.bincount(person) >= least))[:people]
    return np.sort(
        np.concatenate([rng.permutation(np.flatnonzero(person == one))[:photos] for one in chosen])
    )


def draw_curves(file: str, runs: list[str]) -> None:
    """Draw the curves of several runs, each called what its folder is called."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, 3)
    for number, folder in enumerate(runs):
        with Path(folder, "curves.csv").open() as lines:
            rows = [
                {name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(lines)
            ]
        column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        style = {"marker": "o^sD"[number % 4], "ms": 3, "label": Path(folder).name}
        axes[0].plot(column["epoch"], 100 * column["active"], **style)
        axes[1].plot(column["epoch"], column["validation_impostor"] - column["validation_genuine"], **style)
        axes[2].plot(column["epoch"], column["validation_tar"], **style)
    titles = ("cost something, %", "validation: impostor − genuine distance", "validation: TAR at FMR 0.001")
    for one, title in zip(axes, titles, strict=True):
        one.set(xlabel="epoch", title=title)
        one.title.set_fontsize(9)
        one.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(file, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", metavar="INDEX|RUN")
    parser.add_argument("--photos", type=int, default=10_000, metavar="N")
    parser.add_argument("--worse", action="store_true")
    parser.add_argument("--curves", metavar="FILE")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.curves:
        draw_curves(asked.curves, asked.folders)
    else:
        heads(asked.folders[0], asked.worse, asked.photos)


def heads(index: str, worse: bool, photos: int) -> None:
    """Print what heads come to on an index."""
    store = IndexStore.open(index)
    faces, _ = labelled_faces(store, "folders", 1.0)
    if not worse:
        rows = some(faces.person, len(faces.names), photos, least=1)
        compare("as they are", faces.embeddings[rows], faces.person[rows])
        return
    rows = some(faces.person)
    person = np.unique(faces.person[rows], return_inverse=True)[1].astype(np.int64)
    crops = np.zeros((len(rows), 160, 160, 3), np.uint8)
    for place, crop in cut_crops(store, [faces.face_ids[row] for row in rows], store.settings.crop):
        crops[place] = crop
    embedder = load(store.settings.embed.model, flip=False)
    compare("as they are", faces.embeddings[rows], person)
    for name, make in WORSE.items():
        vectors = embedder.embed(np.stack([make(crop) for crop in crops]))
        compare(name, vectors.astype(np.float16).astype(np.float32), person)


if __name__ == "__main__":
    main()
