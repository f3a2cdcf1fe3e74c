"""Near-identical faces of a person, as in a burst, brought together so that a page can show them as one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.report.album import index_in

_ALONE = -1


def together(rows: pa.Table) -> pa.Table:
    """Bring the faces of each burst together where the first of them stands, the clearest first.

    Parameters
    ----------
    rows
        Face rows in order (`photoclust.report.album.Album.face_rows`). Faces of one burst that are not of
        one person stay apart.

    Returns
    -------
    pa.Table
        The rows, those of a burst next to one another; ``burst`` (int64) numbers the bursts from 0 in this
        order, and a face that is like no other is one by itself.
    """
    if not len(rows):
        return rows
    burst = pc.fill_null(rows["burst"], _ALONE).to_numpy().astype(np.int64)
    person = index_in(rows["person_id"], rows["person_id"]).to_numpy().astype(np.int64)
    row = np.arange(len(rows))
    key = np.where(burst == _ALONE, -1 - row, person * (burst.max() + 1) + burst)
    _, first, member = np.unique(key, return_index=True, return_inverse=True)
    place = first[member]
    order = np.lexsort((-rows["quality"].to_numpy(), place))
    numbers = pa.array(np.unique(place[order], return_inverse=True)[1].astype(np.int64))
    return rows.take(order).set_column(rows.column_names.index("burst"), "burst", numbers)


def with_room(
    rows: pa.Table, sections: npt.NDArray[np.int64], tiles: int, alike: int
) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Leave out what a page has no room for.

    Parameters
    ----------
    rows
        As `together` makes them.
    sections
        int64, shape (sections + 1,): where each section of the page begins among the rows; in the end their
        number. No burst is in two.
    tiles
        Bursts shown in one section.
    alike
        Faces shown of one burst.

    Returns
    -------
    tuple
        The rows that are left, with ``alike`` (int64), the number of faces in the whole burst; and where each
        section begins among them.
    """
    if not len(rows):
        return rows.append_column("alike", pa.array([], pa.int64())), sections
    burst = rows["burst"].to_numpy()
    size = np.bincount(burst)
    within = np.arange(len(rows)) - (np.cumsum(size) - size)[burst]
    before = np.repeat(burst[sections[:-1]], np.diff(sections))
    kept = (within < alike) & (burst - before < tiles)
    left = rows.append_column("alike", pa.array(size[burst])).filter(pa.array(kept))
    return left, np.concatenate([[0], np.cumsum(kept)])[sections]
