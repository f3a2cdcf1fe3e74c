"""Photos are held back until their faces fill batches, and their rows are what they would be otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from photoclust.config import IndexSettings
from photoclust.engine.gathering import PHOTOS_AT_ONCE, Gathered
from photoclust.records import FOUND_SCHEMA
from photoclust.stages import FACES_AT_ONCE, EmbedFaces

FACES_OF_PHOTOS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), max_size=4)


@pytest.fixture(scope="module")
def embed() -> Iterator[EmbedFaces]:
    before = torch.get_num_threads()
    yield EmbedFaces(IndexSettings())
    torch.set_num_threads(before)


KNOWN_PHOTO = {"size": 1, "version": "1", "status": "ok", "attempts": 1, "seconds": {"detect": 1.0}}
KNOWN_FACE = {
    "box": [0.0] * 4,
    "landmarks": [0.0] * 10,
    **dict.fromkeys(("detection_score", "sharpness", "yaw", "quality"), 0.5),
    "thumbnail": b"",
}


def table(counts: list[int], first: int = 0) -> pa.Table:
    """Photos with so many faces each, which are noise."""
    rng = np.random.default_rng(first)

    def face(photo: str, number: int) -> dict[str, object]:
        crop = rng.integers(0, 256, 160 * 160 * 3, np.uint8).tobytes()
        return {"face_id": f"{photo}.{number}", "photo_id": photo, "crop": crop, **KNOWN_FACE}

    rows = [
        {"photo_id": photo, "uri": photo, "faces": [face(photo, n) for n in range(count)], **KNOWN_PHOTO}
        for photo, count in zip(map(str, range(first, first + len(counts))), counts, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=FOUND_SCHEMA)


def faces(rows: list[pa.Table]) -> list[tuple[str, list[dict[str, object]]]]:
    return [(row["photo_id"], row["faces"]) for part in rows for row in part.to_pylist()]


@settings(max_examples=12, deadline=None)
@given(FACES_OF_PHOTOS)
@pytest.mark.slow
def test_rows_are_those_of_each_table_alone(embed: EmbedFaces, counts: list[list[int]]) -> None:
    tables = [table(some, 100 * number) for number, some in enumerate(counts)]
    gathered = Gathered(embed)

    rows = [row for one in tables for row in gathered.add(one)] + gathered.rest()

    assert faces(rows) == faces([embed(one) for one in tables])
    assert not gathered.rest()


def test_what_fills_batches_does_not_wait(embed: EmbedFaces) -> None:
    gathered, batch = Gathered(embed), embed.batch_size
    assert len(gathered.add(table([0, 0]))[0]) == 2, "nothing to embed"
    assert not gathered.add(table([1]))
    assert len(gathered.add(table([batch - 1, 0, 1], first=1))[0]) == 3
    assert len(gathered.rest()[0]) == 1


@pytest.mark.parametrize("counts", [[1, *[0] * PHOTOS_AT_ONCE], [FACES_AT_ONCE + 1]])
def test_no_more_wait_than_a_process_may_lose(embed: EmbedFaces, counts: list[int]) -> None:
    assert len(Gathered(embed).add(table(counts))[0]) == len(counts)
