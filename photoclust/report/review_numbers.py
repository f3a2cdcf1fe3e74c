"""The numbers of the review page: faces by year and by confidence, people by how many faces they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.records import MEMBER

_BINS = 10  # of confidence


@dataclass(frozen=True)
class Chart:
    """Bars with a label each; `rows` are (label, value)."""

    title: str
    rows: list[tuple[str, int]]

    @property
    def most(self) -> int:
        """The largest value, at least 1."""
        return max([1, *(value for _, value in self.rows)])


def charts(rows: pa.Table, people: pa.Table) -> list[Chart]:
    """Charts of an album.

    Parameters
    ----------
    rows
        `photoclust.report.album.Album.face_rows`.
    people
        `photoclust.report.album.Ranked.people`.

    Returns
    -------
    list[Chart]
        Those that have a bar; years only where one is known.
    """
    found = [
        Chart("Faces by year", _years(rows)),
        Chart("Faces by confidence", _confidence(rows)),
        Chart("People by number of faces", _sizes(people)),
    ]
    return [chart for chart in found if chart.rows]


def _years(rows: pa.Table) -> list[tuple[str, int]]:
    year = pc.year(rows["taken_at"])  # pyright: ignore[reportAttributeAccessIssue]
    counts = {item["values"]: item["counts"] for item in year.value_counts().to_pylist()}
    unknown = counts.pop(None, 0)
    known = [(str(year), counts[year]) for year in sorted(counts)]
    return [("no date", unknown), *known] if known and unknown else known


def _confidence(rows: pa.Table) -> list[tuple[str, int]]:
    members = rows.filter((pc.field("status") == MEMBER) & (pc.field("person_id") != ""))
    bins = np.clip((members["confidence"].to_numpy() * _BINS).astype(np.int64), 0, _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS).tolist() if len(members) else []
    return [(f"{10 * bin} to {10 * bin + 10} %", count) for bin, count in enumerate(counts)]


def _sizes(people: pa.Table) -> list[tuple[str, int]]:
    faces = people["faces"].to_numpy()
    counts = np.bincount(np.log2(faces).astype(np.int64)).tolist() if len(faces) else []
    least = [1 << power for power in range(len(counts))]
    return [("1" if n == 1 else f"{n} to {2 * n - 1}", count) for n, count in zip(least, counts, strict=True)]
