"""What the review page shows after the people: faces that are nobody's, and photos that could not be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.records import FAILED, LOW_QUALITY, MEMBER
from photoclust.report.bursts import together, with_room
from photoclust.report.guesses import said_of_others
from photoclust.report.names import file_link, file_name, visible
from photoclust.report.pages import Limits
from photoclust.report.parts import key_of
from photoclust.report.review_tiles import Tile, Tiles, shown


@dataclass(frozen=True)
class Doubtful:
    """Faces of nobody as the page shows them, so many in all; the first of them are rows of `shown`."""

    id: str
    total: int
    key: str
    shown: pa.Table
    _tiles: Callable[[], list[Tile]]

    @cached_property
    def tiles(self) -> list[Tile]:
        """The faces that are shown."""
        return self._tiles()


class Rest:
    """Faces of an album that are nobody's; `rows` are its `face_rows`, `people` those of `Ranked`."""

    def __init__(self, rows: pa.Table, people: pa.Table, limits: Limits, tiles: Tiles) -> None:
        self._people, self._limits, self._tiles = people, limits, tiles
        nobody = (pc.field("status") != MEMBER) | (pc.field("person_id") == "")
        self.unsure = rows.filter(nobody & (pc.field("status") != LOW_QUALITY))
        self.low_quality = rows.filter(pc.field("status") == LOW_QUALITY)

    @cached_property
    def parts(self) -> list[Doubtful]:
        """The faces that may be somebody's, likeliest first, and those too poor to say."""
        both = ("unsure", self.unsure), ("low-quality", self.low_quality)
        return [self._doubtful(id, rows) for id, rows in both if len(rows)]

    def _doubtful(self, id: str, rows: pa.Table) -> Doubtful:
        ordered = together(rows.sort_by([("likeliest_chance", "descending"), ("photo", "ascending")]))
        first, _ = with_room(ordered, np.array([0, len(rows)]), self._limits.rest, self._limits.alike)
        said = said_of_others(first, self._people)
        key = key_of(id, len(rows), said, shown(first, np.array([0, len(first)])))
        return Doubtful(id, len(rows), key, first, partial(self._tiles.of, first, said))


def failures(photos: pa.Table, most: int) -> list[dict[str, Any]]:
    """The photos that could not be used, at most so many."""
    failed = photos.filter(pc.field("status") == FAILED).sort_by("uri")
    return [
        {
            "file": visible(file_name(photo["uri"])),
            "path": visible(photo["uri"], 400),
            "link": file_link(photo["uri"]),
            "reason": visible(f"{photo['stage'] or ''}: {photo['error'] or 'unknown'}", 200),
        }
        for photo in failed.slice(0, most).to_pylist()
    ]
