"""How well a face's quality tells whether it will be recognised: the source of the weights in ``quality.py``.

``python benchmarks/quality.py [--photos DIR]``, DIR holding ``lfw-dev`` and ``lfw-dev-pairs.txt``. One
photo of every genuine pair is left as it is, the other is made smaller, blurred or compressed in steps. A
face counts as recognised when its cosine distance to the untouched photo is below 0.55, about one false match
in 1,000 impostor pairs. A logistic regression learns that from half of the pairs; the figures printed are for
the other half.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from photoclust.config import CropConfig, DetectConfig
from photoclust.faces.align import crop_faces
from photoclust.faces.detect import Detector
from photoclust.faces.quality import assess, evidence
from photoclust.models.embedder import load
from photoclust.records import Detections

DISTANCE = 0.55


def main() -> None:
    """Measure, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--limit", type=int, default=500, help="pairs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    measured = Study(arguments.photos).measure(arguments.limit)
    report(*(np.array(column) for column in zip(*measured, strict=True)))


class Study:
    """Genuine pairs, one side of them degraded."""

    def __init__(self, photos: Path) -> None:
        self.photos = photos
        self.detector = Detector(DetectConfig(min_face_size=20))
        self.embedder = load("casia-webface", flip=False)

    def measure(self, limit: int) -> list[tuple[int, str, np.ndarray, float, float]]:
        """Pair, degradation, evidence, quality and cosine similarity of every degraded photo."""
        rows = []
        for number, (one, other) in enumerate(self.pairs()[:limit]):
            states = [
                ("reference", Image.open(one).convert("RGB")),
                *degraded(Image.open(other).convert("RGB")),
            ]
            faces = [(name, *face) for name, image in states if (face := self.face(image))]
            if faces[0][0] != "reference":
                continue
            similarity = (
                embeddings := self.embedder.embed(np.stack([face[1] for face in faces]))
            ) @ embeddings[0]
            rows += [
                (number, name, seen, quality, float(cosine))
                for (name, _, seen, quality), cosine in list(zip(faces, similarity, strict=True))[1:]
            ]
        return rows

    def pairs(self) -> list[tuple[Path, Path]]:
        """The genuine pairs: lines of three words."""
        lines = (self.photos / "lfw-dev-pairs.txt").read_text().split("\n")
        words = [line.split() for line in lines if len(line.split()) == 3]
        folder = self.photos / "lfw-dev"
        return [tuple(folder / n / f"{n}_{int(i):04d}.jpg" for i in (a, b)) for n, a, b in words]  # type: ignore

    def face(self, image: Image.Image) -> tuple[np.ndarray, np.ndarray, float] | None:
        """Crop, evidence and quality of the face nearest the centre."""
        pixels = np.asarray(image)
        found = self.detector.detect(pixels)
        if not len(found):
            return None
        centre = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
        best = np.square(centre - np.array(image.size) / 2).sum(1).argmin()
        face = Detections(*(a[best : best + 1] for a in (found.boxes, found.landmarks, found.scores)))
        judged = assess(pixels, face)
        crop = crop_faces(pixels, face, CropConfig())[0]
        return crop, evidence(face.scores, judged.sharpness, judged.yaw)[0], float(judged.quality[0])


def degraded(image: Image.Image) -> list[tuple[str, Image.Image]]:
    """A photo in ever worse states."""
    states = [("as it is", image)]
    for side in (125, 90, 65, 50):
        states.append((f"{side} px wide", image.resize((side, side), Image.Resampling.BOX)))
    for radius in (1.5, 3, 5):
        states.append((f"blurred by {radius} px", image.filter(ImageFilter.GaussianBlur(radius))))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=8)
    return [*states, ("JPEG quality 8", Image.open(buffer).convert("RGB"))]


def report(
    pair: np.ndarray, state: np.ndarray, seen: np.ndarray, quality: np.ndarray, similarity: np.ndarray
) -> None:
    """Print what happens to each state, the fitted weights, and how well they predict the other half."""
    recognised = 1 - similarity < DISTANCE
    for name in dict.fromkeys(state):
        rows = state == name
        print(
            f"{name:18} n {rows.sum():4}  similarity {similarity[rows].mean():.3f}  "
            f"recognised {recognised[rows].mean():.3f}  quality {quality[rows].mean():.3f}"
        )
    train = pair % 2 == 0
    model = LogisticRegression(C=100, max_iter=1000).fit(seen[train], recognised[train])
    print("weights", model.coef_[0].round(2), "offset", model.intercept_.round(2))
    fitted = model.predict_proba(seen)[:, 1]
    for name, value in [
        ("quality as shipped", quality),
        ("fitted on the other half", fitted),
        *enumerate(seen.T),
    ]:
        test = ~train
        print(
            f"{name}: AUC {roc_auc_score(recognised[test], value[test]):.3f}  "
            f"rank correlation with similarity {spearmanr(value[test], similarity[test])[0]:.3f}"
        )


if __name__ == "__main__":
    main()
