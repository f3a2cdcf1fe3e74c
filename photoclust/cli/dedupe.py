"""``photoclust dedupe``: a labelled data set held against its faces, and put right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from photoclust.cli import _options
from photoclust.cli._types import Output


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
    type=Output(path_type=Path),
    metavar="DIR",
    help="Write a page to look at, index.html, and the proposals, actions.csv, into this folder; what you "
    "answered in that table is read first.",
)
@click.option(
    "--apply",
    "apply_dir",
    type=Output(path_type=Path),
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
    from photoclust.cli._context import context
    from photoclust.cli._findings import say_findings
    from photoclust.cli._progress import sparse_lines
    from photoclust.cli.export import tell_failed
    from photoclust.workflows.dedupe import Places
    from photoclust.workflows.dedupe import dedupe as workflow

    as_json, least = values.pop("as_json"), values.pop("min_confidence")
    places = Places(index_dir, output, apply_dir)
    surroundings = context(_options.take_engine(values), "dedupe")
    with sparse_lines():
        report = workflow(dataset, places, _options.take_photos(values), least, surroundings)
    tell_failed(report.unlinked, "linked")
    say_findings(report, as_json)
