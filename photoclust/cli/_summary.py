"""What a run says when it has finished, to a person or to a script."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from photoclust.records import FAILED, FORGOTTEN, MISSING, NO_FACE, OK, printable

if TYPE_CHECKING:
    import pyarrow as pa

    from photoclust.index.store import Clustering, IndexStore
    from photoclust.workflows.run_stats import GroupReport, IndexReport

FAILED_SHOWN = 100
_AWAY = {"missing": "missing", "left_out": "left out"}


def write(folder: str, indexed: IndexReport | None, grouped: GroupReport | None, as_json: bool) -> None:
    """Write what a run did and what the index now holds."""
    from photoclust.index.store import IndexStore
    from photoclust.workflows.review_page import review_page

    store = IndexStore.open(folder)
    values = status_values(store)
    if indexed is not None:
        values["indexing"] = asdict(indexed)
    if grouped is not None:
        values["grouping"] |= asdict(grouped) | {"review_page": str(review_page(folder))}
    if as_json:
        _write_json(values)
        return
    if indexed is not None:
        click.echo(_indexing_line(indexed))
        _write_passed_over(indexed.passed_over)
        for note in indexed.notes:
            click.echo(f"Note     {note}")
    _write_holdings(values)
    _write_failed(values["failed"], FAILED_SHOWN, values["index"])
    for problem in grouped.problems if grouped else ():
        click.echo(f"Not applied: {problem}")
    click.echo(f"\nNext: {values['next']}")


def write_status(folder: str, failed: bool, missing: bool, as_json: bool) -> None:
    """Write what the index at `folder` holds."""
    from photoclust.index.store import IndexStore

    values = status_values(IndexStore.open(folder))
    if as_json:
        _write_json(values)
        return
    model = values["model"]
    click.echo(f"Index    {values['index']}  (model {model['name']} {model['sha256'][:12]})")
    if values["unfinished"]:
        began, host = (printable(str(values["unfinished"].get(name, "?"))) for name in ("began", "host"))
        click.echo(f"Indexing began {began} on {host} and has not ended")
    _write_holdings(values)
    _write_passed_over(values["passed_over"])
    if failed:
        _write_failed(values["failed"], len(values["failed"]), values["index"])
    if missing and values["missing"]:
        click.echo("\nNo longer there:")
        click.echo("\n".join(f"  {printable(uri)}" for uri in values["missing"]))
    click.echo(f"\nNext: {values['next']}")


def status_values(store: IndexStore) -> dict[str, Any]:
    """Plain values of what an index holds; of its photos only those that are named become Python objects."""
    import pyarrow.compute as pc

    from photoclust.index.runs import passed_over_before
    from photoclust.index.unfinished import unfinished_run

    unfinished = unfinished_run(store.folder)
    known = store.known_photos()
    counted = {row["values"]: row["counts"] for row in known["status"].value_counts().to_pylist()}
    photos = known.filter(pc.field("status") != MISSING)
    usable = photos.filter(pc.field("status") != FAILED)["photo_id"]
    failed = photos.filter(pc.field("status") == FAILED).select(["uri", "stage", "error", "attempts"])
    away = known.filter(pc.field("status") == MISSING)
    left_out = away.filter(pc.field("left_out").is_valid())
    missing = _missing(away.filter(pc.field("left_out").is_null()), photos)
    faces = store.faces([])["face_id"]
    clustering = store.current_clustering()
    return {
        "index": store.called,
        "model": {"name": store.settings.embed.model, "sha256": store.model_sha256},
        "photos": {
            "seen": len(photos),
            "with_faces": counted.get(OK, 0),
            "without_faces": counted.get(NO_FACE, 0),
            "failed": counted.get(FAILED, 0),
            "missing": len(missing),
            "left_out": len(left_out),
            "forgotten": counted.get(FORGOTTEN, 0),
            "copies": len(usable) - len(usable.unique()),
        },
        "faces": len(faces),
        "unfinished": unfinished,
        "grouping": _grouping(clustering),
        "failed": failed.to_pylist(),
        "missing": missing,
        "passed_over": passed_over_before(store.folder),
        "next": _next(store, len(photos), faces, clustering, unfinished),
    }


def _missing(away: pa.Table, photos: pa.Table) -> list[str]:
    """Uris of missing photos whose picture is under no other name, `photos` being those that are there."""
    import pyarrow.compute as pc

    elsewhere = pc.field("photo_id").isin(photos["photo_id"].unique())
    return away.filter(~elsewhere)["uri"].to_pylist()


def _grouping(clustering: Clustering | None) -> dict[str, Any] | None:
    if clustering is None:
        return None
    names = ("created", "faces", "people", "in_people", "unsure", "low_quality")
    named = sum(name != "" for name in clustering.people["name"].to_pylist())
    values = {name: clustering.run[name] for name in names}
    found = clustering.run.get("neighbour_recall")
    return {"run_id": clustering.run_id, **values, "named": named, "neighbour_recall": found}


def _next(
    store: IndexStore,
    photos: int,
    faces: pa.ChunkedArray,
    clustering: Clustering | None,
    unfinished: dict[str, Any] | None,
) -> str:
    from photoclust.workflows.review_page import review_page

    folder = _shell(store.called)
    if unfinished is not None:
        verb = printable(str(unfinished.get("verb", "run")))
        what = "DATASET" if verb == "dedupe" else "PHOTOS"
        return (
            f"the same command again, photoclust {verb} {what} --index {folder}, unless it is still at work"
        )
    if not photos:
        return f"photoclust run PHOTOS --index {folder}"
    if clustering is None or not clustering.assignments["face_id"].equals(faces):
        return f"photoclust cluster --index {folder}"
    return f"open {_shell(review_page(store.folder))}"


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


def _write_holdings(values: dict[str, Any]) -> None:
    photos, grouping = values["photos"], values["grouping"]
    parts = [f"{photos['with_faces']} with faces", f"{photos['without_faces']} without"]
    parts += [f"{photos['failed']} failed"] if photos["failed"] else []
    parts += [f"{photos['forgotten']} forgotten"] if photos["forgotten"] else []
    parts += [f"{photos['copies']} the same photo again"] if photos["copies"] else []
    away = [f"{photos[name]} {word}" for name, word in _AWAY.items() if photos[name]]
    gone = f"; {', '.join(away)}, out of the grouping" if away else ""
    click.echo(f"Photos   {photos['seen']}: {', '.join(parts)}{gone}")
    if grouping is None:
        click.echo(f"Faces    {values['faces']}, not grouped yet")
        return
    rest = f"{grouping['unsure']} unsure, {grouping['low_quality']} of low quality"
    click.echo(f"Faces    {grouping['faces']}: {grouping['in_people']} in people, {rest}")
    named = f", {grouping['named']} named" if grouping["named"] else ""
    click.echo(f"People   {grouping['people']}{named}")
    if grouping["neighbour_recall"] is not None:
        click.echo(
            f"Compared approximately: {grouping['neighbour_recall']:.1%} of the nearest faces were found"
        )


def _write_passed_over(counts: dict[str, dict[str, int]]) -> None:
    from photoclust.photos.sources.passed_over import in_words

    for line in in_words(counts):
        click.echo(line)


def _write_failed(failed: list[dict[str, Any]], most: int, index: str) -> None:
    if failed:
        click.echo("\nCould not be used:")
    for row in failed[:most]:
        click.echo(f"  {printable(row['uri'])}: {row['stage']}: {printable(row['error'])}")
    if any(row["stage"] == "read" for row in failed):
        click.echo("What could not be read is tried again in every run.")
    if len(failed) > most:
        more = f"photoclust status --failed --index {_shell(index)}"
        click.echo(f"  and {len(failed) - most} more: {more}")


def _write_json(values: dict[str, Any]) -> None:
    click.echo(json.dumps(values, indent=2))
