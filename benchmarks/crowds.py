"""How often faces of crowds are falsely matched, with and without the others of their photo as a cohort.

    python benchmarks/crowds.py CROWDS INDEX

CROWDS is an index of photos of many people each, nobody in two of them, so that every pair of faces from two
photos is two people. INDEX holds labelled folders whose photos are still there: of twenty people at a time
one photo each is made small, compressed as one picture, and so a scene of strangers; another photo of each
makes a second scene, so that there are genuine pairs as well. Looked at are good faces alone. Printed is, for
the evidence of some false match rates, how many times as often it is exceeded, and of the scenes how many
genuine pairs exceed it.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from photoclust.config import ClusterConfig
from photoclust.faces.align import crop_faces
from photoclust.faces.quality import assess
from photoclust.index.store import IndexStore
from photoclust.models.embedder import load
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.calibration.spread import Side
from photoclust.people.clustering.same_photo import conflicting_photos
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.graph.neighbours import neighbours
from photoclust.records import Detections, face_embeddings
from photoclust.workflows.snapshot.extending import comparable
from photoclust.workflows.snapshot.grouping import verify_input
from photoclust.workflows.snapshot.labelled import labelled_faces

RATES = (1e-2, 1e-3, 1e-4, 1e-5)
SCENE, WIDTHS, QUALITIES = 20, (16, 20, 24, 32, 48, 72), (30, 50, 80)  # faces, pixels across, of JPEG
PEOPLE = 440


@dataclass(frozen=True)
class Crowd:
    """Faces, and the person of each; −1 for somebody who is there once."""

    faces: VerifyInput
    person: np.ndarray

    def good(self, calibration: Calibration) -> np.ndarray:
        """Rows of those that may found a person."""
        poor = self.faces.quality < ClusterConfig().min_quality
        return np.flatnonzero(~poor & calibration.recognizable(self.faces.embeddings))


def report(name: str, crowd: Crowd, calibration: Calibration) -> None:
    """How often evidence is exceeded by pairs from two photos."""
    faces, rows = crowd.faces, crowd.good(calibration)
    left, right = (rows[side] for side in np.triu_indices(len(rows), 1))
    across = faces.photos[left] != faces.photos[right]
    left, right = left[across], right[across]
    same = (crowd.person[left] == crowd.person[right]) & (crowd.person[left] >= 0)
    mates = conflicting_photos(faces, neighbours(faces.embeddings, ClusterConfig().k))
    pairs = f"{(~same).sum()} impostor pairs, {same.sum()} genuine"
    print(f"{name}: {len(rows)} good faces of {len(faces)}, {pairs}")
    for cohort, photos in (("cohort alone", None), ("and their photo", mates)):
        score_normalised, model = calibration.score_normalised(faces.embeddings, photos)
        one, hubness = np.ones(len(left)), score_normalised[:, -1].astype(np.float64)
        products = (faces.embeddings @ faces.embeddings.T)[left, right].astype(np.float64)
        evidence = model.evidence(Side(one, one, hubness[left]), Side(one, one, hubness[right]), products)
        for rate in RATES:
            over = evidence > calibration.evidence_at(rate)
            accepted = f", {over[same].mean():.1%} of genuine pairs" if same.any() else ""
            print(
                f"  {cohort}: {rate:g}: {over[~same].mean() / rate:.1f} times as many{accepted}", flush=True
            )


def crowds(index: str) -> tuple[Crowd, Calibration]:
    """The faces of an index of crowds."""
    store = IndexStore.open(index)
    calibration = calibration_of(store.settings.embed.model)
    table = store.faces(["box", "quality", "embedding"])
    known = verify_input(table, comparable(face_embeddings(table), table, calibration))
    return Crowd(known, np.full(len(known), -1)), calibration


def scenes(index: str) -> tuple[Crowd, Calibration]:
    """Scenes of twenty strangers each, made of photos of labelled folders."""
    store, labelled = IndexStore.open(index), labelled_faces(index, "folders")
    calibration = calibration_of(store.settings.embed.model)
    faces = store.faces(["box", "landmarks", "detection_score"])
    uri = dict(zip(*(store.photos()[name].to_pylist() for name in ("photo_id", "uri")), strict=True))
    embedder, rng = load(store.settings.embed.model, flip=True), np.random.default_rng(0)
    truth, rows = np.unique(labelled.people, return_inverse=True)[1], np.asarray(labelled.rows)
    people = rng.permutation(np.flatnonzero(np.bincount(truth) >= 2))[:PEOPLE]
    crops, quality, photo, person, boxes = [], [], [], [], []
    for number, start in enumerate(range(0, len(people) - SCENE + 1, SCENE)):
        who = people[start : start + SCENE]
        both = np.array([rng.permutation(rows[truth == one])[:2] for one in who])
        for scene, column in enumerate(both.T):
            width, jpeg = rng.choice(WIDTHS), rng.choice(QUALITIES)
            for one, row in zip(who, column.tolist(), strict=True):
                face = faces.slice(row, 1).to_pylist()[0]
                pixels, found = made_small(uri[face["photo_id"]], face, int(width), int(jpeg))
                crops.extend(crop_faces(pixels, found, store.settings.crop))
                quality.append(assess(pixels, found).quality[0])
                photo.append(2 * number + scene)
                person.append(one)
                boxes.append(100 * len(boxes) + np.array([0, 0, width, width], np.float32))
    embeddings = calibration.centred(embedder.embed(np.array(crops)))
    known = VerifyInput(embeddings, np.array(quality), np.array(photo), np.array(boxes))
    return Crowd(known, np.array(person)), calibration


def made_small(uri: str, face: dict, width: int, jpeg: int) -> tuple[np.ndarray, Detections]:
    """The photo with its face so many pixels wide, compressed, and where the face is now."""
    photo = Image.open(uri.removeprefix("file://")).convert("RGB")
    scale = min(1.0, width / (face["box"][2] - face["box"][0]))
    small = photo.resize([max(1, round(side * scale)) for side in photo.size], Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=jpeg)
    boxes = np.array([face["box"]], np.float32) * scale
    landmarks = np.array(face["landmarks"], np.float32).reshape(1, 5, 2) * scale
    score = np.array([face["detection_score"]], np.float32)
    return np.asarray(Image.open(buffer).convert("RGB")), Detections(boxes, landmarks, score)


if __name__ == "__main__":
    torch.set_num_threads(1)
    report("crowds", *crowds(sys.argv[1]))
    report("scenes", *scenes(sys.argv[2]))
