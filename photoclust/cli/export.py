"""``photoclust export``: faces and people as a table or as folders of links."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.cli._index_option import index_option
from photoclust.cli._types import Output

if TYPE_CHECKING:
    from photoclust.index.place import Location


UNLINKED_SHOWN = 20


@click.command()
@index_option
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["csv", "json", "parquet", "folders"]),
    required=True,
    help="A table with a row for each face, or a folder of links for each person.",
)
@click.option(
    "--output",
    required=True,
    type=Output(allow_dash=True),
    metavar="PATH",
    help="File or folder to write; - writes a table to stdout.",
)
@click.option("--embeddings", is_flag=True, help="Add each face's 512 numbers to a table.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def export(index_dir: Location, fmt: str, output: str, embeddings: bool, force: bool) -> None:
    """Write the faces and people of an index.

    Tables hold photo, photo_id, face_id, x0, y0, x1, y1 (pixels of the upright photo), detection_score,
    quality, person_id, person_name, confidence and status (member, unsure, low_quality). A photo under two
    names stands under the first. Folders hold links to the photos, largest person first, and one folder
    for the rest; photos that cannot be linked are named on stderr.

    \b
    Examples:
      photoclust export --index ~/people --format csv --output faces.csv
      photoclust export --index ~/people --format json --output - | jq '.[].person_name'
      photoclust export --index ~/people --format parquet --embeddings --output faces.parquet
      photoclust export --index ~/people --format folders --output ~/by-person
    """
    from photoclust.errors import UsageError
    from photoclust.index.store import IndexStore
    from photoclust.workflows.export import export as workflow
    from photoclust.workflows.export import export_to

    if output == "-" and fmt == "folders":
        raise UsageError("Folders cannot be written to standard output; name a folder.")
    store = IndexStore.open(index_dir)
    if output == "-":
        export_to(store, fmt, sys.stdout.buffer, embeddings)
    else:
        report = workflow(store, fmt, Path(output), embeddings, force)
        click.echo(f"Wrote {report.output}.")
        tell_unlinked(report.unlinked)


def tell_unlinked(unlinked: dict[str, str]) -> None:
    """Say on stderr which photos could have no link, and why."""
    from photoclust.report.names import visible

    if unlinked:
        click.echo(f"{len(unlinked)} could not be linked:", err=True)
    for uri, reason in list(unlinked.items())[:UNLINKED_SHOWN]:
        click.echo(f"  {visible(uri, 200)}: {reason}", err=True)
    if len(unlinked) > UNLINKED_SHOWN:
        click.echo(f"  and {len(unlinked) - UNLINKED_SHOWN} more", err=True)
