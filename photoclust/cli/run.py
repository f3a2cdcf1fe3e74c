"""``photoclust run``: photos in, people out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTOS...")
@index_option
@_options.photo_options
@_options.cluster_options
@_options.churn_option
@_options.engine_options
@_options.json_option
def run(
    photos: tuple[str, ...], index_dir: Location, max_named_churn: float, as_json: bool, **values: Any
) -> None:
    """Index PHOTOS, group their faces into people and write the review page.

    PHOTOS are folders (searched recursively), files, s3://, gs:// or az://BUCKET/PREFIX, tar and Parquet
    files of photos, or @LIST: a text file with one of these on each line. Run it again whenever there are
    new photos: only those are worked on.

    \b
    Examples:
      photoclust run ~/Pictures --index ~/people
      photoclust run card1/ card2/ @more.txt --index ~/people --json
      photoclust run s3://bucket/photos 'shards/{000..123}.tar' --index s3://bucket/people
    """
    from photoclust.cli import _summary
    from photoclust.cli._context import context
    from photoclust.workflows.run import run as workflow

    surroundings, config = context(_options.take_engine(values)), _options.take_cluster(values)
    options = _options.take_photos(values)
    report = workflow(photos, index_dir, options, config, surroundings, max_named_churn)
    _summary.write(index_dir, report.indexed, report.grouped, as_json)
