"""How people are found in small collections, in albums of few people, and where people have many photos.

    python benchmarks/albums.py INDEX

INDEX holds labelled folders of a thousand people and more. Nothing is indexed again: the faces of some of its
photos, bystanders included, are grouped anew, and the main face of each photo is scored. How many bystanders
end in groups, and the largest group of bystanders alone, is printed too. Means over draws:

- samples: so many photos, whoever is in them;
- albums: all photos of so many people who have eight photos and more;
- large people, which are synthetic: 24 people with 100 to 900 photos each. A person is the mean of a real
  one's photos; a photo adds to it what makes a real photo, of anybody, differ from the mean of its person.
  Photos come in series of 5 to 40 (a film, an age) that share some of it: so much that two photos of a series
  are as correlated as ``correlation`` says. As photos from the web vary more than those of one news agency,
  the deviations are drawn out (``spread``) as well.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from photoclust.config import ClusterConfig
from photoclust.evaluate.scores import bcubed_scores, pairwise_scores
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import candidates_of
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.extending import comparable
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

SAMPLES = {50: 200, 200: 40, 1000: 10}  # photos and draws; fifty hold four pairs of a person or so
ALBUMS, DRAWS = (5, 10, 20), 20
MANY = 8  # photos of a person in an album
STRANGER = -1  # person of a face that is no photo's main face
PEOPLE, FEWEST, MOST, SERIES = 24, 100, 900, (5, 40)
SPREADS, CORRELATIONS = (1.0, 1.15, 1.3), (0.28, 0.5)


@dataclass(frozen=True)
class Album:
    """Faces, comparable embeddings among them, and the number of each one's person."""

    faces: VerifyInput
    truth: np.ndarray

    def some(self, keep: np.ndarray) -> Album:
        names = ("embeddings", "quality", "photos", "boxes")
        return Album(VerifyInput(*(getattr(self.faces, name)[keep] for name in names)), self.truth[keep])


def read(index: str) -> tuple[Album, Calibration]:
    """All faces of an index of labelled folders, and the calibration of its model."""
    store, labelled = IndexStore.open(index), labelled_faces(index, "folders")
    calibration = calibration_of(store.settings.embed.model)
    table = store.faces(["box", "quality", "embedding"])
    truth = np.full(len(table), STRANGER)
    truth[labelled.rows] = np.unique(labelled.people, return_inverse=True)[1]
    return Album(
        verify_input(table, comparable(face_embeddings(table), table, calibration)), truth
    ), calibration


def scored(album: Album, calibration: Calibration) -> np.ndarray:
    """Pairwise precision, recall and F, BCubed F, and people split and groups mixed, of the main faces.

    Then the share of bystanders in groups, and the size of the largest group of bystanders alone.
    """
    config = ClusterConfig()
    graph = neighbours(album.faces.embeddings, config.k)
    group = cluster_faces(candidates_of(album.faces, graph, config, calibration))[1].group
    main = album.truth != STRANGER
    alone = np.bincount(group[~main & ~np.isin(group, group[main])] + 1, minlength=2)[1:].max()
    bystanders = (group[~main] >= 0).sum() / max(1, (~main).sum())
    truth, group = album.truth[main], group[main]
    pairwise, bcubed = pairwise_scores(truth, group), bcubed_scores(truth, group)
    table = np.unique(np.column_stack([truth, group])[group >= 0], axis=0)
    split, mixed = (int((np.bincount(column) > 1).sum()) for column in table.T)
    return np.array(
        [pairwise.precision, pairwise.recall, pairwise.f, bcubed.f, split, mixed, bystanders, alone]
    )


def sample(album: Album, photos: int, rng: np.random.Generator) -> Album:
    """The faces of so many labelled photos."""
    known = np.unique(album.faces.photos[album.truth != STRANGER])
    return album.some(np.isin(album.faces.photos, rng.choice(known, photos, replace=False)))


def few_people(album: Album, people: int, rng: np.random.Generator) -> Album:
    """The faces of all photos of so many people who have many."""
    photos = np.bincount(album.truth[album.truth != STRANGER])
    some = rng.choice(np.flatnonzero(photos >= MANY), people, replace=False)
    own = np.unique(album.faces.photos[np.isin(album.truth, some)])
    return album.some(np.isin(album.faces.photos, own))


def large_people(album: Album, spread: float, correlation: float, rng: np.random.Generator) -> Album:
    """Synthetic people with very many photos each."""
    clear = album.some((album.truth != STRANGER) & (album.faces.quality >= ClusterConfig().min_quality))
    photos = np.bincount(clear.truth)
    means = np.zeros((len(photos), clear.faces.embeddings.shape[1]))
    np.add.at(means, clear.truth, clear.faces.embeddings)
    means /= np.maximum(photos, 1)[:, None]
    several = photos[clear.truth] >= 4
    own = photos[clear.truth[several]]
    unbiased = np.sqrt(own / (own - 1))[:, None]  # a mean of few leans towards each of them
    deviations = (clear.faces.embeddings[several] - means[clear.truth[several]]) * unbiased * spread
    some = rng.choice(np.flatnonzero(photos >= MANY), PEOPLE, replace=False)
    sizes = np.geomspace(FEWEST, MOST, PEOPLE).astype(int)
    truth = np.repeat(np.arange(PEOPLE), sizes)
    series = np.concatenate([_series(size, rng) for size in sizes]) + truth * MOST
    series = np.unique(series, return_inverse=True)[1]
    shared = deviations[rng.integers(0, len(deviations), series.max() + 1)][series]
    own = deviations[rng.integers(0, len(deviations), len(truth))]
    rows = means[some][truth] + np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    n = len(rows)
    boxes = np.tile(np.array([0, 0, 100, 100], np.float32), (n, 1))
    quality = rng.choice(clear.faces.quality, n)
    order = rng.permutation(n)
    return Album(VerifyInput(rows, quality, np.arange(n), boxes), truth).some(order)


def _series(size: int, rng: np.random.Generator) -> np.ndarray:
    """Number of the series that each of so many photos is in."""
    lengths = rng.integers(*SERIES, size)
    return np.repeat(np.arange(size), lengths)[:size]


def show(name: str, draws: list[np.ndarray]) -> None:
    precision, recall, f, bcubed, split, mixed, bystanders, alone = np.mean(draws, axis=0)
    least = min(draw[2] for draw in draws)
    print(
        f"{name}: pairwise P {precision:.3f} R {recall:.3f} F {f:.4f} (least {least:.3f}), BCubed F "
        f"{bcubed:.4f}; people split {split:.1f}, groups mixed {mixed:.1f}; of bystanders "
        f"{bystanders:.0%} in groups, {alone:.0f} in the largest of their own; {len(draws)} draws",
        flush=True,
    )


def main(index: str) -> None:
    album, calibration = read(index)
    rng = np.random.default_rng(0)
    show("the whole collection", [scored(album, calibration)])
    for photos, times in SAMPLES.items():
        draws = [scored(sample(album, photos, rng), calibration) for _ in range(times)]
        show(f"{photos} photos", draws)
    for people in ALBUMS:
        draws = [scored(few_people(album, people, rng), calibration) for _ in range(DRAWS)]
        show(f"albums of {people} people", draws)
    for spread in SPREADS:
        for correlation in CORRELATIONS:
            made = [large_people(album, spread, correlation, rng) for _ in range(2)]
            scores = [scored(one, calibration) for one in made]
            show(f"large people, spread {spread}, correlation {correlation}", scores)


if __name__ == "__main__":
    main(sys.argv[1])
