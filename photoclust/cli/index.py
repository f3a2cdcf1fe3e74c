"""``photoclust run`` and ``photoclust index``: photos in."""

from __future__ import annotations

from typing import Any

import click

from photoclust.cli import _options
from photoclust.cli._job import PhotoOptions


def photo_options(values: dict[str, Any]) -> PhotoOptions:
    """Take what `options.photo_options` asked for out of `values`."""
    names = ("model", "min_face_size", "max_pixels", "retry_failed", "missing", "image_column")
    names += ("exclude", "include")
    return PhotoOptions(**_options.take(values, *names))


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTOS...")
@_options.index_option
@_options.photo_options
@_options.cluster_options
@_options.churn_option
@_options.engine_options
@_options.json_option
def run(
    photos: tuple[str, ...], index_dir: str, max_named_churn: float, as_json: bool, **values: Any
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
    from photoclust.cli import _job, _summary

    engine, cluster_config = _options.take_engine(values), _options.take_cluster(values)
    indexed = _job.index(photos, index_dir, engine, photo_options(values))
    grouped = _job.cluster(index_dir, cluster_config, max_named_churn, engine)
    _summary.write(index_dir, indexed, grouped, as_json)


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTOS...")
@_options.index_option
@_options.photo_options
@_options.engine_options
@_options.json_option
def index(photos: tuple[str, ...], index_dir: str, as_json: bool, **values: Any) -> None:
    """Find and embed the faces of new and changed PHOTOS; the first half of `run`.

    PHOTOS are folders (searched recursively), files, s3://, gs:// or az://BUCKET/PREFIX, tar and Parquet
    files of photos, or @LIST: a text file with one of these on each line.

    \b
    Examples:
      photoclust index ~/Pictures --index ~/people
      photoclust index ~/Pictures --index ~/people --retry-failed
    """
    from photoclust.cli import _job, _summary

    indexed = _job.index(photos, index_dir, _options.take_engine(values), photo_options(values))
    _summary.write(index_dir, indexed, None, as_json)
