"""Faces and people of an index, written as a table, as folders of links or as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from photoclust.errors import IndexMissingError, UsageError
from photoclust.index.store import IndexStore
from photoclust.report.album import Album
from photoclust.report.export import write_export, write_file, write_table
from photoclust.report.links import Links
from photoclust.workflows.context import StageProgress, silent

OF_PHOTOS, OF_CROPS = ("coco", "fiftyone"), ("webdataset", "huggingface")
"""Data sets in one JSON that names photos, and those of faces cut from photos."""


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes
    ----------
    output
        The file or folder.
    unlinked
        Uris of photos that could have no link in a folder, or from which no face could be cut, each with the
        reason.
    """

    output: Path
    unlinked: dict[str, str]


def export(
    store: IndexStore,
    form: str,
    output: Path,
    embeddings: bool = False,
    force: bool = False,
    progress: StageProgress = silent,
) -> ExportReport:
    """Write the faces and people of an index to a file or a folder, whole or not at all.

    Parameters
    ----------
    store
        The index.
    form
        ``csv``, ``json`` or ``parquet`` for a table with a row for each face; ``folders`` for a folder of
        links for each person; ``coco`` or ``fiftyone`` for the JSON of a data set of photos;
        ``webdataset`` or ``huggingface`` for a folder with a data set of faces cut from their photos.
    output
        The file or the folder.
    embeddings
        Add the embedding of each face to a table.
    force
        Replace an existing file.
    progress
        Told from how many photos faces have been cut.

    Raises
    ------
    IndexMissingError
        The index has no people yet.
    UsageError, OutputError
        See `photoclust.report.export.write_export` and `photoclust.workflows.export_datasets.export_crops`.
    """
    _require_no_embeddings(form, embeddings)
    if form in OF_PHOTOS:
        write_file(output, form, force, lambda stream: export_to(store, form, stream))
        return ExportReport(output, {})
    if form in OF_CROPS:
        from photoclust.workflows.export_datasets import export_crops  # decoders of photos

        report = export_crops(store, _album(store, ["landmarks"]), form, output, progress)
        return ExportReport(output, report.failed)
    links = Links()
    album = _album(store, ["embedding"] if embeddings else [])
    return ExportReport(write_export(album, form, output, embeddings, force, links), dict(links.failed))


def export_to(store: IndexStore, form: str, stream: BinaryIO, embeddings: bool = False) -> None:
    """Write what is one file to a stream; see `export`."""
    _require_no_embeddings(form, embeddings)
    if form in OF_PHOTOS:
        from photoclust.workflows.export_datasets import write_dataset  # decoders of photos

        write_dataset(_album(store, ["landmarks"]), form, stream)
    else:
        write_table(_album(store, ["embedding"] if embeddings else []), form, stream, embeddings)


def _require_no_embeddings(form: str, embeddings: bool) -> None:
    if embeddings and form in (*OF_PHOTOS, *OF_CROPS):
        raise UsageError(f"{form} holds no embeddings; choose csv, json or parquet for them.")


def _album(store: IndexStore, more: Sequence[str]) -> Album:
    clustering = store.current_clustering()
    if clustering is None:
        raise IndexMissingError(
            f"{store.called} has no people yet.",
            python="Make them with Index.group.",
            cli=f"Make them with `photoclust cluster --index {store.called}`.",
        )
    columns = ["box", "detection_score", "quality", *more]
    return Album(store.photos(), store.faces(columns), clustering.assignments, clustering.people)
