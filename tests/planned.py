"""A plan as lists, as tests read it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from photoclust.index.planning.plan import Plan, plan
from photoclust.index.planning.worklist import references
from photoclust.photo_refs import REF_SCHEMA, PhotoRef
from photoclust.records import PHOTO_SCHEMA, PhotoIdentity

Row = dict[str, Any]


@dataclass
class Planned:
    """What a plan comes to.

    Attributes
    ----------
    plan
        The plan itself.
    table
        Photos to be opened, of REF_SCHEMA.
    copies
        Uris of their copies, by photo_id.
    back
        Rows to be written for photos that need not be opened.
    changed
        By uri, what was known of photos that may be of another picture now.
    unseen
        Uris of known photos that were not found, and whether they were named.
    """

    plan: Plan
    table: pa.Table
    copies: dict[str, list[str]]
    back: list[Row]
    changed: dict[str, Row]
    unseen: list[tuple[str, bool]]

    @property
    def uris(self) -> list[str]:
        """Of the photos to be opened."""
        return self.table["uri"].to_pylist()


def planned(
    refs: Iterable[PhotoRef],
    known: pa.Table,
    identify: Callable[[PhotoRef], PhotoIdentity | None],
    retry_failed: bool = False,
    are_gone: Any = None,
) -> Planned:
    """Plan, and read all of it."""
    asked = {"are_gone": are_gone} if are_gone else {}
    work = plan(refs, [known], partial(map, identify), Path(tempfile.gettempdir()), retry_failed, **asked)
    parts = list(work.work())
    back = [row for table in work.photos.tables("back") for row in table.to_pylist()]
    changed = {uri: row for part in parts for uri, row in part.changed.items()}
    changed |= {row["uri"]: row["changed_from"] for row in back if row["changed_from"]}
    unseen = [row for table in work.photos.tables("unseen") for row in table.to_pylist()]
    copies = {photo: refs for part in parts for photo, refs in part.copies.items()}
    return Planned(
        work,
        pa.concat_tables([REF_SCHEMA.empty_table(), *(part.refs for part in parts)]),
        {photo: [ref.uri for ref in refs] for photo, refs in copies.items()},
        [{name: row[name] for name in PHOTO_SCHEMA.names} for row in back],
        changed,
        [(row["uri"], row["named"]) for row in unseen],
    )


def rows_of(refs: pa.Table) -> list[PhotoRef]:
    """Photos of a table of REF_SCHEMA."""
    return list(references(refs))
