"""The clusterings of an index: each in a folder of its own, one of them in force.

::

    clusterings/RUN/    assignments.parquet, people.parquet, retired.parquet, run.json, diff.json
    current.json        names the one in force, and the one that was in force before it
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from photoclust.errors import IndexCorruptError, IndexMissingError, UsageError
from photoclust.index import files
from photoclust.records import ASSIGNMENT_SCHEMA, PERSON_SCHEMA, RETIRED_SCHEMA

KEPT = 20
"""Clusterings kept besides the one in force and the one before it; older ones are removed."""


@dataclass(frozen=True)
class Clustering:
    """One clustering as stored.

    Attributes
    ----------
    run_id
        Name of its folder; ids sort by time.
    assignments, people
        Of ASSIGNMENT_SCHEMA and PERSON_SCHEMA.
    run
        Its ``run.json``.
    retired
        Of RETIRED_SCHEMA: people of earlier clusterings.
    """

    run_id: str
    assignments: pa.Table
    people: pa.Table
    run: dict[str, Any]
    retired: pa.Table = field(default_factory=RETIRED_SCHEMA.empty_table)

    @cached_property
    def person_of(self) -> Mapping[str, str]:
        """Person id of each face, ``""`` where it is nobody's."""
        coded = self.assignments["person_id"].combine_chunks().dictionary_encode()
        people = coded.dictionary.to_pylist()  # a text for each face would be half of what this takes
        faces = self.assignments["face_id"].to_pylist()
        return dict(zip(faces, map(people.__getitem__, coded.indices.to_numpy()), strict=True))


class Clusterings:
    """The clusterings of the index at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.pointer = folder / "current.json"
        self.folder = folder / "clusterings"

    def runs(self) -> list[str]:
        """Ids of all clusterings that are whole, the oldest first."""
        return sorted(path.parent.name for path in self.folder.glob("*/run.json"))

    def current(self) -> str | None:
        """Id of the one in force."""
        return self._pointed_at("run_id")

    def previous(self) -> str | None:
        """Id of the one that was in force before it, if it is still there."""
        run_id = self._pointed_at("previous")
        return run_id if run_id in self.runs() else None

    def write(self, clustering: Clustering, difference: dict[str, Any] | None = None) -> None:
        """Store a clustering, not in force, and what is different in it; remove the oldest."""
        folder = self.folder / clustering.run_id
        files.make_folder(folder)
        files.write_table(folder / "assignments.parquet", clustering.assignments)
        files.write_table(folder / "people.parquet", clustering.people)
        files.write_table(folder / "retired.parquet", clustering.retired)
        if difference is not None:
            files.write_json(folder / "diff.json", difference)
        files.write_json(folder / "run.json", clustering.run)
        self._prune(clustering.run_id)

    def put_in_force(self, run_id: str) -> None:
        """Make `run_id` the clustering in force."""
        if run_id != self.current():
            files.write_json(self.pointer, {"run_id": run_id, "previous": self.current()})

    def read(self, run_id: str) -> Clustering:
        """Read a clustering.

        Raises
        ------
        IndexCorruptError
            One of its files is damaged or missing.
        """
        folder = self.folder / run_id
        retired = folder / "retired.parquet"
        return Clustering(
            run_id,
            _completed(files.read_table(folder / "assignments.parquet"), ASSIGNMENT_SCHEMA),
            _completed(files.read_table(folder / "people.parquet"), PERSON_SCHEMA),
            self.run(run_id),
            files.read_table(retired) if retired.is_file() else RETIRED_SCHEMA.empty_table(),
        )

    def run(self, run_id: str) -> dict[str, Any]:
        """Read the ``run.json`` of a clustering."""
        return files.read_json(self.folder / run_id / "run.json")

    def find(self, said: str) -> str:
        """Id of the clustering that is meant by an id, its beginning, ``current`` or ``previous``.

        Raises
        ------
        IndexMissingError
            There is none.
        UsageError
            There are several.
        """
        runs = self.runs()
        if said in ("current", "previous"):
            found = [run for run in (self.current() if said == "current" else self.previous(),) if run]
        else:
            found = [run for run in runs if run == said] or [run for run in runs if run.startswith(said)]
        if not found and said == "previous" and self.current():
            raise IndexMissingError(
                f"There is no clustering 'previous' in {self.folder.parent}: its people have been made once. "
                "When photos, settings or corrections change, they can be compared."
            )
        if not found:
            raise IndexMissingError(
                f"There is no clustering {said!r} in {self.folder.parent}.",
                python="Index.groupings are those there are.",
                cli=f"`photoclust diff --list --index {self.folder.parent}` names those there are.",
            )
        if len(found) > 1:
            raise UsageError(
                f"{len(found)} clusterings begin with {said!r}: {', '.join(found[:3])}; say more."
            )
        return found[0]

    def _pointed_at(self, name: str) -> str | None:
        if not self.pointer.is_file():
            return None
        run_id = files.read_json(self.pointer).get(name)
        if run_id is None and name == "previous":
            return None
        if not isinstance(run_id, str) or Path(run_id).name != run_id:
            raise IndexCorruptError(
                f"{self.pointer} is damaged. Delete it and run `photoclust cluster` again."
            )
        if name == "run_id" and not (self.folder / run_id / "run.json").is_file():
            raise IndexCorruptError(
                f"{self.pointer} names {run_id}, which is not there. "
                "Delete it and run `photoclust cluster` again."
            )
        return run_id

    def _prune(self, newest: str) -> None:
        keep = {newest, self.current(), self.previous(), *self.runs()[-KEPT:]}
        for run_id in self.runs():
            if run_id not in keep:
                shutil.rmtree(self.folder / run_id, ignore_errors=True)


def _completed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table an earlier photoclust wrote, with nulls in the columns it did not know."""
    for column in schema:
        if column.name not in table.column_names:
            table = table.append_column(column, pa.nulls(len(table), column.type))
    return table
