"""Whether heads on stored embeddings help, on people they were not trained on.

    python benchmarks/learning.py INDEX            # heads on the embeddings of an index
    python benchmarks/learning.py INDEX --worse    # and where photos are worse than those of the model

INDEX holds labelled folders. Half of the people are trained on, a tenth of them says when to end, the other
half is the test, for five seeds. Printed is the true accept rate at a false match rate of 1 in 1,000 and
BCubed F, before (the embeddings, their mean over training faces taken away) and after; with the mean of the
differences, its standard deviation over seeds, and how many seeds were better by more than chance
(`photoclust.learn.judgement`).

With --worse up to six photos of 350 people are embedded again, from crops made worse: faces of 24 and 16
pixels, of 51 pixels at JPEG quality 10, and without colour; their photos must still be there.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image

from photoclust.index.store import IndexStore
from photoclust.learn.config import TrainConfig
from photoclust.learn.curves import best_epoch
from photoclust.learn.faces import TEST, TRAINING, VALIDATION, split_people
from photoclust.learn.heads import ResidualHead, centred, mean_embedding
from photoclust.learn.judgement import Judgement, equal_error_distance, judge
from photoclust.learn.training import Material, Training
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


def some(person: np.ndarray) -> np.ndarray:
    """Rows of up to six photos of 350 people with two and more."""
    rng = np.random.default_rng(0)
    people = rng.permutation(np.flatnonzero(np.bincount(person) > 1))[:PEOPLE]
    return np.sort(
        np.concatenate([rng.permutation(np.flatnonzero(person == one))[:PHOTOS] for one in people])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("--worse", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    store = IndexStore.open(asked.index)
    faces, _ = labelled_faces(store, "folders", 1.0)
    if not asked.worse:
        compare("as they are", faces.embeddings, faces.person)
        return
    rows = some(faces.person)
    person = np.unique(faces.person[rows], return_inverse=True)[1].astype(np.int64)
    crops = np.zeros((len(rows), 160, 160, 3), np.uint8)
    for place, crop in cut_crops(store, [faces.face_ids[row] for row in rows], store.settings.crop):
        crops[place] = crop
    embedder = load(store.settings.embed.model, flip=False)
    compare("as they are", faces.embeddings[rows], person)
    for name, worse in WORSE.items():
        vectors = embedder.embed(np.stack([worse(crop) for crop in crops]))
        compare(name, vectors.astype(np.float16).astype(np.float32), person)


if __name__ == "__main__":
    main()
