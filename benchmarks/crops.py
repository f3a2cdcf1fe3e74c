"""Whether crops cut in other ways tell people apart better.

    python benchmarks/crops.py [--embeddings FILE] INDEX...

Each INDEX holds labelled folders whose photos are still there; ``benchmarks/shapes.py`` tells the sets and
the two halves of their people. The main face of each photo is cut again as photoclust does it (its box),
turned upright about the middle of its box, by its landmarks alone, and from boxes 10 % smaller, 12 % larger
and moved by 4 %; then embedded in 8 bits where the processor can. Some of these are added up as well, which
takes as many times as long. Embeddings are kept in FILE, from which a second run takes them.

Printed are the genuine pairs accepted within a half at false match rates of 1 in 1,000 and 1 in 10,000, after
mean, directions and strangers, of which mean and strangers come from the same crops of the other half of
``lfw-dev``; and the gain over the box, with 95 % intervals by people drawn anew, the same for both ways.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from shapes import DEV, LARGE, WEB, Pool, read

from photoclust.config import INT8, CropConfig
from photoclust.faces.align import crop_faces
from photoclust.index.store import IndexStore
from photoclust.models.embedder import load
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.calibration.pair_table import of_others
from photoclust.people.calibration.pairs import templates
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import Detections

MODEL = "casia-webface"
RATES, DRAWS = (1e-3, 1e-4), 200
BOX = CropConfig()
# Medians of the landmarks of LFW's development people in crops of their boxes, once turned upright.
LANDMARKS = CropConfig(template=((52.2, 66.1), (111.7, 66.1), (82.0, 91.9), (55.8, 113.3), (108.2, 113.3)))
MOST_TURNED = 60  # degrees; beyond, eyes have been mistaken
SHIFTED = {"smaller": (0.0, 0.9), "larger": (0.0, 1.12), "moved": (0.04, 1.0)}  # move and scale of the box
WAYS = {
    "box": ("box",),
    "upright": ("upright",),
    "upright beyond 8 degrees": ("upright beyond 8",),
    "by landmarks": ("landmarks",),
    **{f"box {name}": (name,) for name in SHIFTED},
    "box and upright": ("box", "upright"),
    "box and landmarks": ("box", "landmarks"),
    "smaller and larger": ("smaller", "larger"),
    "box, smaller, larger": ("box", "smaller", "larger"),
    "box, upright, landmarks": ("box", "upright", "landmarks"),
}


# -- crops and embeddings -----------------------------------------------------------------------------------


def crops(picture: Image.Image, box: np.ndarray, points: np.ndarray) -> dict[str, np.ndarray]:
    """One face, cut in every way: uint8, shape (160, 160, 3) each."""
    pixels, middle, side = np.asarray(picture), (box[:2] + box[2:]) / 2, box[2:] - box[:2]

    def cut(photo: np.ndarray, part: np.ndarray, config: CropConfig = BOX) -> np.ndarray:
        return crop_faces(photo, Detections(part[None], points[None], np.ones(1, np.float32)), config)[0]

    found = {"box": cut(pixels, box), "landmarks": cut(pixels, box, LANDMARKS)}
    for name, (move, scale) in SHIFTED.items():
        centre, half = middle + move * side, side * scale / 2
        found[name] = cut(pixels, np.r_[centre - half, centre + half].astype(np.float32))
    angle = np.degrees(np.arctan2(*(points[1] - points[0])[::-1]))
    turned = picture.rotate(float(angle), Image.Resampling.BILINEAR, center=(middle[0], middle[1]))
    found["upright"] = cut(np.asarray(turned), box) if abs(angle) <= MOST_TURNED else found["box"]
    found["upright beyond 8"] = found["upright" if abs(angle) > 8 else "box"]
    return found


def embedded(indexes: list[str], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Embeddings of some faces of all indexes, by the way they were cut."""
    faces = list[tuple[str, np.ndarray, np.ndarray]]()
    for index in indexes:
        store = IndexStore.open(index)
        uris = {row["photo_id"]: row["uri"] for row in store.photos().to_pylist()}
        for row in store.faces(["photo_id", "box", "landmarks"]).to_pylist():
            points = np.array(row["landmarks"], np.float32).reshape(5, 2)
            faces.append((uris[row["photo_id"]], np.array(row["box"], np.float32), points))
    embedder, parts = load(MODEL, precision=INT8), list[dict[str, np.ndarray]]()
    for start in range(0, len(rows), 64):
        some = [faces[row] for row in rows[start : start + 64]]
        cut = [crops(_picture(uri), *where) for uri, *where in some]
        parts.append({name: embedder.embed(np.array([one[name] for one in cut])) for name in cut[0]})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _picture(uri: str) -> Image.Image:
    return Image.open(uri.removeprefix("file://")).convert("RGB")


