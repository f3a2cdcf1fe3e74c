"""What became of people from one grouping to another, and which groupings there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.people.identity.changes import Change
from photoclust.workflows.snapshot.history import difference


@dataclass(frozen=True)
class PeopleDiff:
    """What has changed from one grouping to another.

    Attributes
    ----------
    before, after
        Ids of the two.
    faces_added, faces_gone
        Faces that are in only one of them.
    named_faces, named_moved
        Faces of people with a name, and how many of them left their person.
    changes
        What became of people, those with a name first.
    """

    before: str
    after: str
    faces_added: int
    faces_gone: int
    named_faces: int
    named_moved: int
    changes: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, as a clustering keeps it in ``diff.json``."""
        return {
            "from": self.before,
            "to": self.after,
            "faces_added": self.faces_added,
            "faces_gone": self.faces_gone,
            "named": {"faces": self.named_faces, "moved": self.named_moved},
            "changes": [asdict(change) for change in self.changes],
        }


@dataclass(frozen=True)
class StoredGrouping:
    """A grouping that the index keeps.

    Attributes
    ----------
    created
        When, in ISO 8601.
    in_people
        Faces that belong to somebody.
    place
        ``current``, ``previous`` or ``""``.
    """

    run_id: str
    created: str
    faces: int
    people: int
    in_people: int
    place: str


def diff(store: IndexStore, runs: Sequence[str] = ()) -> PeopleDiff:
    """Compare two groupings.

    Parameters
    ----------
    store
        The index.
    runs
        Ids or their beginnings, ``current`` or ``previous``. With none, the grouping in force is compared
        with the one before it; with one, the one in force with that.

    Raises
    ------
    UsageError
        More than two were named, or an id that is not there or means several.
    IndexMissingError
        There is no such grouping yet.
    """
    if len(runs) > 2:
        raise UsageError(f"Two groupings can be compared, not {len(runs)}.")
    named = (*runs, "current") if len(runs) == 1 else runs or ("previous", "current")
    clusterings = store.clusterings
    before, after = (clusterings.read(clusterings.find(run)) for run in named)
    found = difference(before, after)
    return PeopleDiff(
        before.run_id,
        after.run_id,
        found["faces_added"],
        found["faces_gone"],
        named_faces=found["named"]["faces"],
        named_moved=found["named"]["moved"],
        changes=tuple(Change(**change) for change in found["changes"]),
    )


def stored_groupings(store: IndexStore) -> list[StoredGrouping]:
    """All groupings that the index keeps, the oldest first."""
    clusterings = store.clusterings
    place = {clusterings.previous(): "previous", clusterings.current(): "current"}
    names = ("created", "faces", "people", "in_people")
    return [
        StoredGrouping(run_id, **{name: run[name] for name in names}, place=place.get(run_id, ""))
        for run_id in clusterings.runs()
        for run in [clusterings.run(run_id)]
    ]
