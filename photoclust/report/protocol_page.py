"""A test by one of the protocols of biometrics as one page, with its plots."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from photoclust.report.html import page_template
from photoclust.report.names import visible
from photoclust.report.output import write_page
from photoclust.report.protocol_plots import Curves, image, plots

_TITLES = {
    "distances": "Distances of genuine and impostor pairs, with thresholds",
    "roc": "ROC: what is accepted at each false match rate",
    "det": "DET: both errors, on normal deviate scales",
    "calibration": "Calibration: what was said, and what was right",
    "map": "Photos of the people who have most: near is alike, but widths and distances mean nothing",
}


def write_protocol_page(protocol: str, lines: Sequence[str], curves: Curves | None, file: Path) -> None:
    """Write the page, whole or not at all, readable by its owner alone.

    Parameters
    ----------
    protocol
        ``verification`` or ``identification``.
    lines
        What came out, in words.
    curves
        What to plot, if anything.
    file
        Where to.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    write_page(file, lambda: _page(protocol, lines, curves))


def _page(protocol: str, lines: Sequence[str], curves: Curves | None) -> str:
    drawn = plots(curves) if curves else {}
    pictures = [(_TITLES[name], _source(image(draw, "svg"))) for name, draw in drawn.items()]
    template = page_template("protocol.html", "base.css", "review.css", "evaluation.css", visible=visible)
    return template.render(protocol=protocol, lines=lines, pictures=pictures)


def _source(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
