"""``photoclust index``: photos in."""

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
@_options.engine_options
@_options.json_option
def index(photos: tuple[str, ...], index_dir: Location, as_json: bool, **values: Any) -> None:
    """Find and embed the faces of new and changed PHOTOS; the first half of `run`.

    PHOTOS are folders (searched recursively), files, s3://, gs:// or az://BUCKET/PREFIX, tar and Parquet
    files of photos, or @LIST: a text file with one of these on each line.

    \b
    Examples:
      photoclust index ~/Pictures --index ~/people
      photoclust index ~/Pictures --index ~/people --retry-failed
    """
    from photoclust.cli import _summary
    from photoclust.cli._context import context
    from photoclust.workflows.index import index as workflow

    surroundings = context(_options.take_engine(values), "index")
    report = workflow(photos, index_dir, _options.take_photos(values), surroundings)
    _summary.write(index_dir, report, None, as_json)
