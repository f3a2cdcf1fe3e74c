"""How well people are found in collections of every shape, on two halves of the people.

    python benchmarks/shapes.py [--strangers N] INDEX...

Each INDEX holds labelled folders (``.../SET/PERSON/photo.jpg``); faces are taken from all of them, nothing is
indexed again. The sets are told by the folder above the person: ``lfw-dev``, ``lfw-large``, ``web12`` and
whatever an album holds. People are dealt to two halves by a hash of their name (those of ``web12`` in turn):
constants are chosen on T and reported on R; lines that begin with F are of all people. The label means the
face nearest the centre of a photo; bystanders take part and are not scored.

Printed are pairwise and BCubed scores, people split and groups mixed, and for some collections the BCubed
precision and recall and the pairwise precision by decile of how near the template of the nearest other person
lies: dense regions of the space of embeddings are where people are who were rare in training. ``--strangers``
adds so many synthetic strangers to ``lfw-dev``.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from albums import STRANGER, Album, large_people
from distractors import among, distractors

from photoclust.config import ClusterConfig
from photoclust.evaluate.nearness import Tenth, by_nearness
from photoclust.evaluate.scores import (
    bcubed_scores,
    contingency,
    mixed_groups,
    pairwise_scores,
    split_persons,
)
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.division import cluster_faces
from photoclust.people.clustering.verify import Groups, VerifyInput, candidates_of
from photoclust.people.graph.neighbours import neighbours
from photoclust.records import face_embeddings
from photoclust.workflows.snapshot.extending import comparable
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import main_rows

DEV, LARGE, WEB = "lfw-dev", "lfw-large", "web12"
MANY, BIG = 8, 20  # photos of a person in an album, and of one among people with one photo each
SAME = {"Joseph_Blatter": "Sepp_Blatter"}  # one man under two names
BY_DECILE = ("dev+large", "everything")
MODEL = "casia-webface"

Group = Callable[[VerifyInput], Groups]


@dataclass(frozen=True)
class Pool:
    """Faces of all indexes: the set, person and half of each, and whether its photo's label means it."""

    faces: VerifyInput
    source: np.ndarray
    person: np.ndarray
    half: np.ndarray
    main: np.ndarray

    def some(self, keep: np.ndarray) -> Album:
        rows = np.flatnonzero(keep) if keep.dtype == bool else np.unique(keep)
        number = np.unique(self.person, return_inverse=True)[1]
        truth = np.where(self.main, number, STRANGER)[rows]
        names = ("embeddings", "quality", "photos", "boxes")
        return Album(VerifyInput(*(getattr(self.faces, name)[rows] for name in names)), truth)

    def photos(self, keep: np.ndarray, most: int, rng: np.random.Generator) -> Album:
        """All faces of so many photos of those whose main face is kept."""
        chosen = rng.choice(np.unique(self.faces.photos[keep & self.main]), most, replace=False)
        return self.some(np.isin(self.faces.photos, chosen))


def read(indexes: list[str], model: str = MODEL) -> Pool:
    """Everything that some indexes hold, embeddings as the calibration of a model has them."""
    parts, sources, people, main, photos = [], [], [], [], 0
    for index in indexes:
        store = IndexStore.open(index)
        table, known = store.faces(["box", "quality", "embedding"]), store.photos()
        faces = verify_input(table, comparable(face_embeddings(table), table, calibration_of(model)))
        parts.append((faces.embeddings, faces.quality, faces.photos + photos, faces.boxes))
        photos += faces.photos.max() + 1
        uri = dict(zip(known["photo_id"].to_pylist(), known["uri"].to_pylist(), strict=True))
        folders = [uri[photo].split("/")[-3:-1] for photo in table["photo_id"].to_pylist()]
        sources += [folder for folder, _ in folders]
        people += [SAME.get(person, person) for _, person in folders]
        main.append(np.isin(np.arange(len(table)), main_rows(known, table)))
    source, person, is_main = np.array(sources), np.array(people), np.concatenate(main)
    in_turn = {one: i % 2 for i, one in enumerate(sorted(set(person[source == WEB])))}
    half = np.array([in_turn.get(one, zlib.crc32(f"h1{one}".encode()) & 1) for one in people])
    labelled = is_main & ~np.isin(person, ("crowds", "dlib_faces", "together"))
    arrays = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pool(VerifyInput(*arrays), source, person, half, labelled)


