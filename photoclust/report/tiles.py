"""A face as the pages of findings, evaluation and questions show it: its thumbnail, and its photo's name."""

from __future__ import annotations

from dataclasses import dataclass

from photoclust.report.html import image_source
from photoclust.report.names import file_link, file_name, visible


@dataclass(frozen=True)
class Tile:
    """What the macro in ``tile.html`` asks for.

    Attributes
    ----------
    image
        Source of the thumbnail, ``""`` for none.
    file, path
        Name and whole path of the photo, as they may be shown.
    link
        Leads to the photo; None where there is no file to lead to.
    sure
        How sure the face's place is, ``""`` where that is not told.
    """

    image: str
    file: str
    path: str
    link: str | None
    sure: str = ""


def tile(uri: str, jpeg: bytes | None, sure: str = "") -> Tile:
    """Show a face in the photo at a uri by its thumbnail."""
    return Tile(image_source(jpeg), visible(file_name(uri)), visible(uri, 400), file_link(uri), sure)
