"""Whether heads on stored embeddings help, on people they were not trained on.

    python benchmarks/learning.py INDEX            # heads on the embeddings of an index
    python benchmarks/learning.py INDEX --worse    # and where photos are worse than those of the model
    python benchmarks/learning.py INDEX --photos 30  # where that many photos of each person are named
    python benchmarks/learning.py INDEX --margins  # which margins are best, with seeds of their own

INDEX holds labelled folders. Half of the people are learned from, of whom a fifth say when to end, the other
half is the test, for five seeds. Printed is the true accept rate at a false match rate of 1 in 1,000 and
BCubed F, before (the embeddings, their mean over training faces taken away) and after; with the mean of the
differences, its standard deviation over seeds, and how many seeds were better by more than chance
(`photoclust.learn.judgement`).

With --worse up to six photos of 350 people are embedded again, from crops made worse: faces of 24 and 16
pixels, of 51 pixels at JPEG quality 10, and without colour; their photos must still be there. The rows
"clear" are trained on more: on the clear photos of the training people beside the worse ones, and on both of
all people of INDEX who are in neither validation nor test. --keep FOLDER keeps embeddings for the next time.

With --margins each margin is tried with three other seeds on the faces as they are, of 24 and 16 pixels and
compressed. Printed is the mean gain in true accept rate on people who neither learned nor said when to end.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from worse_photos import WORSE, SetUp, WorsePhotos, some

from photoclust.index.store import IndexStore
from photoclust.learn.config import TrainConfig
from photoclust.learn.curves import best_epoch
from photoclust.learn.faces import TEST, TRAINING, VALIDATION, LabelledFaces, split_people
from photoclust.learn.heads import ResidualHead, centred, mean_embedding
from photoclust.learn.judgement import Judgement, equal_error_distance, judge
from photoclust.learn.material import Material
from photoclust.learn.pairs import PairTest
from photoclust.learn.training import Training
from photoclust.types import Floats, Rows
from photoclust.workflows.train.labelled import labelled_faces

SEEDS, OTHER_SEEDS = range(5), range(100, 103)
LOSSES = {"contrastive": {"loss": "contrastive"}, "triplet": {"loss": "triplet", "mining": "semihard"}}
MARGINS: tuple[dict[str, Any], ...] = (
    *({"loss": "contrastive", "positive_margin": own, "negative_margin": other}
      for own, other in ((0.0, 1.2), (0.5, 1.0), (0.5, 1.2), (0.7, 1.0), (0.7, 1.2), (0.7, 1.4), (0.9, 1.2))),
    *({"loss": "triplet", "margin": margin} for margin in (0.05, 0.1, 0.2, 0.4, 0.8)),
)  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """Vectors of a set-up before and after training, whose they are, the side of each, and the best epoch."""

    vectors: tuple[Floats, Floats]
    person: Rows
    side: Rows
    epoch: int

    def of(self, side: int) -> tuple[tuple[Floats, Floats], Rows]:
        """Vectors and people of one side."""
        rows = np.flatnonzero(self.side == side)
        return (self.vectors[0][rows], self.vectors[1][rows]), self.person[rows]

    def judged(self) -> Judgement:
        """On test people."""
        known, people = self.of(VALIDATION)
        before, after = (equal_error_distance(one, people) for one in known)
        return judge(*self.of(TEST), (before, after))

    def gain(self) -> float:
        """Difference in TAR on test people."""
        (before, after), person = self.of(TEST)
        test = PairTest.of(person)
        return test.figures(after).tar - test.figures(before).tar


def trained(faces: SetUp, config: TrainConfig) -> Trained:
    """Train a head on some of the people."""
    count = np.bincount(faces.person)
    people = np.flatnonzero(count)
    sides = np.full(max(count.size, faces.more_person.max(initial=-1) + 1), TRAINING)
    sides[people] = split_people(count[people], (config.validation, config.test), config.seed)
    person = np.concatenate([faces.person, faces.more_person])
    inputs = torch.from_numpy(np.concatenate([faces.vectors, faces.more_vectors]))
    side, own = sides[person], len(faces.person)
    learned = np.flatnonzero(side == TRAINING)
    learned = learned[np.bincount(person)[person[learned]] > 1]
    mean = mean_embedding(inputs[:own][torch.from_numpy(side[:own] == TRAINING)])
    head = ResidualHead(config.head, mean)
    photos = [str(row) for row in range(len(person))]
    known = np.flatnonzero(side[:own] == VALIDATION)
    training = Training(head, config, Material(lambda rows, _: inputs[rows], person, photos, learned, known))
    best = head.state_dict()
    while not training.is_over:
        if training.next_epoch() is best_epoch(training.curves):
            best = {name: value.clone() for name, value in head.state_dict().items()}
    head.load_state_dict(best)
    with torch.inference_mode():
        vectors = centred(inputs[:own], mean).numpy(), head(inputs[:own]).numpy()
    return Trained(vectors, faces.person, side[:own], best_epoch(training.curves).epoch)


def compare(faces: SetUp) -> None:
    """Print a line for each loss."""
    for loss, values in LOSSES.items():
        began = time.process_time()
        every = [trained(faces, TrainConfig(validation=0.1, test=0.5, seed=seed, **values)) for seed in SEEDS]
        found = [one.judged() for one in every]
        seconds = (time.process_time() - began) / len(found)
        measures = line([one.tar for one in found]), line([one.bcubed for one in found])
        better = sum(one.is_better for one in found)
        print(f"{faces.name:18} {loss:12}", *measures, end="")
        epochs = [one.epoch for one in every]
        print(f"  better {better} of {len(found)}  epochs {epochs}  {seconds:.0f} s each", flush=True)


def line(measures: list[Any]) -> str:
    """Means before and after, and the difference with its deviation over seeds and mean interval."""
    before, after = (np.mean([getattr(one, name) for one in measures]) for name in ("parent", "result"))
    differences = [one.difference for one in measures]
    low, high = np.mean([one.low for one in measures]), np.mean([one.high for one in measures])
    return (
        f" {before:.4f} {after:.4f} {np.mean(differences):+.4f} ± {np.std(differences):.4f} "
        f"[{low:+.4f}, {high:+.4f}]"
    )


def try_margins(every: list[SetUp]) -> None:
    """Print what each margin gains, by set-up and on average."""
    print(" " * 62, *(f"{one.name:>12}" for one in every), "        mean")
    for values in MARGINS:
        gains = [
            np.mean([trained(one, TrainConfig(validation=0.15, test=0.35, seed=seed, **values)).gain()
                     for seed in OTHER_SEEDS])
            for one in every
        ]  # fmt: skip
        print(f"{values!s:62}", *(f"{one:+12.4f}" for one in (*gains, np.mean(gains))), flush=True)


def set_ups(asked: argparse.Namespace, store: IndexStore, faces: LabelledFaces) -> Iterable[SetUp]:
    """What is compared."""
    if not asked.worse:
        rows = some(faces.person, len(faces.names), asked.photos, least=1)
        yield SetUp("as they are", faces.embeddings[rows], faces.person[rows])
        return
    photos = WorsePhotos(store, faces, asked.keep)
    yield photos.plain()
    yield from (photos.worse(name) for name in WORSE)
    yield from (photos.among_clear(name) for name in ("16 pixels", "compressed"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index")
    parser.add_argument("--photos", type=int, default=10_000, metavar="N")
    parser.add_argument("--worse", action="store_true")
    parser.add_argument("--margins", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    store = IndexStore.open(asked.index)
    faces, _ = labelled_faces(store, "folders", 1.0)
    if asked.margins:
        photos = WorsePhotos(store, faces, asked.keep)
        try_margins([photos.plain(), *map(photos.worse, ("24 pixels", "16 pixels", "compressed"))])
        return
    for one in set_ups(asked, store, faces):
        compare(one)


if __name__ == "__main__":
    main()
