"""``photoclust dedupe``: a labelled data set held against its faces, and put right."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._findings import Written, labels, notes_on, plain, say_findings

if TYPE_CHECKING:
    from photoclust.config import EngineConfig
    from photoclust.index.store import IndexStore
    from photoclust.photos.dataset import Dataset
    from photoclust.workflows.dedupe.answers import Answers
    from photoclust.workflows.dedupe.auditing import Audit
    from photoclust.workflows.dedupe.proposals import LabelCorrections
    from photoclust.workflows.opening import PhotoOptions


@dataclass(frozen=True)
class _Places:
    """Where the index lies, and where the report and the corrected data set go."""

    index: str | None
    output: Path | None
    apply: Path | None


@click.command()
@click.argument("dataset", metavar="DATASET")
@click.option(
    "--index",
    "index_dir",
    type=click.Path(),
    metavar="DIR",
    help="Index to use or make, also s3://, gs:// or az://BUCKET/PREFIX; by default OUTPUT/index, without "
    "--output one that is thrown away.",
)
@click.option(
    "--output",
    type=_options.Output(path_type=Path),
    metavar="DIR",
    help="Write a page to look at, index.html, and the proposals, actions.csv, into this folder; what you "
    "answered in that table is read first.",
)
@click.option(
    "--apply",
    "apply_dir",
    type=_options.Output(path_type=Path),
    metavar="DIR",
    help="Write the corrected data set as links into this new folder, with what is accepted.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.5,
    show_default=True,
    metavar="P",
    help="Report nothing less probable than this.",
)
@_options.photo_settings
@_options.engine_options
@_options.json_option
def dedupe(
    dataset: str,
    index_dir: str | None,
    output: Path | None,
    apply_dir: Path | None,
    **values: Any,
) -> None:
    """Find what is wrong with the labels of DATASET.

    DATASET is a folder with a folder of photos for each person, also s3://, gs:// or az://BUCKET/PREFIX, or a
    CSV with the columns path and label.
    Folders named train, val and test, or a column split, make splits. Found are labels that are the same
    person, faces under the wrong label, labels that mix people, the same photo twice, and people in more than
    one split. DATASET itself is never changed.

    In actions.csv say no in the column accept, or delete the row, and it is not proposed again; or change
    proposed_label and action. Then run the same command with --apply.

    \b
    Examples:
      photoclust dedupe ~/faces --output ~/faces-report
      photoclust dedupe labels.csv --output report --apply ~/faces-corrected
      photoclust dedupe ~/faces --index ~/faces-index --json
    """
    from photoclust.cli._progress import sparse_lines
    from photoclust.photos.dataset import read_dataset
    from photoclust.workflows.dedupe.answers import (
        Answers,
        answered,
        labels_after,
        read_answers,
        write_tables,
    )

    as_json, least = values.pop("as_json"), values.pop("min_confidence")
    places = _Places(index_dir, output, apply_dir)
    _check(dataset, places)
    engine, asked = _options.take_engine(values), _options.take_photos(values)
    found = read_dataset(dataset, asked.search((dataset,)).selection)
    _check_links(found, places)
    answers = read_answers(output, found) if output else Answers()
    with sparse_lines(), _index_place(places) as index:
        store = _indexed(found, index, engine, asked)
        audit, proposals = _propose(store, found, least, answers)
        page = _write_page(store, audit, proposals, output, dataset) if output else None
    if output:
        write_tables(output, proposals.rows, answers)
    rows = answered(proposals.rows, answers)
    corrected = labels_after([entry.label for entry in found.entries], rows)
    links = _apply(audit, corrected, apply_dir) if apply_dir else 0
    written = Written(answers, [row for _, row in rows], corrected, page, apply_dir, links)
    say_findings(audit, proposals, written, as_json)


def _check(dataset: str, places: _Places) -> None:
    """Refuse to write into the data set, and to apply where something is, before any work is done."""
    from photoclust.errors import UsageError
    from photoclust.report.dedupe.corrected import check_new

    root = Path(dataset).absolute()
    for place in map(Path, filter(None, (places.index, places.output, places.apply))):
        if root.is_dir() and place.absolute().is_relative_to(root):
            raise UsageError(f"{place} lies inside the data set, which is never written to; choose another.")
    if places.apply is not None:
        check_new(places.apply)


def _check_links(dataset: Dataset, places: _Places) -> None:
    """Refuse to apply where photos are no files that a link can lead to."""
    from photoclust.errors import UsageError
    from photoclust.storage.uris import is_object_uri

    far = next((entry.uri for entry in dataset.entries if is_object_uri(entry.uri)), None)
    if places.apply is not None and far:
        raise UsageError(
            f"{plain(far)[:200]} is no file of this machine that --apply could make a link to; use --output "
            "and its actions.csv instead."
        )


@contextmanager
def _index_place(places: _Places) -> Generator[Path]:
    """The folder of the index; one made for the moment where the user named no place to keep it."""
    import tempfile

    from photoclust.cli._progress import fetch_progress
    from photoclust.index.remote.at import at

    if places.index is not None:
        with at(places.index, fetch_progress) as folder:
            yield Path(folder)
        return
    if places.output is not None:
        yield places.output / "index"
        return
    with tempfile.TemporaryDirectory(prefix="photoclust-") as folder:
        yield Path(folder) / "index"


def _indexed(dataset: Dataset, index: Path, engine: EngineConfig, asked: PhotoOptions) -> IndexStore:
    """Bring the index up to date with the photos of the data set."""
    from photoclust.cli._context import context
    from photoclust.cli._progress import say
    from photoclust.config import CollectionConfig
    from photoclust.workflows.index import index_photos
    from photoclust.workflows.opening import open_index

    store = open_index(str(index), asked)
    collection = CollectionConfig((), "keep", asked.retry_failed)
    with store.lock():
        say(f"{len(dataset.refs)} photos found.")
        index_photos(dataset.refs, store, context(engine, "dedupe"), collection)
    return store


def _propose(
    store: IndexStore, dataset: Dataset, least: float, answers: Answers
) -> tuple[Audit, LabelCorrections]:
    from photoclust.cli._progress import progress, say
    from photoclust.config import AuditConfig
    from photoclust.workflows.dedupe.auditing import audit
    from photoclust.workflows.dedupe.proposals import propose

    with store.lock():
        say("Comparing labels and faces.")
        config = AuditConfig(min_confidence=least)
        found = audit(store, dataset, config, lambda total: progress(total, "Comparing", "pairs"))
    return found, propose(found, least, answers)


def _write_page(
    store: IndexStore, audit: Audit, proposals: LabelCorrections, output: Path, name: str
) -> Path:
    from photoclust.report.dedupe.page import Summary, write_findings
    from photoclust.workflows.snapshot.labelled import thumbnails_of

    title = name.rstrip("/").rpartition("/")[2] if "://" in name else Path(name).absolute().name
    summary = Summary(title, len(audit.dataset.entries), labels(audit), tuple(notes_on(audit)))
    thumbnails = partial(thumbnails_of, str(store.folder))
    return write_findings(proposals.findings, summary, thumbnails, output)


def _apply(audit: Audit, corrected: list[str], folder: Path) -> int:
    from photoclust.cli.export import tell_unlinked
    from photoclust.report.dedupe.corrected import write_corrected
    from photoclust.report.links import Links

    entries = zip(audit.dataset.entries, corrected, strict=True)
    links = Links()
    made = write_corrected([(entry.uri, entry.split, label) for entry, label in entries], folder, links)
    tell_unlinked(links.failed)
    return made