# -- pairs --------------------------------------------------------------------------------------------------


def accepted(similarity: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Share of genuine pairs accepted at each rate: of these people (first row), and of each draw of them."""
    left, right = np.triu_indices(len(person), 1)
    values, same = similarity[left, right], person[left] == person[right]
    genuine, owner, photos = values[same], person[left[same]], np.bincount(person)
    others = np.flatnonzero(~same & (values > np.quantile(values[~same], 0.99)))  # no threshold lies lower
    others = others[np.argsort(-values[others])]
    rng, people, found = np.random.default_rng(0), len(photos), list[list[float]]()
    for draw in range(DRAWS + 1):
        times = np.bincount(rng.integers(0, people, people), minlength=people) if draw else np.ones(people)
        taken = times * photos
        falsely = np.cumsum(times[person[left[others]]] * times[person[right[others]]])
        falsely = falsely / ((taken.sum() ** 2 - (taken**2).sum()) / 2)
        limits = values[others[np.minimum(np.searchsorted(falsely, RATES), len(others) - 1)]]
        weight = times[owner] / (photos[owner] - 1)
        found.append([float(np.average(genuine > limit, weights=weight)) for limit in limits])
    return np.array(found)


def of_set(pool: Pool, vectors: np.ndarray, source: str, half: int) -> np.ndarray:
    """`accepted` for the people of one half of a set."""
    others = (pool.source == DEV) & (pool.half != half)
    numbers = np.unique(pool.person[others], return_inverse=True)[1]
    calibration = of_others(calibration_of(MODEL), vectors[others], numbers)
    rows = (pool.source == source) & (pool.half == half)
    faces = templates(calibration, calibration.centred(vectors[rows]))
    return accepted(faces.similarity(faces), np.unique(pool.person[rows], return_inverse=True)[1])


def show(pool: Pool, ways: dict[str, np.ndarray], source: str, half: int) -> None:
    """A line for each way of cutting."""
    box = of_set(pool, ways["box"], source, half)
    for name, vectors in ways.items():
        found = of_set(pool, vectors, source, half)
        low, high = np.quantile(found[1:] - box[1:], (0.025, 0.975), axis=0)
        cells = (
            f"{share:7.2%} ({gain:+.2%}, {least:+.2%} to {most:+.2%})"
            for share, gain, least, most in zip(found[0], found[0] - box[0], low, high, strict=True)
        )
        print(f"{'TR'[half]} {source:9} {name:24} " + "  ".join(cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("indexes", nargs="+")
    parser.add_argument("--embeddings", type=Path)
    arguments = parser.parse_args()
    pool = read(arguments.indexes)
    rows = np.flatnonzero(pool.main & np.isin(pool.source, (DEV, LARGE, WEB)))
    kept = arguments.embeddings
    vectors = dict(np.load(kept)) if kept and kept.is_file() else embedded(arguments.indexes, rows)
    if kept:
        np.savez(kept, **vectors)  # pyright: ignore[reportArgumentType]
    columns = (getattr(pool, name)[rows] for name in ("source", "person", "half", "main"))
    pool = Pool(pool.faces, *columns)
    sums = {way: np.sum([vectors[name] for name in names], axis=0) for way, names in WAYS.items()}
    ways = {way: unit_rows(one / np.linalg.norm(one, axis=1, keepdims=True)) for way, one in sums.items()}
    for half in (0, 1):
        for source in (DEV, WEB, LARGE):
            show(pool, ways, source, half)


if __name__ == "__main__":
    main()
