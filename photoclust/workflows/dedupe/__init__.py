"""A labelled data set held against its faces, and put right; its steps are the other modules here."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from photoclust.config import AuditConfig, CollectionConfig
from photoclust.errors import UsageError
from photoclust.index.place import IndexPlace
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.photos.dataset import Dataset, read_dataset
from photoclust.records import printable
from photoclust.report.dedupe.actions import ActionRow
from photoclust.report.dedupe.corrected import check_new, write_corrected
from photoclust.report.dedupe.page import Summary, write_findings
from photoclust.report.links import Links
from photoclust.storage.uris import is_object_uri
from photoclust.workflows.context import AUDIT, FETCH, Context
from photoclust.workflows.dedupe.answers import Answers, answered, labels_after, read_answers, write_tables
from photoclust.workflows.dedupe.auditing import Audit, audit
from photoclust.workflows.dedupe.proposals import LabelCorrections, propose
from photoclust.workflows.index import index_photos
from photoclust.workflows.opening import PhotoOptions, open_index
from photoclust.workflows.snapshot.labelled import thumbnails_of


@dataclass(frozen=True)
class Places:
    """Where things are written.

    Parameters
    ----------
    index
        Folder or URI of the index; by default a folder in `output`, and without that one for the moment.
    output
        Folder of the page and of the table of proposals, whose answers are read first.
    apply
        New folder for the corrected data set, as links.
    """

    index: str | None = None
    output: Path | None = None
    apply: Path | None = None


@dataclass(frozen=True)
class DedupeReport:
    """What is wrong with the labels of a data set, and what was written.

    Attributes
    ----------
    audit
        The data set and what its faces say of it.
    corrections
        Findings, and what is proposed.
    answers
        What was answered to the report before.
    rows
        What is done with each photo that a finding touches, after the answers.
    corrected
        Label of each entry in the corrected data set; ``""`` where it is left out.
    page
        The page, where it was asked for.
    apply
        Folder of the corrected data set, where it was asked for.
    links
        How many links that holds.
    unlinked
        Uris of photos that could have no link there, each with the reason.
    """

    audit: Audit
    corrections: LabelCorrections
    answers: Answers
    rows: list[ActionRow]
    corrected: list[str]
    page: Path | None = None
    apply: Path | None = None
    links: int = 0
    unlinked: dict[str, str] = field(default_factory=dict[str, str])


def dedupe(
    dataset: str, places: Places, options: PhotoOptions, min_confidence: float, context: Context
) -> DedupeReport:
    """Find what is wrong with the labels of a data set, which itself is never changed.

    Parameters
    ----------
    dataset
        Folder of a folder for each person, or a CSV; see `photoclust.photos.dataset.read_dataset`.
    places
        Where the index, the report and the corrected data set go.
    options
        How photos are indexed.
    min_confidence
        Nothing less probable is reported, in [0, 1).
    context
        Where the work runs and who is told of it.

    Raises
    ------
    UsageError
        The data set cannot be read or compared, or something would be written into it.
    OutputError
        A report cannot be written.
    """
    _check(dataset, places)
    found = read_dataset(dataset, options.search((dataset,)).selection)
    _check_links(found, places)
    answers = read_answers(places.output, found) if places.output else Answers()
    with _index_folder(places, context) as folder:
        store = _indexed(found, folder, options, context)
        seen = _audited(store, found, min_confidence, context)
        corrections = propose(seen, min_confidence, answers)
        page = _write_page(store, seen, corrections, places.output, dataset) if places.output else None
    if places.output:
        write_tables(places.output, corrections.rows, answers)
    rows = answered(corrections.rows, answers)
    corrected = labels_after([entry.label for entry in found.entries], rows)
    links = Links()
    made = _apply(found, corrected, places.apply, links) if places.apply else 0
    actions = [row for _, row in rows]
    return DedupeReport(
        seen, corrections, answers, actions, corrected, page, places.apply, made, links.failed
    )


def labels(audit: Audit) -> int:
    """How many labels the data set has."""
    return len({entry.label for entry in audit.dataset.entries})


def notes_on(audit: Audit) -> list[str]:
    """What could not be judged or used, a sentence each."""
    failed = len(audit.unjudged["failed"])
    photos = "1 photo" if failed == 1 else f"{failed:,} photos"
    notes = [f"{photos} could not be read; they are kept as they are."] if failed else []
    return [*notes, *audit.dataset.problems]


def _check(dataset: str, places: Places) -> None:
    """Refuse to write into the data set, and to apply where something is, before any work is done."""
    root = Path(dataset).absolute()
    for place in map(Path, filter(None, (places.index, places.output, places.apply))):
        if root.is_dir() and place.absolute().is_relative_to(root):
            raise UsageError(f"{place} lies inside the data set, which is never written to; choose another.")
    if places.apply is not None:
        check_new(places.apply)


def _check_links(dataset: Dataset, places: Places) -> None:
    """Refuse to apply where photos are no files that a link can lead to."""
    far = next((entry.uri for entry in dataset.entries if is_object_uri(entry.uri)), None)
    if places.apply is not None and far:
        raise UsageError(
            f"{printable(far)[:200]} is no file of this machine that --apply could make a link to; use "
            "--output and its actions.csv instead."
        )


@contextmanager
def _index_folder(places: Places, context: Context) -> Generator[IndexPlace]:
    """The folder of the index; one made for the moment where no place was named to keep it."""
    if places.index is not None:
        with at(places.index, partial(context.progress, FETCH), context.job or "") as folder:
            yield folder
    elif places.output is not None:
        yield IndexPlace(places.output / "index")
    else:
        with tempfile.TemporaryDirectory(prefix="photoclust-") as folder:
            yield IndexPlace(Path(folder) / "index")


def _indexed(dataset: Dataset, folder: IndexPlace, options: PhotoOptions, context: Context) -> IndexStore:
    """Bring the index up to date with the photos of the data set."""
    store = open_index(folder, options)
    collection = CollectionConfig((), "keep", options.retry_failed)
    with store.lock():
        context.log(f"{len(dataset.refs)} photos found.")
        index_photos(dataset.refs, store, context, collection)
    return store


def _audited(store: IndexStore, dataset: Dataset, min_confidence: float, context: Context) -> Audit:
    with store.lock():
        context.log("Comparing labels and faces.")
        config = AuditConfig(min_confidence=min_confidence)
        return audit(store, dataset, config, partial(context.progress, AUDIT))


def _write_page(
    store: IndexStore, audit: Audit, corrections: LabelCorrections, output: Path, name: str
) -> Path:
    title = name.rstrip("/").rpartition("/")[2] if "://" in name else Path(name).absolute().name
    summary = Summary(title, len(audit.dataset.entries), labels(audit), tuple(notes_on(audit)))
    return write_findings(corrections.findings, summary, partial(thumbnails_of, store.place), output)


def _apply(dataset: Dataset, corrected: list[str], folder: Path, links: Links) -> int:
    """Write the corrected data set as links; gives how many."""
    entries = zip(dataset.entries, corrected, strict=True)
    return write_corrected([(entry.uri, entry.split, label) for entry, label in entries], folder, links)
