"""The people of the review page: a section for each, most faces first, shared out among pages."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.report.album import Album, Ranked, doubtful_first, look_up, rank_people
from photoclust.report.bursts import together, with_room
from photoclust.report.facts import facts_in_words
from photoclust.report.guesses import said_of_members
from photoclust.report.names import visible
from photoclust.report.pages import Limits, split_pages
from photoclust.report.parts import key_of
from photoclust.report.review_tiles import Tile, Tiles, shown

_PERSON_MARKUP = 1500  # bytes of HTML around the faces of a person
_TILE_MARKUP = 700  # bytes of HTML around a thumbnail and its photo's name
_THUMBNAIL = 4000  # bytes of HTML that a thumbnail takes, about


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

    def release(self) -> None:
        """Let go of what was made when it was asked for: a page is written once."""
        vars(self).pop("cover", None)
        vars(self).pop("tiles", None)

    @property
    def more(self) -> int:
        """Number of faces that are not shown."""
        return self.person["faces"] - sum(tile.count for tile in self.tiles)


class People:
    """The people of an album as a review page shows them.

    Parameters
    ----------
    album, limits
        See `photoclust.report.review.write_review`.
    rows
        The album's `face_rows`.
    tiles
        Makes tiles of faces.
    """

    def __init__(self, album: Album, rows: pa.Table, limits: Limits, tiles: Tiles) -> None:
        self._album, self._rows, self._tiles = album, rows, tiles
        ranked: Ranked = rank_people(rows)
        starts = np.concatenate([[0], np.cumsum(ranked.people["faces"].to_numpy())])
        self.table = ranked.people
        self._surest = ranked.members["row"].take(pa.array(starts[:-1])).to_pylist()
        self._members, self._starts = with_room(
            together(doubtful_first(ranked)), starts, limits.faces, limits.alike
        )
        self.pages = list(split_pages(self._costs(), limits, self._places()))

    def __len__(self) -> int:
        return len(self.table)

    def pictured(self, page: int, known: Callable[[str], bool]) -> npt.NDArray[np.int64]:
        """Rows of the faces whose thumbnails a page needs: of parts that are not `known`."""
        covers: list[int] = []
        faces: list[npt.NDArray[np.int64]] = []
        rows = self._members["row"].to_numpy()
        for index in range(*self.pages[page]):
            section = self.sections[index]
            if not known(section.key):
                faces.append(rows[self._starts[index] : self._starts[index + 1]])
            if not (known(section.key) and known(section.entry_key)):
                covers.append(self._covers[index])
        return np.concatenate([np.array(covers, np.int64), *faces])

    @cached_property
    def sections(self) -> list[PersonSection]:
        """Everybody."""
        columns = shown(self._members, self._starts)
        facts, covers = self._facts, self._covers
        face_ids = self._album.faces["face_id"].take(pa.array(covers, pa.int64())).to_pylist()
        found: list[PersonSection] = []
        for index, person in enumerate(self.table.to_pylist()):
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
                    partial(self._tiles.image, covers[index]),
                    partial(self._tiles_of, place),
                )
            )
        return found

    def _tiles_of(self, place: slice) -> list[Tile]:
        rows = self._members.slice(place.start, place.stop - place.start)
        return self._tiles.of(rows, said_of_members(rows))

    @cached_property
    def _facts(self) -> list[str]:
        """What is known of each person."""
        columns = (self.table[name].to_pylist() for name in ("person_id", "name"))
        called = dict(zip(*columns, strict=True))
        known = look_up(self._album.people, "person_id", self.table["person_id"])
        return [facts_in_words(person, called) for person in known.to_pylist()]

    @cached_property
    def _covers(self) -> list[int]:
        """Rows of the faces chosen as covers; the most confident where none is."""
        people = look_up(self._album.people, "person_id", self.table["person_id"])
        chosen = look_up(self._rows, "face_id", people["cover_face_id"])["row"].to_pylist()
        return [row if row is not None else first for row, first in zip(chosen, self._surest, strict=True)]

    def _costs(self) -> list[int]:
        """Bytes of HTML that each person takes, about."""
        names = _lengths(self._members["photo"])
        total = np.concatenate([[0], np.cumsum(_THUMBNAIL + names * 4 + _TILE_MARKUP)])
        covers = _PERSON_MARKUP + 2 * _THUMBNAIL  # in the jump list and the heading
        return (np.diff(total[self._starts]) + covers).tolist()

    def _places(self) -> list[float]:
        """A number in [0, 1) for each person that follows from the id alone and is spread evenly."""
        return [zlib.crc32(person.encode()) / 2**32 for person in self.table["person_id"].to_pylist()]


def _lengths(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Bytes of each text."""
    lengths = pc.binary_length(column)  # pyright: ignore[reportAttributeAccessIssue]
    return lengths.to_numpy().astype(np.int64)
