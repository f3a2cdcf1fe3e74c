"""Faces of an index embedded again after their photos were degraded: what poor photos do to embeddings."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from photoclust.errors import PhotoError
from photoclust.faces.align import crop_faces
from photoclust.faces.degraded import degraded
from photoclust.index.store import IndexStore
from photoclust.people.calibration.measuring import Degraded
from photoclust.people.graph.neighbours import unit_rows
from photoclust.records import face_embeddings
from photoclust.types import Floats, Rows
from photoclust.workflows.context import INDEX, Context
from photoclust.workflows.snapshot.known_photos import KnownPhoto, Pixels, known_photos, pixels_of

_EACH = 4  # times that a face is degraded
_LEAST = 100  # of them, without which nothing is said


def degraded_faces(
    store: IndexStore, rows: Rows, person: Rows, people: int, context: Context
) -> Degraded | None:
    """Degrade a face each of some people and embed it again.

    Parameters
    ----------
    store
        The index.
    rows, person
        int64, shape (n,): rows of faces in it, and whose they are.
    people
        How many people at most; all draws are the same each time.
    context
        Who is told how far it is.

    Returns
    -------
    Degraded or None
        Nothing where too few of the photos can be read.
    """
    import torch

    from photoclust.models.embedder import load

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(rows))
    chosen = rng.permutation(order[np.unique(person[order], return_index=True)[1]])[:people]
    table = store.faces(["box", "landmarks", "embedding"]).take(rows[chosen])
    before = unit_rows(face_embeddings(table))
    row_of = {face: row for row, face in enumerate(table["face_id"].to_pylist())}
    of_faces: pc.Expression = pc.field("photo_id").isin(table["photo_id"].combine_chunks())
    photos = known_photos(store.photos().filter(of_faces).to_pylist(), table)
    embed = store.settings.embed
    embedder = load(embed.model, flip=embed.flip, precision=embed.precision)
    vectors, faces = list[Floats](), list[int]()
    with context.progress(INDEX, len(table)) as advance:
        for photo in photos:
            for face, crops in _crops(store, photo, rng):
                vectors.append(embedder.embed(crops))
                faces += [row_of[face]] * _EACH
            advance(len(photo.face_ids))
    if len(faces) < _LEAST:
        return None
    return Degraded(np.concatenate(vectors), before[faces], person[chosen][faces])


def _crops(store: IndexStore, photo: KnownPhoto, rng: np.random.Generator) -> list[tuple[str, Pixels]]:
    """Crops of the degraded faces of a photo; none where it cannot be read."""
    try:
        pixels = pixels_of(photo.photo_id, photo.refs, store.settings.decode)
    except PhotoError:
        return []
    found = list[tuple[str, Pixels]]()
    for row, face in enumerate(photo.face_ids):
        poor = [degraded(pixels, photo.detections.take(row), rng) for _ in range(_EACH)]
        found.append((face, np.concatenate([crop_faces(*one, store.settings.crop) for one in poor])))
    return found
