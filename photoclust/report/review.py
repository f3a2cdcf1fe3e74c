"""The review page: people as rows of faces, in files that need nothing but a browser.

Each page stands alone: style and thumbnails are inside it, it runs no script and its policy lets it load
nothing. A large album becomes several pages, none of which holds more than `Limits` allows.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from photoclust import __version__
from photoclust.records import FAILED, LOW_QUALITY, MEMBER, NO_FACE
from photoclust.report.album import Album, Ranked, doubtful_first, look_up, rank_people
from photoclust.report.bursts import together, with_room
from photoclust.report.facts import facts_in_words
from photoclust.report.guesses import Said, said_of_members, said_of_others
from photoclust.report.html import page_template, source
from photoclust.report.images import Images, Piece, images_in_file
from photoclust.report.names import file_link, file_name, visible
from photoclust.report.output import output_file, reported
from photoclust.report.pages import PAGE_NAME, Limits, nearby, page_name, split_pages
from photoclust.report.parts import FILE as PARTS
from photoclust.report.parts import Parts, key_of

_SHOWN = ("face_id", "photo", "taken_at", "alike")
_PERSON_MARKUP = 1500  # bytes of HTML around the faces of a person
_TILE_MARKUP = 700  # bytes of HTML around a thumbnail and its photo's name
_THUMBNAIL = 4000  # bytes of HTML that a thumbnail takes, about


@dataclass(frozen=True)
class Tile:
    """One face as the page shows it, and for those that are near-identical.

    Attributes
    ----------
    alike
        Those of the others that are shown when asked for.
    count
        Number of faces it stands for, itself and those for whom there is no room included.
    said
        Words below it.
    """

    image: str
    file: str
    path: str
    link: str | None
    taken_at: datetime | None
    said: Said
    count: int
    alike: tuple[Tile, ...] = ()


@dataclass(frozen=True)
class PersonSection:
    """One person as the page shows them; what takes long is made when it is asked for.

    Attributes
    ----------
    key, entry_key
        Of the section, and of the person's entry among those that lead to sections.
    """

    person: dict[str, Any]
    facts: str
    key: str
    entry_key: str
    _image: Callable[[], str]
    _tiles: Callable[[], list[Tile]]

    @cached_property
    def cover(self) -> str:
        """Picture of the person."""
        return self._image()

    @cached_property
    def tiles(self) -> list[Tile]:
        """The faces that are shown."""
        return self._tiles()

    @property
    def more(self) -> int:
        """Number of faces that are not shown."""
        return self.person["faces"] - sum(tile.count for tile in self.tiles)


@dataclass(frozen=True)
class Doubtful:
    """Faces of nobody as the page shows them, so many in all; the first of them are rows of `shown`."""

    id: str
    total: int
    key: str
    shown: pa.Table
    _tiles: Callable[[], list[Tile]]

    @cached_property
    def tiles(self) -> list[Tile]:
        """The faces that are shown."""
        return self._tiles()


Thumbnails = Callable[[npt.NDArray[np.int64]], Iterable[Piece]]
"""Thumbnails of some of an album's faces, by their rows, in pieces that say which of the rows theirs are."""


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
    made_by = key_of(mark, __version__, source("review.html"), source("review.css"))
    parts = Parts(folder, made_by if mark else "")
    review = _Review(album, limits or Limits(), parts)
    names = [page_name(number) for number in range(len(review.pages))]
    signed = [(name, review.signature(number, names, title)) for number, name in enumerate(names)]
    changed = [number for number, page in enumerate(signed) if not (mark and parts.unchanged(*page))]
    pieces = _pieces(album, review.pictured(changed), thumbnails)
    with images_in_file(pieces, len(album.faces), folder) as images:
        review.images = images
        for number in reversed(changed):
            parts.begin(*signed[number])
            template = page_template("review.html", "review.css", day=_day, nearby=nearby, count=_count)
            page = template.generate(title=visible(title), review=review, number=number, names=names)
            with output_file(folder / names[number]) as stream:
                stream.writelines(piece.encode() for piece in page)
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

    images: Images  # of the faces that are pictured anew

    def __init__(self, album: Album, limits: Limits, parts: Parts) -> None:
        self._album = album
        self._limits = limits
        self._parts = parts
        self._rows = album.face_rows()
        ranked: Ranked = rank_people(self._rows)
        starts = np.concatenate([[0], np.cumsum(ranked.people["faces"].to_numpy())])
        self._people = ranked.people
        self._surest = ranked.members["row"].take(pa.array(starts[:-1])).to_pylist()
        self._members, self._starts = with_room(
            together(doubtful_first(ranked)), starts, limits.faces, limits.alike
        )
        self.pages = list(split_pages(self._costs(), limits))

    def part(self, page: str, key: str, render: Callable[[Any], str], about: Any) -> Markup:
        """A part of a page, by a macro of the template where it is not there yet."""
        return Markup(self._parts.part(page, key, lambda: str(render(about))))  # noqa: S704 - its own output

    def signature(self, number: int, names: list[str], title: str) -> str:
        """Key of everything a page is made of."""
        keys = [(section.entry_key, section.key) for section in self._sections[slice(*self.pages[number])]]
        closing = number + 1 == len(names)
        rest = [part.key for part in self.rest] if closing else []
        return key_of(title, number, names, self.figures, keys, rest, self.failures if closing else [])

    def pictured(self, pages: list[int]) -> npt.NDArray[np.int64]:
        """Rows of the faces whose thumbnails some pages need: of parts that are not there."""
        covers: set[int] = set()
        shown: list[npt.NDArray[np.int64]] = []
        rows, known = self._members["row"].to_numpy(), self._parts.known
        for index in (index for number in pages for index in range(*self.pages[number])):
            section = self._sections[index]
            if not known(section.key):
                shown.append(rows[self._starts[index] : self._starts[index + 1]])
            if not (known(section.key) and known(section.entry_key)):
                covers.add(self._covers[index])
        if len(self.pages) - 1 in pages:
            shown += [part.shown["row"].to_numpy() for part in self.rest if not known(part.key)]
        return np.unique(np.concatenate([np.array(sorted(covers), np.int64), *shown]))

    @cached_property
    def figures(self) -> dict[str, int]:
        """Numbers of everything, for the head of the page."""
        photos = self._album.photos
        readable = photos.filter(pc.field("photo_id") != "")["photo_id"]
        status = {item["values"]: item["counts"] for item in photos["status"].value_counts().to_pylist()}
        return {
            "photos": len(photos),
            "faces": len(self._rows),
            "people": len(self._people),
            "unsure": len(self._unsure),
            "low_quality": len(self._low_quality),
            "no_face": status.get(NO_FACE, 0),
            "failed": status.get(FAILED, 0),
            "copies": len(readable) - len(readable.unique()),
        }

    def sections(self, number: int) -> list[PersonSection]:
        """People of one page."""
        return self._sections[slice(*self.pages[number])]

    @cached_property
    def _sections(self) -> list[PersonSection]:
        """Everybody."""
        columns = _shown(self._members, self._starts)
        facts, covers = self._facts, self._covers
        face_ids = self._album.faces["face_id"].take(pa.array(covers, pa.int64())).to_pylist()
        found: list[PersonSection] = []
        for index, person in enumerate(self._people.to_pylist()):
            person["name"] = visible(person["name"])
            place = slice(*self._starts[index : index + 2].tolist())
            own = [column[place] for column in columns]
            entry = person["person_id"], person["name"], person["faces"], face_ids[index]
            found.append(
                PersonSection(
                    person,
                    facts[index],
                    key_of("person", person, facts[index], face_ids[index], own),
                    key_of("entry", entry),
                    partial(self._image, covers[index]),
                    partial(self._tiles_of, place),
                )
            )
        return found

    def _tiles_of(self, place: slice) -> list[Tile]:
        rows = self._members.slice(place.start, place.stop - place.start)
        return self._tiles(rows, said_of_members(rows))

    @cached_property
    def rest(self) -> list[Doubtful]:
        """The faces that may be somebody's, likeliest first, and those too poor to say."""
        both = ("unsure", self._unsure), ("low-quality", self._low_quality)
        return [self._doubtful(id, rows) for id, rows in both if len(rows)]

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The photos that could not be used."""
        photos = self._album.photos
        failed = photos.filter(pc.field("status") == FAILED).sort_by("uri")
        return [
            {
                "file": visible(file_name(photo["uri"])),
                "path": visible(photo["uri"], 400),
                "link": file_link(photo["uri"]),
                "reason": visible(f"{photo['stage'] or ''}: {photo['error'] or 'unknown'}", 200),
            }
            for photo in failed.slice(0, self._limits.rest).to_pylist()
        ]

    @cached_property
    def _unsure(self) -> pa.Table:
        nobody = (pc.field("status") != MEMBER) | (pc.field("person_id") == "")
        return self._rows.filter(nobody & (pc.field("status") != LOW_QUALITY))

    @cached_property
    def _low_quality(self) -> pa.Table:
        return self._rows.filter(pc.field("status") == LOW_QUALITY)

    def _doubtful(self, id: str, rows: pa.Table) -> Doubtful:
        ordered = together(rows.sort_by([("likeliest_chance", "descending"), ("photo", "ascending")]))
        first, _ = with_room(ordered, np.array([0, len(rows)]), self._limits.rest, self._limits.alike)
        said = said_of_others(first, self._people)
        key = key_of(id, len(rows), said, _shown(first, np.array([0, len(first)])))
        return Doubtful(id, len(rows), key, first, partial(self._tiles, first, said))

    def _tiles(self, rows: pa.Table, said: list[Said]) -> list[Tile]:
        """A tile for each burst, the others of it inside."""
        faces = zip(rows.to_pylist(), said, strict=True)
        tiles: list[Tile] = []
        for _, burst in groupby(faces, lambda pair: pair[0]["burst"]):
            best, *others = (self._tile(face, words) for face, words in burst)
            tiles.append(replace(best, alike=tuple(others)))
        return tiles

    def _tile(self, face: dict[str, Any], said: Said) -> Tile:
        return Tile(
            image=self._image(face["row"]),
            file=visible(file_name(face["photo"])),
            path=visible(face["photo"], 400),
            link=file_link(face["photo"]),
            taken_at=face["taken_at"],
            said=said,
            count=face["alike"],
        )

    def _image(self, row: int) -> str:
        return f"data:image/jpeg;base64,{base64.b64encode(self.images[row]).decode()}"

    @cached_property
    def _facts(self) -> list[str]:
        """What is known of each person."""
        columns = (self._people[name].to_pylist() for name in ("person_id", "name"))
        called = dict(zip(*columns, strict=True))
        known = look_up(self._album.people, "person_id", self._people["person_id"])
        return [facts_in_words(person, called) for person in known.to_pylist()]

    @cached_property
    def _covers(self) -> list[int]:
        """Rows of the faces chosen as covers; the most confident where none is."""
        people = look_up(self._album.people, "person_id", self._people["person_id"])
        chosen = look_up(self._rows, "face_id", people["cover_face_id"])["row"].to_pylist()
        return [row if row is not None else first for row, first in zip(chosen, self._surest, strict=True)]

    def _costs(self) -> list[int]:
        """Bytes of HTML that each person takes, about."""
        names = _lengths(self._members["photo"])
        total = np.concatenate([[0], np.cumsum(_THUMBNAIL + names * 4 + _TILE_MARKUP)])
        covers = _PERSON_MARKUP + 2 * _THUMBNAIL  # in the jump list and the heading
        return (np.diff(total[self._starts]) + covers).tolist()


def _shown(rows: pa.Table, starts: npt.NDArray[np.int64]) -> list[list[Any]]:
    """What the tiles of some faces are made from, column by column; bursts numbered within each section."""
    certainty = (100 * rows["confidence"].to_numpy().astype(np.float64)).astype(np.int64)
    burst = rows["burst"].to_numpy()
    within = burst - np.repeat(burst[starts[:-1]], np.diff(starts)) if len(burst) else burst
    return [certainty.tolist(), within.tolist(), *(rows[name].to_pylist() for name in _SHOWN)]


def _lengths(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Bytes of each text."""
    lengths = pc.binary_length(column)  # pyright: ignore[reportAttributeAccessIssue]
    return lengths.to_numpy().astype(np.int64)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
