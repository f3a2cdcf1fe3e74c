"""What people look at of a run: plots as PNG, a page, and TensorBoard's files where that is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from photoclust.errors import PhotoclustError
from photoclust.learn.curves import Epoch, best_epoch
from photoclust.learn.faces import TEST
from photoclust.learn.hardest import HardTriplet, hardest_triplets
from photoclust.learn.pairs import PairTest
from photoclust.learn.run_faces import RunFaces
from photoclust.learn.run_folder import RunFolder
from photoclust.learn.running import shown_rows
from photoclust.report.training_page import ShownTriplet, write_training_page
from photoclust.report.training_plots import Distances, curves, distances, maps, triplets
from photoclust.types import Doubles, Floats, Rows

_TRIPLETS = 8
_TITLES = {
    "curves": "Curves",
    "distances": "Distances of test pairs",
    "map": "Some validation people in two dimensions",
}


def write_pages(
    run: RunFolder, values: dict[str, Any], lines: Sequence[str], vectors: tuple[Floats, Floats], person: Rows
) -> None:
    """Write the plots and the page of a run that is over.

    Parameters
    ----------
    run
        Its folder.
    values, lines
        What came out, as plain values and in words.
    vectors
        Of all faces, before training and after.
    person
        int64, shape (n,): whose face each is.
    """
    head, faces = run.head(), run.faces()
    epochs = [Epoch.of(one) for one in values["curves"]]
    tested = np.flatnonzero(faces.side == TEST)
    best = best_epoch(epochs).epoch
    drawn = {
        "curves": curves(epochs, best, "pairs" if head.config.loss == "contrastive" else "triplets"),
        "distances": distances(_distances(vectors, person, tested), (head.parent, f"after epoch {best}")),
        "map": _map(run, faces, vectors[1], best),
    }
    shown = _triplets(run, faces, vectors, person, tested)
    for name, png in drawn.items():
        run.write(f"{name}.png", png)
    if any(all(one.pictures) for one in shown):
        run.write("triplets.png", triplets(shown))
    write_tensorboard(run.path("tensorboard"), epochs)
    write_training_page(
        values,
        lines,
        {_TITLES[name]: png for name, png in drawn.items()},
        shown,
        run.path("report.html"),
    )


def _distances(vectors: tuple[Floats, Floats], person: Rows, tested: Rows) -> Distances:
    test = PairTest.of(person[tested])
    same = test.pairs.same

    def sides(rows: Floats) -> tuple[Doubles, Doubles]:
        apart = np.sqrt(np.maximum(0, 2 - 2 * test.similarity(rows[tested])))
        return apart[same], apart[~same]

    return Distances(sides(vectors[0]), sides(vectors[1]))


def _map(run: RunFolder, faces: RunFaces, after: Floats, best: int) -> bytes:
    """Before, at one or two moments during, and after training."""
    rows = shown_rows(faces)
    there = sorted(int(path.stem.partition("-")[2]) for path in run.path("maps").glob("epoch-*.npy"))
    during = [number for number in there if 0 < number < best]
    chosen = [0, *sorted({during[len(during) // 3], during[2 * len(during) // 3]} if during else ())]
    shown = {_moment(number): run.read_array(f"maps/epoch-{number:04}.npy") for number in chosen}
    person = np.unique(np.array(faces.people)[rows], return_inverse=True)[1]
    return maps(shown | {f"after epoch {best}": after[rows]}, person.astype(np.int64))


def _moment(number: int) -> str:
    return f"after epoch {number}" if number else "before"


def _triplets(
    run: RunFolder, faces: RunFaces, vectors: tuple[Floats, Floats], person: Rows, tested: Rows
) -> list[ShownTriplet]:
    before, after = (one[tested] for one in vectors)
    found = hardest_triplets(after, person[tested], _TRIPLETS)
    wanted = [tested[row] for one in found for row in (one.anchor, one.positive, one.negative)]
    pictures = _pictures(run, faces, wanted)
    return [
        ShownTriplet(
            (pictures[3 * number], pictures[3 * number + 1], pictures[3 * number + 2]),
            (faces.people[tested[one.anchor]], faces.people[tested[one.negative]]),
            _apart(before, one),
            (one.own, one.other),
        )
        for number, one in enumerate(found)
    ]


def _apart(rows: Floats, one: HardTriplet) -> tuple[float, float]:
    anchor = rows[one.anchor]
    return (
        float(np.linalg.norm(anchor - rows[one.positive])),
        float(np.linalg.norm(anchor - rows[one.negative])),
    )


def _pictures(run: RunFolder, faces: RunFaces, rows: list[int]) -> list[bytes | None]:
    """JPEG of some faces: the crops that a network learned from, or thumbnails."""
    if not run.path("crops.npy").exists():
        return _thumbnails(run.head().index, [faces.face_ids[row] for row in rows])
    crops = np.load(run.path("crops.npy"), mmap_mode="r", allow_pickle=False)
    return [simplejpeg.encode_jpeg(np.ascontiguousarray(crops[row])) for row in rows]


def _thumbnails(index: str, face_ids: list[str]) -> list[bytes | None]:
    """Thumbnails from the index that the faces are from, as far as it is there."""
    import pyarrow as pa

    from photoclust.index.columns import in_order
    from photoclust.index.store import IndexStore

    try:
        store = IndexStore.open(index)
        known = set(store.faces([])["face_id"].to_pylist())
        there = pa.chunked_array([pa.array(sorted(known.intersection(face_ids)), pa.string())])
        pictures = in_order(store.column("thumbnail", there), there)
    except PhotoclustError:
        return [None] * len(face_ids)
    found = dict(zip(there.to_pylist(), pictures, strict=True))
    return [found.get(one) for one in face_ids]


def write_tensorboard(folder: Path, epochs: Sequence[Epoch]) -> bool:
    """Write the curves for TensorBoard, if it is installed; tells whether it is."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return False
    for old in folder.glob("events.*"):
        old.unlink()
    with SummaryWriter(str(folder)) as writer:
        for epoch in epochs:
            for name, value in vars(epoch).items():
                if name != "epoch" and value is not None:
                    writer.add_scalar(name, value, epoch.epoch)
    folder.chmod(0o700)
    return True
