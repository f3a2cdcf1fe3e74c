"""Faces and people of an index, written as a table or as folders of links."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from photoclust.errors import IndexMissingError
from photoclust.index.store import IndexStore
from photoclust.report.album import Album
from photoclust.report.export import write_export, write_table
from photoclust.report.links import Links


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes
    ----------
    output
        The file or folder.
    unlinked
        Uris of photos that could have no link in a folder, each with the reason.
    """

    output: Path
    unlinked: dict[str, str]


def export(
    store: IndexStore, form: str, output: Path, embeddings: bool = False, force: bool = False
) -> ExportReport:
    """Write the faces and people of an index to a file or a folder, whole or not at all.

    Parameters
    ----------
    store
        The index.
    form
        ``csv``, ``json`` or ``parquet`` for a table with a row for each face; ``folders`` for a folder of
        links for each person.
    output
        The file, or the folder for ``folders``.
    embeddings
        Add the embedding of each face to a table.
    force
        Replace an existing file.

    Raises
    ------
    IndexMissingError
        The index has no people yet.
    UsageError, OutputError
        See `photoclust.report.export.write_export`.
    """
    links = Links()
    written = write_export(_album(store, embeddings), form, output, embeddings, force, links)
    return ExportReport(written, dict(links.failed))


def export_to(store: IndexStore, form: str, stream: BinaryIO, embeddings: bool = False) -> None:
    """Write a table of the faces and people of an index, all but ``folders``, to a stream; see `export`."""
    write_table(_album(store, embeddings), form, stream, embeddings)


def _album(store: IndexStore, embeddings: bool) -> Album:
    clustering = store.current_clustering()
    if clustering is None:
        raise IndexMissingError(
            f"{store.called} has no people yet.",
            python="Make them with Index.group.",
            cli=f"Make them with `photoclust cluster --index {store.called}`.",
        )
    columns = ["box", "detection_score", "quality", *(["embedding"] if embeddings else [])]
    return Album(store.photos(), store.faces(columns), clustering.assignments, clustering.people)
