"""What decisions teach about thresholds in collections that the shipped calibration does not fit.

    python benchmarks/teaching_worse.py FOLDER INDEX...

Each INDEX holds labelled folders whose photos are still there, as for ``benchmarks/teaching.py``. Up to 1,100
photos of each, 40 of a person, become scans of old prints: grey, the largest face 24 to 40 pixels wide,
blurred, JPEG quality 20 to 30, then enlarged three times. The main faces of the first index are compressed,
51 pixels wide at JPEG quality 10, and embedded without their mirror image. FOLDER keeps the embeddings.
Collections are these, the same with half of the photos as they are, and all as they are; then scans and
photos as they are as of a model that was not calibrated.

Printed are wrong faces, pairwise precision and recall with nothing said, and where groups (then all joins)
need so much more evidence. Then the same after 50 answers, or 50 names and corrections, and where these move
the evidence that groups need, with the wrong faces and precision of people nobody spoke of.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from albums import STRANGER, Album
from PIL import Image, ImageFilter
from shapes import MODEL, Pool, read
from teaching import SHIPPED, UNKNOWN, Collection, Said, corrections, questions, taught
from worse_photos import WORSE

from photoclust.evaluate.scores import pairwise_scores
from photoclust.faces.align import crop_faces
from photoclust.faces.quality import assess
from photoclust.index.store import IndexStore
from photoclust.models.embedder import load
from photoclust.people.calibration.evidence import Calibration, calibration_of
from photoclust.people.clustering import joining
from photoclust.people.clustering.required import required_evidence
from photoclust.people.clustering.verify_input import VerifyInput
from photoclust.people.identity.near import Near
from photoclust.records import Detections
from photoclust.workflows.train.crops import cut_crops

PHOTOS, OF_A_PERSON, WIDTHS, QUALITIES, ENLARGED = 1100, 40, (24, 40), (20, 31), 3
MOVES = (-4, -2, 2, 4)


@dataclass(frozen=True)
class Worse:
    """Rows of faces of a pool, how they are embedded now (float32, shape (n, 512)), and their quality."""

    rows: np.ndarray
    vectors: np.ndarray
    quality: np.ndarray

    def among(self, pool: Pool, half: int, share: float, calibration: Calibration) -> Album:
        """Faces of a half, of so large a share of the photos as they are now, of the others as they were."""
        own = pool.half[self.rows] == half
        rows, photos = self.rows[own], pool.faces.photos[self.rows[own]]
        now = (np.random.default_rng(0).random(pool.faces.photos.max() + 1) < share)[photos]
        vectors = np.where(now[:, None], self.vectors[own], pool.faces.embeddings[rows])
        quality = np.where(now, self.quality[own], pool.faces.quality[rows])
        centred = calibration.centred(vectors)
        number = np.unique(pool.person[rows], return_inverse=True)[1]
        truth = np.where(pool.main[rows], number, STRANGER)
        return Album(VerifyInput(centred, quality, photos, pool.faces.boxes[rows]), truth)


def scans(indexes: list[str]) -> Worse:
    """Photos as scans of old prints."""
    rows, vectors, quality, before = [], [], [], 0
    for index in indexes:
        store = IndexStore.open(index)
        embedder = load(store.settings.embed.model, flip=store.settings.embed.flip)
        table = store.faces(["box", "landmarks", "photo_id", "detection_score"]).to_pylist()
        uris = {row["photo_id"]: row["uri"] for row in store.photos().to_pylist()}
        of_photo: dict[str, list[int]] = {}
        for row, face in enumerate(table):
            of_photo.setdefault(face["photo_id"], []).append(row)
        for photo in _some(sorted(of_photo), uris):
            own = of_photo[photo]
            pixels, found = scan(uris[photo], [table[row] for row in own], int(photo[:8], 16))
            vectors.append(embedder.embed(crop_faces(pixels, found, store.settings.crop)))
            quality.append(assess(pixels, found).quality)
            rows += [before + row for row in own]
        before += len(table)
    return Worse(np.array(rows), np.concatenate(vectors), np.concatenate(quality))


def _some(photos: list[str], uris: dict[str, str]) -> list[str]:
    chosen, times = list[str](), dict[str, int]()
    for photo in np.random.default_rng(5).permutation(photos).tolist():
        person = uris[photo].split("/")[-2]
        times[person] = times.get(person, 0) + 1
        chosen += [photo] if times[person] <= OF_A_PERSON else []
    return chosen[:PHOTOS]


def scan(uri: str, faces: list[dict], seed: int) -> tuple[np.ndarray, Detections]:
    """A photo as a scan of an old print, and where its faces are there."""
    rng, photo = np.random.default_rng(seed), Image.open(uri.removeprefix("file://"))
    boxes = np.array([face["box"] for face in faces], np.float32)
    marks = np.array([face["landmarks"] for face in faces], np.float32).reshape(-1, 5, 2)
    scores = np.array([face["detection_score"] for face in faces], np.float32)
    scale = min(1.0, float(rng.uniform(*WIDTHS)) / (boxes[:, 2] - boxes[:, 0]).max())
    size = [max(1, round(side * scale)) for side in photo.size]
    small = photo.convert("RGB").convert("L").resize(size, Image.Resampling.LANCZOS)
    stored = io.BytesIO()
    small.filter(ImageFilter.GaussianBlur(0.5)).save(stored, "JPEG", quality=int(rng.integers(*QUALITIES)))
    large = (
        Image.open(stored).convert("RGB").resize([ENLARGED * side for side in size], Image.Resampling.BICUBIC)
    )
    return np.asarray(large), Detections(boxes * scale * ENLARGED, marks * scale * ENLARGED, scores)


def compressed(index: str, pool: Pool) -> Worse:
    """Main faces of the first index, compressed."""
    store = IndexStore.open(index)
    ids = store.faces(["face_id"])["face_id"].to_pylist()
    rows = np.flatnonzero(pool.main[: len(ids)])
    crops = np.zeros((len(rows), 160, 160, 3), np.uint8)
    for place, crop in cut_crops(store, [ids[row] for row in rows], store.settings.crop):
        assert not isinstance(crop, str), crop
        crops[place] = WORSE["compressed"](crop)
    vectors = load(store.settings.embed.model, flip=False).embed(crops)
    return Worse(rows, vectors, pool.faces.quality[rows])


def kept(file: Path, make: Callable[[], Worse]) -> Worse:
    if not file.exists():
        made = make()
        np.savez(file, rows=made.rows, vectors=made.vectors, quality=made.quality)
    return Worse(**np.load(file))


def collections(pool: Pool, scanned: Worse, compact: Worse) -> Iterator[tuple[str, Collection]]:
    shipped, unknown = calibration_of(MODEL), calibration_of(UNKNOWN, 512)
    kinds = [(f"scans {share:.0%}", scanned, share, shipped) for share in (1, 0.5, 0)]
    kinds += [(f"compressed {share:.0%}", compact, share, shipped) for share in (1, 0.5)]
    kinds += [(f"not calibrated, scans {share:.0%}", scanned, share, unknown) for share in (1, 0)]
    for name, worse, share, calibration in kinds:
        for half, letter in enumerate("TR"):
            yield f"{letter} {name}", Collection(worse.among(pool, half, share, calibration), calibration)


def wrong(faces: Collection, said: Said, among: np.ndarray, more: float = 0.0, joins: bool = False) -> str:
    """Wrong faces, precision and recall; then the wrong ones and precision of some."""
    joining.required_evidence = lambda *of: np.maximum(0.0, required_evidence(*of) + more * joins)
    group, main = faces.grouped(said, more).group, faces.truth != STRANGER
    told = []
    for some in (main, main & among):
        scores = pairwise_scores(faces.truth[some], group[some])
        told.append(f"{faces.wrong(group, some)} (P {scores.precision:.3f} R {scores.recall:.3f})")
    joining.required_evidence = required_evidence
    return ", of others ".join(told if not among.all() else told[:1])


def show(name: str, faces: Collection) -> None:
    before, every = faces.grouped(Said()), np.ones(len(faces.truth), bool)
    moves = "; ".join(
        f"{more:+d} {wrong(faces, Said(), every, more)}, all joins {wrong(faces, Said(), every, more, True)}"
        for more in MOVES
    )
    print(f"{name}: {len(every)} faces, wrong {wrong(faces, Said(), every)}; {moves}", flush=True)
    for simulation in (questions, corrections):
        said = Said()
        right = simulation(faces, before, said)
        others = ~np.isin(faces.truth, faces.truth[said.rows()])
        move = -taught(Near.of(before, faces.calibration), said) / SHIPPED[0]
        yes = f"{sum(right)} yes, " if right else ""
        print(f"    {simulation.__name__}: {yes}before {wrong(faces, Said(), others)}", end="")
        print(f"; after {wrong(faces, said, others)}", end="")
        print(f"; moved by {move:+.1f} {wrong(faces, said, others, move)}", flush=True)


def main(folder: Path, indexes: list[str]) -> None:
    torch.set_num_threads(1)
    pool = read(indexes, UNKNOWN)
    scanned = kept(folder / "scans.npz", lambda: scans(indexes))
    compact = kept(folder / "compressed.npz", lambda: compressed(indexes[0], pool))
    for name, faces in collections(pool, scanned, compact):
        show(name, faces)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
