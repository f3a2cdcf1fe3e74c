"""The review page: people as rows of faces, in files that need nothing but a browser.

Each page stands alone: style and thumbnails are inside it, it runs no script and its policy lets it load
nothing. A large album becomes several pages, none of which holds more than `Limits` allows. Only the first
says how much there is of everything, so that the others stay as they are when the people on them do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from photoclust import __version__
from photoclust.records import FAILED, NO_FACE
from photoclust.report.album import Album
from photoclust.report.html import page_template, source
from photoclust.report.images import Piece, images_in_file
from photoclust.report.names import visible
from photoclust.report.output import output_file, reported
from photoclust.report.pages import PAGE_NAME, Limits, nearby, page_name
from photoclust.report.parts import FILE as PARTS
from photoclust.report.parts import Parts, key_of
from photoclust.report.review_numbers import Chart, charts
from photoclust.report.review_people import People, PersonSection
from photoclust.report.review_rest import Doubtful, Rest, failures
from photoclust.report.review_tiles import Tiles

Thumbnails = Callable[[npt.NDArray[np.int64]], Iterable[Piece]]
"""Thumbnails of some of an album's faces, by their rows, in pieces that say which of the rows theirs are."""

STYLES = ("base.css", "review.css")


def write_review(
    album: Album,
    folder: Path,
    title: str,
    limits: Limits | None = None,
    thumbnails: Thumbnails | None = None,
    mark: str = "",
) -> Path:
    """Write the review page of an album, each page whole or not at all, readable by its owner alone.

    What an earlier review has rendered from the same is taken from it, and a page that would be the same
    stays as it is.

    Parameters
    ----------
    album
        Its faces need ``face_id``, ``photo_id`` and ``quality``, and ``thumbnail`` if it is not said apart.
    folder
        Where to; made where missing. Pages of an earlier review that are not needed any more go.
    title
        What the page is about.
    limits
        How much a page may hold.
    thumbnails
        Gives those of the album's faces; they need not fit in memory.
    mark
        What thumbnails follow from; with another one, or none, nothing is taken from an earlier review.

    Returns
    -------
    Path
        ``index.html``, the first page.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    with reported(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        old = {path.name for path in folder.iterdir() if PAGE_NAME.fullmatch(path.name)}
    made_by = key_of(mark, __version__, source("review.html"), *map(source, STYLES))
    parts = Parts(folder, made_by if mark else "")
    review = _Review(album, limits or Limits(), parts)
    names = [page_name(number) for number in range(len(review.pages))]
    signed = [(name, review.signature(number, names, title)) for number, name in enumerate(names)]
    changed = [number for number, page in enumerate(signed) if not (mark and parts.unchanged(*page))]
    pieces = _pieces(album, review.pictured(changed), thumbnails)
    with images_in_file(pieces, len(album.faces), folder) as images:
        review.tiles.images = images
        for number in reversed(changed):
            parts.begin(*signed[number])
            template = page_template("review.html", *STYLES, day=_day, nearby=nearby, count=_count)
            page = template.generate(title=visible(title), review=review, number=number, names=names)
            with output_file(folder / names[number]) as stream:
                stream.writelines(piece.encode() for piece in page)
            for section in review.sections(number):
                section.release()
    with reported(folder):
        for stale in old.difference(names):
            (folder / stale).unlink()
        if not mark:
            (folder / PARTS).unlink(missing_ok=True)
    if mark:
        parts.remember()
    return folder / names[0]


def _pieces(
    album: Album, rows: npt.NDArray[np.int64], thumbnails: Thumbnails | None
) -> Iterator[tuple[npt.NDArray[np.int64], pa.Array]]:
    """Thumbnails of some rows of an album, with the rows they are of."""
    if not len(rows):
        return
    if thumbnails is None:
        yield rows, album.faces["thumbnail"].combine_chunks().take(pa.array(rows))
    else:
        for place, images in thumbnails(rows):
            yield rows[place], images


class _Review:
    """What the template asks for, made when it asks."""

    def __init__(self, album: Album, limits: Limits, parts: Parts) -> None:
        self._album, self._limits, self._parts = album, limits, parts
        self.tiles = Tiles()
        self._rows = album.face_rows()
        self._people = People(album, self._rows, limits, self.tiles)
        self._rest = Rest(self._rows, self._people.table, limits, self.tiles)

    @property
    def pages(self) -> list[tuple[int, int]]:
        """First person of each page, and the first of the next."""
        return self._people.pages

    def part(self, page: str, key: str, render: Callable[[Any], str], about: Any) -> Markup:
        """A part of a page, by a macro of the template where it is not there yet."""
        return Markup(self._parts.part(page, key, lambda: str(render(about))))  # noqa: S704 - its own output

    def signature(self, number: int, names: list[str], title: str) -> str:
        """Key of everything a page is made of."""
        keys = [(section.entry_key, section.key) for section in self.sections(number)]
        figures = [self.figures, *map(asdict, self.charts)] if not number else []
        rest = list[Any]()
        if number + 1 == len(names):
            rest = [[part.key for part in self.rest], self.failures, self.figures["failed"]]
        links = names[-1] if not number else "", nearby(number, len(names))
        return key_of(title, number, links, figures, keys, rest)

    def pictured(self, pages: list[int]) -> npt.NDArray[np.int64]:
        """Rows of the faces whose thumbnails some pages need: of parts that are not there."""
        known = self._parts.known
        rows = [self._people.pictured(number, known) for number in pages]
        if len(self.pages) - 1 in pages:
            rows += [part.shown["row"].to_numpy() for part in self.rest if not known(part.key)]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *rows]))

    @cached_property
    def figures(self) -> dict[str, int]:
        """Numbers of everything, for the head of the first page."""
        photos = self._album.photos
        readable = photos.filter(pc.field("photo_id") != "")["photo_id"]
        status = {item["values"]: item["counts"] for item in photos["status"].value_counts().to_pylist()}
        return {
            "photos": len(photos),
            "faces": len(self._rows),
            "people": len(self._people),
            "unsure": len(self._rest.unsure),
            "low_quality": len(self._rest.low_quality),
            "no_face": status.get(NO_FACE, 0),
            "failed": status.get(FAILED, 0),
            "copies": len(readable) - len(readable.unique()),
        }

    @cached_property
    def charts(self) -> list[Chart]:
        """More numbers, for the first page."""
        return charts(self._rows, self._people.table)

    def sections(self, number: int) -> list[PersonSection]:
        """People of one page."""
        return self._people.sections[slice(*self.pages[number])]

    @property
    def rest(self) -> list[Doubtful]:
        """Faces that are nobody's."""
        return self._rest.parts

    @cached_property
    def failures(self) -> list[dict[str, Any]]:
        """The photos that could not be used."""
        return failures(self._album.photos, self._limits.rest)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
