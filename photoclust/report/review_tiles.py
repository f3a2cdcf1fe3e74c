"""Faces as the review page shows them: a tile for each, one for those that are near-identical."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.report.guesses import Said
from photoclust.report.images import Images
from photoclust.report.names import file_link, file_name, visible

_SHOWN = ("face_id", "photo", "taken_at", "alike")


@dataclass(frozen=True)
class Tile:
    """One face as the page shows it, and for those that are near-identical.

    Attributes
    ----------
    alike
        Those of the others that are shown when asked for.
    count
        Number of faces it stands for, itself and those for whom there is no room included.
    said
        Words below it.
    """

    image: str
    file: str
    path: str
    link: str | None
    taken_at: datetime | None
    said: Said
    count: int
    alike: tuple[Tile, ...] = ()


class Tiles:
    """Makes tiles; `images`, the thumbnails of an album, are given before the first is asked for."""

    images: Images

    def of(self, rows: pa.Table, said: list[Said]) -> list[Tile]:
        """A tile for each burst, the others of it inside."""
        faces = zip(rows.to_pylist(), said, strict=True)
        tiles: list[Tile] = []
        for _, burst in groupby(faces, lambda pair: pair[0]["burst"]):
            best, *others = (self._tile(face, words) for face, words in burst)
            tiles.append(replace(best, alike=tuple(others)))
        return tiles

    def _tile(self, face: dict[str, Any], said: Said) -> Tile:
        return Tile(
            image=self.image(face["row"]),
            file=visible(file_name(face["photo"])),
            path=visible(face["photo"], 400),
            link=file_link(face["photo"]),
            taken_at=face["taken_at"],
            said=said,
            count=face["alike"],
        )

    def image(self, row: int) -> str:
        """Source of the thumbnail of the face in a row of the album."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.images[row]).decode()}"


def shown(rows: pa.Table, starts: npt.NDArray[np.int64]) -> list[list[Any]]:
    """What the tiles of some faces are made from, column by column; bursts numbered within each section."""
    certainty = (100 * rows["confidence"].to_numpy().astype(np.float64)).astype(np.int64)
    burst = rows["burst"].to_numpy()
    within = burst - np.repeat(burst[starts[:-1]], np.diff(starts)) if len(burst) else burst
    return [certainty.tolist(), within.tolist(), *(rows[name].to_pylist() for name in _SHOWN)]
