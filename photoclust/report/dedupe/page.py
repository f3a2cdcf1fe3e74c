"""The findings in a data set as a page to look at: self-contained, no script, nothing from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from photoclust.report.dedupe.findings import KINDS, Action, Finding, Side
from photoclust.report.html import page_template
from photoclust.report.names import visible
from photoclust.report.output import output_file, reported
from photoclust.report.tiles import Tile, tile

FACES_SHOWN = 8  # of each side
FINDINGS_SHOWN = 200  # of each kind; the table of actions holds them all

Thumbnails = Callable[[Sequence[int]], Mapping[int, bytes]]


@dataclass(frozen=True)
class Summary:
    """What the head of the page says.

    Attributes
    ----------
    title
        Name of the data set.
    photos, labels
        How many were looked at.
    notes
        What could not be judged or used, in a sentence each.
    """

    title: str
    photos: int
    labels: int
    notes: tuple[str, ...]


def write_findings(
    findings: Sequence[Finding], summary: Summary, thumbnails: Thumbnails, folder: Path
) -> Path:
    """Write ``index.html``, whole or not at all, readable by its owner alone.

    Parameters
    ----------
    findings
        In the order of the page, those of one kind together.
    summary
        For the head of the page.
    thumbnails
        Gives the JPEG of each of some rows of faces.
    folder
        Where to; made where missing.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    with reported(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    page = findings_page(findings, summary, thumbnails)
    with output_file(folder / "index.html") as stream:
        stream.write(page.encode("utf-8", "replace"))
    return folder / "index.html"


def findings_page(findings: Sequence[Finding], summary: Summary, thumbnails: Thumbnails) -> str:
    """HTML of the page; parameters as in `write_findings`."""
    groups = [(kind, list(own)) for kind, own in groupby(findings, key=lambda one: one.kind)]
    shown = [(kind, own[:FINDINGS_SHOWN], len(own)) for kind, own in groups]
    rows = {
        row
        for _, own, _ in shown
        for one in own
        for side in one.sides
        for row in side.faces[:FACES_SHOWN]
        if row >= 0
    }
    pictures = thumbnails(sorted(rows))
    template = page_template(
        "findings.html",
        "base.css",
        "review.css",
        "findings.css",
        visible=visible,
        tiles=lambda side: _tiles(side, pictures),
        doings=_doings,
    )
    return template.render(summary=summary, groups=shown, kinds=KINDS, least=FACES_SHOWN)


def _tiles(side: Side, pictures: Mapping[int, bytes]) -> list[Tile]:
    """The first faces of a side."""
    shown = list(zip(side.uris, side.faces, strict=True))[:FACES_SHOWN]
    return [tile(uri, pictures.get(row)) for uri, row in shown]


def _doings(actions: Sequence[Action]) -> list[str]:
    """What is proposed, each thing once, with the number of photos."""
    counted = Counter((one.action, one.label, one.proposed) for one in actions)
    summed = Counter[str]()
    for (action, label, proposed), photos in counted.items():
        words = {
            "merge": f"put {{}} of {label} under {proposed}",
            "move": f"move {{}} from {label} to {proposed}",
            "split": f"part {{}} of {label} off as {proposed}",
            "set_aside": f"leave {{}} out of {label}",
            "drop": f"drop {{}} of {label}",
            "review": f"look at {{}} of {label}",
        }[action]
        summed[words.replace("{}", f"{photos} photo{'' if photos == 1 else 's'}", 1)] += 1
    lines = [visible(line, 200) for line in summed]
    return lines if len(lines) <= 6 else [*lines[:5], f"and {len(lines) - 5} more in actions.csv"]
