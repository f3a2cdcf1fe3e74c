"""What a run says when it has finished, to a person or to a script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from photoclust.records import printable

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.run_stats import GroupReport, IndexReport
    from photoclust.workflows.status import FailedPhoto, IndexStatus

FAILED_SHOWN = 100


def write(folder: Location, indexed: IndexReport | None, grouped: GroupReport | None, as_json: bool) -> None:
    """Write what a run did and what the index now holds."""
    now = _status(folder)
    if as_json:
        values = _values(now)
        if indexed is not None:
            values["indexing"] = asdict(indexed)
        if grouped is not None:
            values["grouping"] |= asdict(grouped) | {"review_page": str(now.review_page)}
        _write_json(values)
        return
    if indexed is not None:
        click.echo(_indexing_line(indexed))
        if indexed.bottleneck:
            click.echo(f"Work     {indexed.bottleneck}")
        _write_passed_over(indexed.passed_over)
        for note in indexed.notes:
            click.echo(f"Note     {note}")
    _write_holdings(now)
    _write_failed(now.failed, FAILED_SHOWN, now.index)
    for problem in grouped.problems if grouped else ():
        click.echo(f"Not applied: {problem}")
    click.echo(f"\nNext: {_next(now)}")


def write_status(folder: Location, failed: bool, missing: bool, as_json: bool) -> None:
    """Write what the index at `folder` holds."""
    now = _status(folder)
    if as_json:
        _write_json(_values(now))
        return
    click.echo(f"Index    {now.index}  (model {now.model.name} {now.model.sha256[:12]})")
    if now.unfinished:
        began, host = (printable(str(now.unfinished.get(name, "?"))) for name in ("began", "host"))
        click.echo(f"Indexing began {began} on {host} and has not ended")
    _write_holdings(now)
    _write_passed_over(now.passed_over)
    if failed:
        _write_failed(now.failed, len(now.failed), now.index)
    if missing and now.missing:
        click.echo("\nNo longer there:")
        click.echo("\n".join(f"  {printable(uri)}" for uri in now.missing))
    click.echo(f"\nNext: {_next(now)}")


def _status(folder: Location) -> IndexStatus:
    from photoclust.index.store import IndexStore
    from photoclust.workflows.status import status

    return status(IndexStore.open(folder))


def _values(now: IndexStatus) -> dict[str, Any]:
    return now.to_dict() | {"next": _next(now)}


def _next(now: IndexStatus) -> str:
    """What to do next."""
    index = _shell(now.index)
    if now.unfinished is not None:
        verb = printable(str(now.unfinished.get("verb", "run")))
        what = "DATASET" if verb == "dedupe" else "PHOTOS"
        return f"the same command again, photoclust {verb} {what} --index {index}, unless it is still at work"
    if not now.photos.seen:
        return f"photoclust run PHOTOS --index {index}"
    if not now.grouped:
        return f"photoclust cluster --index {index}"
    return f"open {_shell(now.review_page)}"


def _shell(place: object) -> str:
    import shlex

    return shlex.quote(str(place))


def _indexing_line(report: IndexReport) -> str:
    done = sum(report.indexed.values())
    gone = f"; {report.missing} are no longer there" if report.missing else ""
    gone += f"; {report.vanished} went before they were read" if report.vanished else ""
    gone += f"; {report.kept} could not be read and stay as they were" if report.kept else ""
    gone += f"; {report.left_out} known before are left out now" if report.left_out else ""
    if not done:
        return f"Indexed  nothing new among {report.found} photos{gone}"
    rate = f", {report.photos_a_second:.1f} photos a second" if report.photos_a_second else ""
    new = f"Indexed  {done} of {report.found} photos in {report.seconds:.0f} s{rate}"
    same = f"; {report.unchanged} had not changed" if report.unchanged else ""
    back = f"; {report.returned} are back" if report.returned else ""
    moved = f"; {report.moved} were moved" if report.moved else ""
    again = f"; {report.retries} requests to the store repeated" if report.retries else ""
    return new + same + moved + back + gone + again


def _write_holdings(now: IndexStatus) -> None:
    photos, grouping = now.photos, now.grouping
    parts = [f"{photos.with_faces} with faces", f"{photos.without_faces} without"]
    parts += [f"{photos.failed} failed"] if photos.failed else []
    parts += [f"{photos.forgotten} forgotten"] if photos.forgotten else []
    parts += [f"{photos.copies} the same photo again"] if photos.copies else []
    away = [f"{photos.missing} missing"] if photos.missing else []
    away += [f"{photos.left_out} left out"] if photos.left_out else []
    gone = f"; {', '.join(away)}, out of the grouping" if away else ""
    click.echo(f"Photos   {photos.seen}: {', '.join(parts)}{gone}")
    if grouping is None:
        click.echo(f"Faces    {now.faces}, not grouped yet")
        return
    rest = f"{grouping.unsure} unsure, {grouping.low_quality} of low quality"
    click.echo(f"Faces    {grouping.faces}: {grouping.in_people} in people, {rest}")
    named = f", {grouping.named} named" if grouping.named else ""
    click.echo(f"People   {grouping.people}{named}")
    if grouping.neighbour_recall is not None:
        click.echo(f"Compared approximately: {grouping.neighbour_recall:.1%} of the nearest faces were found")


def _write_passed_over(counts: dict[str, dict[str, int]]) -> None:
    from photoclust.photos.sources.passed_over import in_words

    for line in in_words(counts):
        click.echo(line)


def _write_failed(failed: Sequence[FailedPhoto], most: int, index: str) -> None:
    if failed:
        click.echo("\nCould not be used:")
    for photo in failed[:most]:
        click.echo(f"  {printable(photo.uri)}: {photo.stage}: {printable(photo.error)}")
    if any(photo.stage == "read" for photo in failed):
        click.echo("What could not be read is tried again in every run.")
    if len(failed) > most:
        more = f"photoclust status --failed --index {_shell(index)}"
        click.echo(f"  and {len(failed) - most} more: {more}")


def _write_json(values: dict[str, Any]) -> None:
    click.echo(json.dumps(values, indent=2))
