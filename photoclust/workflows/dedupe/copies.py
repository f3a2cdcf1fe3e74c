"""Pictures that a data set holds more than once, in any size, cut, mirrored or compressed anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from PIL import Image

from photoclust.config import DecodeConfig
from photoclust.errors import PhotoError
from photoclust.people.graph.near_duplicates import components
from photoclust.people.graph.neighbours import NeighbourGraph
from photoclust.photo_refs import PhotoRef
from photoclust.photos.dataset import Dataset
from photoclust.photos.decode import decode_photo
from photoclust.photos.likeness import Picture, likeness
from photoclust.photos.sources.references import read_photo
from photoclust.types import Progress

COPY_DISTANCE = 0.12  # cosine distance of two faces whose photos may be one picture: of copies at most 0.08
SAME_PICTURE = 0.97  # correlation of two photos that are one picture


@dataclass(frozen=True)
class Copies:
    """Files that are one picture: entries of the data set, and the least likeness that links them.

    Attributes
    ----------
    entries
        Positions in the data set, in its order.
    identical
        The files hold the same picture, whatever metadata is beside it.
    likeness
        Smallest correlation of the pictures by which they were found; 1 for identical files.
    """

    entries: tuple[int, ...]
    identical: bool
    likeness: float

    @property
    def confidence(self) -> float:
        """Probability that they are one picture, in [0, 1]."""
        return 1.0 if self.identical else float(1 / (1 + np.exp(-(self.likeness - 0.965) * 200)))


def find_copies(
    dataset: Dataset,
    photo_of_entry: list[str],
    faces: pa.Table,
    graph: NeighbourGraph,
    limits: DecodeConfig,
    progress: Progress,
) -> list[Copies]:
    """Pictures that a data set holds more than once: the same picture, or found alike.

    Parameters
    ----------
    dataset
        As it was read.
    photo_of_entry
        Content of each of its entries, ``""`` where the file could not be read.
    faces, graph
        All faces of the index, and their neighbours, row for row.
    limits
        On what a photo may ask of the machine.
    progress
        Called with the number of pairs of photos to compare; gives what is told of each few done.
    """
    entries_of: dict[str, list[int]] = {}
    for number, photo in enumerate(photo_of_entry):
        if photo:
            entries_of.setdefault(photo, []).append(number)
    photos = list(entries_of)
    pairs = _alike(_candidates(photos, faces, graph), dataset, entries_of, faces, limits, progress)
    number_of = {photo: number for number, photo in enumerate(photos)}
    left = np.array([number_of[photo] for photo, _, _ in pairs], np.int64)
    right = np.array([number_of[photo] for _, photo, _ in pairs], np.int64)
    group = components(left, right, len(photos))
    likest = np.ones(len(photos))
    np.minimum.at(likest, group[left], [value for _, _, value in pairs])
    members: dict[int, list[str]] = {}
    for photo, one in zip(photos, group.tolist(), strict=True):
        members.setdefault(one, []).append(photo)
    found = [
        Copies(
            tuple(sorted(number for photo in own for number in entries_of[photo])),
            len(own) == 1,
            float(likest[one]),
        )
        for one, own in members.items()
    ]
    return [one for one in found if len(one.entries) > 1]


def _candidates(photos: Sequence[str], faces: pa.Table, graph: NeighbourGraph) -> list[tuple[int, int]]:
    """Nearest two faces of each pair of photos that may be one picture."""
    inside = np.isin(faces["photo_id"].to_numpy(), np.array(photos, np.str_))
    left, column = np.nonzero(graph.distances <= COPY_DISTANCE)
    right = graph.indices[left, column].astype(np.int64)
    distance = graph.distances[left, column]
    photo = np.unique(faces["photo_id"].to_numpy().astype(np.str_), return_inverse=True)[1]
    keep = inside[left] & inside[right] & (photo[left] != photo[right])
    left, right, distance = left[keep], right[keep], distance[keep]
    low, high = np.minimum(photo[left], photo[right]), np.maximum(photo[left], photo[right])
    order = np.lexsort((left, distance, high, low))
    new = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    return list(zip(left[order][new].tolist(), right[order][new].tolist(), strict=True))


def _alike(
    candidates: list[tuple[int, int]],
    dataset: Dataset,
    entries_of: dict[str, list[int]],
    faces: pa.Table,
    limits: DecodeConfig,
    progress: Progress,
) -> list[tuple[str, str, float]]:
    """Candidates that are one picture: photo, photo, likeness. A photo that cannot be read is like none."""
    photos = faces["photo_id"].to_pylist()
    landmarks = faces["landmarks"].combine_chunks().flatten().to_numpy().reshape(-1, 5, 2)
    ref_of = {ref.uri: ref for ref in dataset.refs}

    @lru_cache(maxsize=16)
    def picture(photo: str) -> Image.Image | None:
        return _grey(ref_of[dataset.entries[entries_of[photo][0]].uri], limits)

    def compared() -> Iterable[tuple[str, str, float]]:
        with progress(len(candidates)) as tell:
            for left, right in candidates:
                a, b = picture(photos[left]), picture(photos[right])
                if a is not None and b is not None:
                    pair = Picture.of(a, landmarks[left]), Picture.of(b, landmarks[right])
                    yield photos[left], photos[right], likeness(*pair)
                tell(1)

    return [one for one in compared() if one[2] >= SAME_PICTURE] if candidates else []


def _grey(ref: PhotoRef, limits: DecodeConfig) -> Image.Image | None:
    try:
        return Image.fromarray(decode_photo(read_photo(ref, limits), limits).pixels).convert("L")
    except PhotoError:
        return None