def halves(pool: Pool) -> Iterator[tuple[str, list[Album]]]:
    """Collections of the people of each half, several draws of most kinds."""
    rng = np.random.default_rng(0)
    for half, name in enumerate("TR"):
        own = pool.half == half
        web, dev, large = (own & (pool.source == one) for one in (WEB, DEV, LARGE))
        whole = {"web": web, "large": large, "dev": dev, "dev+large": dev | large, "web+large": web | large}
        yield from ((f"{name} {kind}", [pool.some(keep)]) for kind, keep in whole.items())
        yield f"{name} everything", [pool.some(web | dev | large)]
        yield f"{name} few of the web", [few_of_the_web(pool, web, rng) for _ in range(10)]
        yield f"{name} web among others", [web_among_others(pool, web, dev, rng) for _ in range(10)]
        singles = np.flatnonzero(dev)[np.unique(pool.person[dev], return_index=True)[1]]
        names, counts = np.unique(pool.person[web | large], return_counts=True)
        big = np.flatnonzero((web | large) & np.isin(pool.person, names[counts >= BIG]))
        yield f"{name} large and singles", [pool.some(np.r_[singles, big])]
        for photos, draws in ((50, 100), (200, 20)):
            kept = [pool.photos(dev | large, photos, rng) for _ in range(draws)]
            yield f"{name} {photos} photos", kept
        yield f"{name} 50 of the web", [pool.photos(web, 50, rng) for _ in range(30)]
        names, counts = np.unique(pool.person[(dev | large) & pool.main], return_counts=True)
        for people in (5, 10, 20):
            draws = [rng.choice(names[counts >= MANY], people, replace=False) for _ in range(10)]
            chosen = [(dev | large) & pool.main & np.isin(pool.person, some) for some in draws]
            of_photos = [np.isin(pool.faces.photos, pool.faces.photos[keep]) for keep in chosen]
            yield f"{name} albums of {people}", [pool.some(keep) for keep in of_photos]
        clear = pool.some((dev | large) & pool.main)
        dense = Album(clear.faces, np.unique(clear.truth, return_inverse=True)[1])
        for spread, correlation in ((1.15, 0.28), (1.3, 0.5)):
            made = large_people(dense, spread, correlation, np.random.default_rng(half))
            yield f"{name} synthetic {spread}, {correlation}", [made]


def whole(pool: Pool) -> Iterator[tuple[str, list[Album]]]:
    """Collections of all people."""
    web, dev, large = (pool.source == one for one in (WEB, DEV, LARGE))
    album = ~(web | dev | large)
    yield "F footballers", [pool.some(pool.source == "footballers")]
    yield "F album", [pool.some(album)]
    sets = {"dev": dev, "large": large, "dev+large": dev | large, "web": web, "web+large": web | large}
    yield from ((f"F {kind}", [pool.some(keep)]) for kind, keep in sets.items())
    yield "F everything", [pool.some(np.ones(len(pool.source), bool))]
    rng = np.random.default_rng(0)
    yield "F 50 photos", [pool.photos(dev, 50, rng) for _ in range(200)]


def few_of_the_web(pool: Pool, web: np.ndarray, rng: np.random.Generator) -> Album:
    """Some photos each of three people."""
    rows = []
    for person in rng.choice(np.unique(pool.person[web]), 3, replace=False):
        own = np.flatnonzero(web & (pool.person == person))
        rows.append(rng.choice(own, rng.integers(MANY, len(own)), replace=False))
    return pool.some(np.concatenate(rows))


