"""How large the numbers are that the convolutions of a model take: what embedding in 8 bits needs to know.

    python tools/int8_ranges.py INDEX [FOLDER]

Every other person of an index of labelled folders is taken, and 512 faces of these people, mirrored too.
Between the first layers, whose errors count most, the range is the one that rounding changes least, in the
mean of squares; larger numbers count as the largest. Elsewhere it is the largest number seen. The cosine of
faces of the other people in 8 bits to float32 is printed. With FOLDER the ranges are written there, as
MODEL-int8.json, and the hash that belongs in the model's card is printed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from photoclust.config import FLOAT32, CropConfig
from photoclust.index.store import IndexStore
from photoclust.models.cards import MODELS, Card
from photoclust.models.convolutions import FloatConvolution, Kernel
from photoclust.models.embedder import Embedder
from photoclust.models.processor_network import STEM, ProcessorNetwork, in_bytes, in_precision
from photoclust.models.weights import weights_path
from photoclust.workflows.snapshot.known_photos import known_photos
from photoclust.workflows.snapshot.labelled import labelled_faces

FACES, BATCH, SAMPLE = 512, 16, 4096
SHARES = np.linspace(0.3, 1, 36)  # of the largest number, that are tried as a range


def crops_of(store: IndexStore, rows: list[int]) -> np.ndarray:
    """Faces of an index, cut anew from their photos: uint8, shape (n, side, side, 3)."""
    faces = store.faces(["box", "landmarks"]).take(sorted(rows))
    ids = set(faces["photo_id"].to_pylist())
    photos = [row for row in store.photos().to_pylist() if row["photo_id"] in ids]
    crop: CropConfig = store.settings.crop
    return np.concatenate([one.crops(store.settings.decode, crop) for one in known_photos(photos, faces)])


class Watched(FloatConvolution):
    """A convolution that shows what it takes."""

    def __init__(self, kernel: Kernel, name: str, see: Callable[[str, Tensor], None]) -> None:
        super().__init__(kernel, torch.float32)
        self._name, self._see = name, see

    def __call__(self, x: Tensor) -> Tensor:
        self._see(self._name, x)
        return super().__call__(x)

    def add_to(self, stream: Tensor, x: Tensor) -> Tensor:
        self._see(self._name, x)
        return super().add_to(stream, x)


def measured(path: Path, card: Card, crops: np.ndarray) -> dict[str, float]:
    """Ranges by name, see `photoclust.models.processor_network`."""
    most, samples = dict[str, float](), defaultdict[str, list[Tensor]](list)

    def see(name: str, x: Tensor) -> None:
        most[name] = max(most.get(name, 0.0), float(x.max()))
        if name in STEM:
            samples[name] += [one.flatten()[:: max(1, one.numel() // SAMPLE)].clone() for one in x]

    network = ProcessorNetwork(path, card, lambda kernel, takes, _: Watched(kernel, takes, see))
    Embedder(network, card, batch_size=BATCH).embed(crops)
    del most[STEM[0]]  # pixels
    for name in STEM[1:]:
        most[name] = least_changed(torch.cat(samples[name]), most[name])
    return most


def least_changed(numbers: Tensor, most: float) -> float:
    """The range that rounding to 256 steps changes least."""

    def change(share: float) -> float:
        step = most * share / 255
        return float(((numbers / step).round().clamp(max=255) * step - numbers).square().mean())

    return most * min(SHARES, key=change)


@torch.inference_mode()
def main(index: str, folder: str | None = None) -> None:
    torch.set_num_threads(1)
    store = IndexStore.open(Path(index))
    card = MODELS[store.settings.embed.model]
    found = labelled_faces(index, "folders", grouped=False)
    person = np.unique(found.people, return_inverse=True)[1]
    rng, rows = np.random.default_rng(0), np.array(found.rows)
    chosen, others = (rng.permutation(rows[person % 2 == half])[:FACES] for half in (0, 1))
    path = weights_path(card.name)
    ranges = measured(path, card, crops_of(store, list(chosen)))
    text = json.dumps({name: round(one, 3) for name, one in ranges.items()}, indent=0) + "\n"
    exact = Embedder(ProcessorNetwork(path, card, in_precision(card, FLOAT32)), card)
    quick = Embedder(ProcessorNetwork(path, card, in_bytes(json.loads(text))), card)
    crops = crops_of(store, list(others))
    cosine = (exact.embed(crops) * quick.embed(crops)).sum(1)
    print(
        f"{len(crops)} faces of other people: least cosine {cosine.min():.5f}, median {np.median(cosine):.5f}"
    )
    if folder is not None:
        (Path(folder) / f"{card.name}-int8.json").write_text(text)
    print(f'int8_sha256 = "{hashlib.sha256(text.encode()).hexdigest()}"')


if __name__ == "__main__":
    main(*sys.argv[1:])
