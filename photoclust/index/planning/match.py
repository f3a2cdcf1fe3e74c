"""Photos as found beside what is known of their uris."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.index.planning import rows
from photoclust.index.planning.known import KnownPhotos, Mask, looks, mask
from photoclust.photo_refs import UNREACHABLE, VersionKind
from photoclust.records import PHOTO_SCHEMA

_compute: Any = pc


class Match:
    """What is to be done with some photos, all of whose rows are at hand.

    Parameters
    ----------
    known
        Of their uris, and others.
    found
        Of rows.FOUND.
    retry_failed
        Try unchanged photos again that failed before.

    Attributes
    ----------
    out_of_reach, opened, unread, returned, unchanged
        bool, shape (n,), one of which holds for each photo found: it cannot be looked at, and what is known
        of it stands; it may have to be opened; it could not be read before; it was missing; it needs nothing.
    """

    def __init__(self, known: KnownPhotos, found: pa.Table, retry_failed: bool) -> None:
        self.known, self.found = known, found
        self.row = known.rows_of(found["uri"])
        was = known.table.select(["photo_id", "size", "version"]).take(_or_null(self.row))
        same_size = _compute.equal(was["size"], found["size"])
        self._is_same = mask(_compute.and_(same_size, _compute.equal(was["version"], found["version"])))
        has_picture = mask(_compute.not_equal(was["photo_id"], ""))
        self._is_changed = has_picture & ~self._is_same
        refused = mask(_compute.starts_with(found["version"], VersionKind.REFUSED.value))
        self.out_of_reach = has_picture & mask(_compute.equal(found["version"], str(UNREACHABLE)))
        again = self._where(known.failed & (known.missing | retry_failed))
        self.opened = (~self._is_same | again) & ~self.out_of_reach
        left = ~(self.opened | self.out_of_reach)
        self.unread = self._where(known.unread) & left & ~refused
        self.returned = self._where(known.missing) & left & ~self.unread
        self.unchanged = left & ~self.unread & ~self.returned

    def _where(self, condition: Mask) -> Mask:
        """For which photos found a condition holds of the known one that they still are."""
        return self._is_same & condition[self.row] if len(condition) else self._is_same

    def unseen(self) -> pa.Table:
        """Known photos that were not found, with whether they were named all the same."""
        found = ~self.out_of_reach & (self.row >= 0)
        is_unseen, is_named = ~self.known.missing, np.zeros(len(self.known), np.bool_)
        is_unseen[self.row[found]], is_named[self.row[self.out_of_reach]] = False, True
        named = self.known.table.append_column("named", pa.array(is_named))
        return named.filter(pa.array(is_unseen))

    def back(self) -> pa.Table:
        """Rows for photos that were missing and are as they were; of rows.BACK."""
        back = self.known.table.take(pa.array(self.row[self.returned]))
        unchanged = rows.as_structs(back, np.zeros(len(back), np.bool_))
        return rows.with_column(back, "changed_from", unchanged, rows.BACK)

    def candidates(self, chosen: Mask) -> pa.Table:
        """Some of the photos, of rows.CANDIDATE."""
        row, found = self.row[chosen], self.found.filter(pa.array(chosen))
        former = self.known.table.take(_or_null(row))
        tried = np.where(self._is_same[chosen], _compute.fill_null(former["attempts"], 0).to_numpy(), 0)
        columns = {
            "attempts": pa.array(tried),
            "former": rows.as_structs(former, row >= 0),
            "changed": pa.array(self._is_changed[chosen]),
            "looks": looks(found),
        }
        for name, column in columns.items():
            found = found.append_column(name, column)
        return found.cast(rows.CANDIDATE)


def _or_null(row: rows.Ints) -> pa.Array:
    return pa.array(row, mask=row < 0)


def like(known: KnownPhotos, retry_failed: bool) -> pa.Table:
    """Known photos that others may be copies of: all that have a picture and are not tried again."""
    again = known.failed & (known.missing | retry_failed)
    has_picture = mask(_compute.not_equal(known.table["photo_id"], ""))
    there = known.table.filter(pa.array(has_picture & ~again))
    return there.select(PHOTO_SCHEMA.names).append_column("looks", looks(there)).cast(rows.LIKE)
