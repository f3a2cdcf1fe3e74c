"""A training run as one page, with its plots and the faces that it gets most wrong."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photoclust.report.html import image_source, page_template
from photoclust.report.names import visible
from photoclust.report.output import write_page


@dataclass(frozen=True)
class ShownTriplet:
    """A face, the farthest of the same person, and the nearest of another.

    Attributes
    ----------
    pictures
        JPEG of anchor, positive and negative; None where it is not at hand.
    people
        Name of the person of the first two, and of the third.
    before, after
        Distances of the anchor to positive and negative, before training and after.
    """

    pictures: tuple[bytes | None, bytes | None, bytes | None]
    people: tuple[str, str]
    before: tuple[float, float]
    after: tuple[float, float]


def write_training_page(
    run: Mapping[str, Any],
    lines: Sequence[str],
    plots: Mapping[str, bytes],
    triplets: Sequence[ShownTriplet],
    file: Path,
) -> None:
    """Write the page, whole or not at all, readable by its owner alone.

    Parameters
    ----------
    run
        ``id``, ``config``, ``sides``, ``notes``, ``curves`` and ``judgement`` as plain values.
    lines
        What came out, in words.
    plots
        PNG by title.
    triplets
        The worst ones.
    file
        Where to.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    styles = ("base.css", "review.css", "evaluation.css", "training.css")
    template = page_template("training.html", *styles, visible=visible, image=image_source)
    pictures = [(title, _png_source(png)) for title, png in plots.items()]
    write_page(
        file,
        lambda: template.render(run=run, lines=lines, pictures=pictures, triplets=triplets),
    )


def _png_source(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