def web_among_others(pool: Pool, web: np.ndarray, dev: np.ndarray, rng: np.random.Generator) -> Album:
    """25 photos each of four people, with crowds and people of whom there are few photos."""
    people = rng.choice(np.unique(pool.person[web]), 4, replace=False)
    own = [np.flatnonzero(web & (pool.person == one)) for one in people]
    rows = [rng.choice(some, 25, replace=False) for some in own]
    groups = np.unique(pool.faces.photos[np.isin(pool.person, ("crowds", "dlib_faces"))])
    if len(groups):
        rows.append(np.flatnonzero(np.isin(pool.faces.photos, rng.choice(groups, 8, replace=False))))
    return pool.some(np.concatenate([*rows, rng.choice(np.flatnonzero(dev), 60, replace=False)]))


def scored(album: Album, group: Group) -> np.ndarray:
    """Pairwise F, precision and recall, BCubed F, people split, groups mixed, of main faces."""
    known = album.truth != STRANGER
    truth, found = album.truth[known], group(album.faces).group[known]
    pairwise, bcubed = pairwise_scores(truth, found), bcubed_scores(truth, found)
    table = contingency(truth[found >= 0], found[found >= 0])
    split, mixed = (len(of(table)) if len(table.count) else 0 for of in (split_persons, mixed_groups))
    return np.array([pairwise.f, pairwise.precision, pairwise.recall, bcubed.f, split, mixed])


def by_decile(album: Album, group: Group) -> tuple[Tenth, ...]:
    """Scores of the main faces by how near the nearest other person is."""
    known = album.truth != STRANGER
    truth = np.unique(album.truth[known], return_inverse=True)[1]
    return by_nearness(album.faces.embeddings[known], truth, group(album.faces).group[known])


def shipped(faces: VerifyInput) -> Groups:
    """People as photoclust finds them."""
    config = ClusterConfig()
    graph = neighbours(faces.embeddings, config.k)
    return cluster_faces(candidates_of(faces, graph, config, calibration_of(MODEL)))[1]


def show(name: str, albums: list[Album], group: Group) -> None:
    f, precision, recall, bcubed, split, mixed = np.mean([scored(album, group) for album in albums], axis=0)
    print(
        f"{name:28} pairwise F {f:.4f} P {precision:.4f} R {recall:.4f}, BCubed F {bcubed:.4f}; "
        f"split {split:.1f}, mixed {mixed:.1f}; {len(albums)} draws",
        flush=True,
    )
    if name.split(" ", 1)[1] in BY_DECILE:
        tenths = by_decile(albums[0], group)
        for name in ("precision", "recall", "pairwise_precision"):
            found = " ".join(f"{getattr(one, name):.3f}" for one in tenths)
            print(f"    by decile of nearness, {name}: {found}")


def among_strangers(pool: Pool, strangers: int) -> Album:
    """``lfw-dev`` and so many faces drawn from the distribution of its people."""
    album = pool.some(pool.source == DEV)
    main = np.flatnonzero(album.truth != STRANGER)
    single = album.faces.embeddings[main[np.unique(album.truth[main], return_index=True)[1]]]
    drawn = distractors(single.astype(np.float64), strangers, "diagonal")
    return Album(among(album.faces, drawn), np.r_[album.truth, np.full(strangers, STRANGER)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("indexes", nargs="+")
    parser.add_argument("--strangers", type=int, default=0)
    arguments = parser.parse_args()
    pool = read(arguments.indexes)
    for name, albums in (*halves(pool), *whole(pool)):
        show(name, albums, shipped)
    if arguments.strangers:
        show(f"F {arguments.strangers} strangers", [among_strangers(pool, arguments.strangers)], shipped)


if __name__ == "__main__":
    main()
