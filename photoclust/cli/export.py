"""``photoclust export``: faces and people as a table, as folders of links, or as XMP for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.cli._index_option import index_option
from photoclust.cli._progress import stage_progress
from photoclust.cli._types import Output
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.index.store import IndexStore
    from photoclust.workflows.export_xmp import XmpReport

TABLES, OF_PHOTOS, OF_CROPS = ("csv", "json", "parquet"), ("coco", "fiftyone"), ("webdataset", "huggingface")
SHOWN = 20  # photos that could not be used


@click.command()
@index_option
@click.option(
    "--format",
    "fmt",
    type=click.Choice([*TABLES, "folders", "xmp", *OF_PHOTOS, *OF_CROPS]),
    required=True,
    help="A table with a row for each face, a folder of links for each person, XMP for other programs, or a "
    "data set.",
)
@click.option(
    "--output",
    type=Output(allow_dash=True),
    metavar="PATH",
    help="File or folder to write; - writes a file to stdout.",
)
@click.option("--embeddings", is_flag=True, help="Add each face's 512 numbers to a table.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--beside-photos", is_flag=True, help="Write XMP sidecars beside the photos.")
@click.option("--embed", is_flag=True, help="Write XMP into the photos themselves; needs exiftool.")
@click.option(
    "--sidecar-name",
    type=click.Choice(["photo.jpg.xmp", "photo.xmp"]),
    default="photo.jpg.xmp",
    show_default=True,
    help="What a new sidecar is called; one that is there keeps its name.",
)
@click.option("--keywords", is_flag=True, help="Make keywords of the names as well, in XMP.")
def export(
    index_dir: Location,
    fmt: str,
    output: str | None,
    embeddings: bool,
    force: bool,
    beside_photos: bool,
    embed: bool,
    sidecar_name: str,
    keywords: bool,
) -> None:
    """Write the faces and people of an index.

    Tables hold photo, photo_id, face_id, x0, y0, x1, y1 (pixels of the upright photo), detection_score,
    quality, person_id, person_name, confidence and status (member, unsure, low_quality). A photo under two
    names stands under the first. Folders hold links to the photos, largest person first, and one folder
    for the rest; photos that cannot be linked are named on stderr.

    XMP holds the face regions of people with a name, for digiKam, Lightroom, Immich and others: sidecars
    below --output DIR, each at the whole path of its photo, or beside the photos (--beside-photos), or in
    the photos themselves (--embed). What others wrote there stays. Do it again after corrections.

    coco and fiftyone are one JSON with all faces, which names photos where they lie. webdataset and
    huggingface are folders of the faces of people, cut from the photos and turned upright by their
    landmarks, 112 pixels wide.

    \b
    Examples:
      photoclust export --index ~/people --format csv --output faces.csv
      photoclust export --index ~/people --format json --output - | jq '.[].person_name'
      photoclust export --index ~/people --format parquet --embeddings --output faces.parquet
      photoclust export --index ~/people --format folders --output ~/by-person
      photoclust export --index ~/people --format xmp --output ~/sidecars
      photoclust export --index ~/people --format xmp --beside-photos --keywords
      photoclust export --index ~/people --format coco --output faces.json
      photoclust export --index ~/people --format webdataset --output shards
    """
    from photoclust.index.store import IndexStore

    if fmt != "xmp" and (beside_photos or embed or keywords):
        raise UsageError("--beside-photos, --embed and --keywords are for --format xmp.")
    if fmt == "xmp":
        if embeddings or output == "-":
            raise UsageError("XMP is written to files and holds no embeddings; name a folder with --output.")
        folder = Path(output) if output else None
        _xmp(IndexStore.open(index_dir), folder, beside_photos, embed, sidecar_name, keywords)
    else:
        _table_or_folders(IndexStore.open(index_dir), fmt, output, embeddings, force)


def _table_or_folders(store: IndexStore, fmt: str, output: str | None, embeddings: bool, force: bool) -> None:
    from photoclust.workflows.export import export as workflow
    from photoclust.workflows.export import export_to

    if not output:
        raise UsageError("Say with --output what to write to.")
    if output == "-" and fmt in ("folders", *OF_CROPS):
        raise UsageError("Folders cannot be written to standard output; name a folder.")
    if output == "-":
        export_to(store, fmt, sys.stdout.buffer, embeddings)
        return
    report = workflow(store, fmt, Path(output), embeddings, force, stage_progress)
    click.echo(f"Wrote {report.output}.")
    tell_failed(report.unlinked, "cut" if fmt in OF_CROPS else "linked")


def _xmp(
    store: IndexStore, folder: Path | None, beside: bool, embed: bool, sidecar_name: str, keywords: bool
) -> None:
    from photoclust.workflows.export_xmp import XmpPlace, export_xmp

    by_stem = sidecar_name == "photo.xmp"
    report = export_xmp(store, XmpPlace(folder, beside, embed, by_stem), keywords)
    where = f"sidecars below {folder}" if folder else "sidecars beside the photos" if beside else "photos"
    click.echo(f"Wrote {report.written:,} {where}; {_unchanged(report)}.")
    click.echo(
        f"{report.faces:,} faces of {report.people:,} people with a name, in {report.photos:,} photos."
        if report.people
        else "Nobody has a name yet; `photoclust people name` gives one."
    )
    if report.differing:
        click.echo(f"{report.differing:,} faces have another name there, of another program, which stays.")
    tell_failed(report.failed, "given XMP")


def _unchanged(report: XmpReport) -> str:
    removed = f", {report.removed:,} that said nothing else any more were removed" if report.removed else ""
    return f"{report.unchanged:,} said it already{removed}"


def tell_failed(failed: dict[str, str], what: str) -> None:
    """Say on stderr which photos could not be used, and why."""
    from photoclust.report.names import visible

    if failed:
        click.echo(f"{len(failed):,} could not be {what}:", err=True)
    for uri, reason in list(failed.items())[:SHOWN]:
        click.echo(f"  {visible(uri, 200)}: {reason}", err=True)
    if len(failed) > SHOWN:
        click.echo(f"  and {len(failed) - SHOWN:,} more", err=True)
