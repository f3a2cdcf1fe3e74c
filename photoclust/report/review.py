"""The review page: people as rows of faces, in files that need nothing but a browser.

Each page stands alone: style and thumbnails are inside it, it runs no script and its policy lets it load
nothing. A large album becomes several pages, none of which holds more than `Limits` allows.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby, repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.records import FAILED, LOW_QUALITY, MEMBER, NO_FACE
from photoclust.report.album import Album, Ranked, look_up, rank_people
from photoclust.report.bursts import together, with_room
from photoclust.report.facts import facts_in_words
from photoclust.report.html import page_template
from photoclust.report.images import Images, Piece, images_in_file
from photoclust.report.names import file_link, file_name, visible
from photoclust.report.output import reported, whole_file
from photoclust.report.pages import PAGE_NAME, Limits, nearby, page_name, split_pages

_PERSON_MARKUP = 1500  # bytes of HTML around the faces of a person
_TILE_MARKUP = 700  # bytes of HTML around a thumbnail and its photo's name


@dataclass(frozen=True)
class Tile:
    """One face as the page shows it, and for those that are near-identical.

    Attributes
    ----------
    alike
        Those of the others that are shown when asked for.
    count
        Number of faces it stands for, itself and those for whom there is no room included.
    """

    image: str
    file: str
    path: str
    link: str | None
    taken_at: datetime | None
    confidence: str
    who: str
    count: int
    alike: tuple[Tile, ...] = ()


@dataclass(frozen=True)
class PersonSection:
    """One person as the page shows them."""

    rank: int
    person: dict[str, Any]
    cover: str
    facts: str
    tiles: list[Tile]

    @property
    def more(self) -> int:
        """Number of faces that are not shown."""
        return self.person["faces"] - sum(tile.count for tile in self.tiles)


def write_review(
    album: Album,
    folder: Path,
    title: str,
    limits: Limits | None = None,
    thumbnails: Iterable[Piece] | None = None,
) -> Path:
    """Write the review page of an album, whole or not at all, readable by its owner alone.

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
        Those of the album's faces, in pieces: they need not fit in memory.

    Returns
    -------
    Path
        ``index.html``, the first page.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    if thumbnails is None:
        thumbnails = [(np.arange(len(album.faces)), album.faces["thumbnail"])]
    with reported(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        old = {path.name for path in folder.iterdir() if PAGE_NAME.fullmatch(path.name)}
    template = page_template("review.html", "review.css", day=_day, nearby=nearby, count=_count)
    with images_in_file(thumbnails, len(album.faces), folder) as images:
        review = _Review(album, limits or Limits(), images)
        names = [page_name(number) for number in range(len(review.pages))]
        for number, name in reversed(list(enumerate(names))):
            page = template.generate(title=visible(title), review=review, number=number, names=names)
            with whole_file(folder / name) as stream:
                stream.writelines(piece.encode() for piece in page)
    with reported(folder):
        for stale in old.difference(names):
            (folder / stale).unlink()
    return folder / names[0]


class _Review:
    """What the template asks for, made when it asks."""

    def __init__(self, album: Album, limits: Limits, images: Images) -> None:
        self._album = album
        self._images = images
        self._limits = limits
        self._rows = album.face_rows()
        ranked: Ranked = rank_people(self._rows)
        starts = np.concatenate([[0], np.cumsum(ranked.people["faces"].to_numpy())])
        self._people = ranked.people
        self._surest = ranked.members["row"].take(pa.array(starts[:-1])).to_pylist()
        self._members, self._starts = with_room(together(ranked.members), starts, limits.faces, limits.alike)
        self.pages = list(split_pages(self._costs(), limits))

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

    def sections(self, number: int) -> Iterator[PersonSection]:
        """People of one page, one at a time."""
        for index in range(*self.pages[number]):
            person = self._people.slice(index, 1).to_pylist()[0]
            person["name"] = visible(person["name"])
            begin, end = self._starts[index : index + 2].tolist()
            tiles = self._tiles(self._members.slice(begin, end - begin), repeat(person["name"]))
            yield PersonSection(
                index + 1, person, self._image(self._covers[index]), self._facts[index], tiles
            )

    @property
    def unsure(self) -> list[Tile]:
        """The faces that may be somebody's, likeliest first."""
        return self._doubtful(self._unsure)

    @property
    def low_quality(self) -> list[Tile]:
        """The faces too small, blurred or turned to say."""
        return self._doubtful(self._low_quality)

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

    def _doubtful(self, rows: pa.Table) -> list[Tile]:
        ordered = together(rows.sort_by([("confidence", "descending"), ("photo", "ascending")]))
        first, _ = with_room(ordered, np.array([0, len(rows)]), self._limits.rest, self._limits.alike)
        names = look_up(self._people, "person_id", first["person_id"])["name"].to_pylist()
        return self._tiles(first, (visible(name) if name else "" for name in names))

    def _tiles(self, rows: pa.Table, names: Iterable[str]) -> list[Tile]:
        """A tile for each burst, the others of it inside."""
        faces = zip(rows.to_pylist(), names, strict=False)
        tiles: list[Tile] = []
        for _, burst in groupby(faces, lambda pair: pair[0]["burst"]):
            best, *others = (self._tile(face, name) for face, name in burst)
            tiles.append(replace(best, alike=tuple(others)))
        return tiles

    def _tile(self, face: dict[str, Any], who: str) -> Tile:
        return Tile(
            image=self._image(face["row"]),
            file=visible(file_name(face["photo"])),
            path=visible(face["photo"], 400),
            link=file_link(face["photo"]),
            taken_at=face["taken_at"],
            confidence=f"{int(face['confidence'] * 100)}%",  # rounded down: all but sure is not sure
            who=who,
            count=face["alike"],
        )

    def _image(self, row: int) -> str:
        return f"data:image/jpeg;base64,{base64.b64encode(self._images[row]).decode()}"

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
        images = self._images.lengths[self._members["row"].to_numpy()]
        names = _lengths(self._members["photo"])
        total = np.concatenate([[0], np.cumsum(images * 4 // 3 + names * 4 + _TILE_MARKUP)])
        covers = _PERSON_MARKUP + 2 * images[self._starts[:-1]] * 4 // 3  # in the jump list and the heading
        return (np.diff(total[self._starts]) + covers).tolist()


def _lengths(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Bytes of each text."""
    lengths = pc.binary_length(column)  # pyright: ignore[reportAttributeAccessIssue]
    return lengths.to_numpy().astype(np.int64)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
