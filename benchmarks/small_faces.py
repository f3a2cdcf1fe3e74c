"""How small a face may be: photos made smaller step by step, their faces held against others of full size.

    python benchmarks/small_faces.py INDEX [220]

INDEX holds labelled folders whose photos are still there. One photo of each of so many people is scaled
until its main face has so many pixels across, and embedded again. Printed are the share of them accepted at
a cosine distance of 0.545, about one false match in 1,000 of full size, and how often two such small faces
of different people are falsely matched: all, and those that may found a person.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from PIL import Image

from photoclust.config import ClusterConfig
from photoclust.faces.align import crop_faces
from photoclust.faces.quality import assess
from photoclust.index.store import IndexStore
from photoclust.models.embedder import load
from photoclust.people.calibration.evidence import calibration_of
from photoclust.records import Detections, face_embeddings
from photoclust.workflows.snapshot.extending import comparable
from photoclust.workflows.snapshot.labelled import labelled_faces

WIDTHS, DISTANCE = (1000, 60, 40, 32, 28, 24, 20, 16, 12), 0.545


def pairs(people: list[str], rows: list[int], limit: int) -> np.ndarray:
    """Rows of two faces of each of so many people."""
    truth, rng = np.unique(people, return_inverse=True)[1], np.random.default_rng(0)
    several = rng.permutation(np.flatnonzero(np.bincount(truth) >= 2))[:limit]
    return np.array([rng.permutation(np.asarray(rows)[truth == person])[:2] for person in several])


def shrunk(uri: str, face: dict, width: int) -> tuple[np.ndarray, Detections]:
    """The photo with its face so many pixels wide, at most as it is, and where that is now."""
    photo = Image.open(uri).convert("RGB")
    scale = min(1.0, width / (face["box"][2] - face["box"][0]))
    size = [max(1, round(side * scale)) for side in photo.size]
    boxes = np.array([face["box"]], np.float32) * scale
    landmarks = np.array(face["landmarks"], np.float32).reshape(1, 5, 2) * scale
    score = np.array([face["detection_score"]], np.float32)
    return np.asarray(photo.resize(size, Image.Resampling.LANCZOS)), Detections(boxes, landmarks, score)


def falsely_matched(rows: np.ndarray) -> float:
    pairs = len(rows) * (len(rows) - 1) // 2
    return float((1 - (rows @ rows.T)[np.triu_indices(len(rows), 1)] < DISTANCE).sum() / max(1, pairs))


def main(index: str, limit: int) -> None:
    torch.set_num_threads(1)
    store, labelled = IndexStore.open(index), labelled_faces(index, "folders")
    model, crop = store.settings.embed.model, store.settings.crop
    calibration, embedder = (
        calibration_of(model),
        load(model, flip=store.settings.embed.flip),
    )
    table = store.faces(["box", "landmarks", "photo_id", "embedding", "detection_score"])
    uris = {row["photo_id"]: row["uri"] for row in store.photos().to_pylist()}
    one, other = pairs(labelled.people, labelled.rows, limit).T
    full = comparable(face_embeddings(table), table, calibration)[other]
    faces = table.drop_columns("embedding").take(one).to_pylist()
    for width in WIDTHS:
        small = [shrunk(uris[face["photo_id"]], face, width) for face in faces]
        crops = np.concatenate([crop_faces(pixels, found, crop) for pixels, found in small])
        quality = np.concatenate([assess(pixels, found).quality for pixels, found in small])
        rows = calibration.centred(embedder.embed(crops))
        accepted = np.mean(1 - (rows * full).sum(1) < DISTANCE)
        founders = (quality >= ClusterConfig().min_quality) & calibration.recognizable(rows)
        print(
            f"{width} px: {accepted:.3f} accepted, mean quality {quality.mean():.2f}; false matches "
            f"{falsely_matched(rows):.4f}; {founders.mean():.0%} may found, false matches among them "
            f"{falsely_matched(rows[founders]):.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 220)
