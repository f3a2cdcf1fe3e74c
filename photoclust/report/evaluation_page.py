"""An evaluation as a page to look at: self-contained, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photoclust.report.facts import percent
from photoclust.report.html import page_template
from photoclust.report.names import visible
from photoclust.report.output import write_page
from photoclust.report.reliability_diagram import BAR, SIDE, diagram
from photoclust.report.tiles import Tile, tile

FACES_SHOWN = 8  # of each side
SIDES_SHOWN = 6  # of each card
CARDS_SHOWN = 60  # of each kind; --json lists them all

Thumbnails = Callable[[Sequence[int]], Mapping[int, bytes]]


@dataclass(frozen=True)
class Side:
    """Some labelled faces, by their rows, and what they have in common."""

    title: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Card:
    """Something that is wrong, and the faces it is about."""

    title: str
    odds: str
    reason: str
    sides: tuple[Side, ...]


def write_evaluation(values: Mapping[str, Any], title: str, thumbnails: Thumbnails, file: Path) -> None:
    """Write the page, whole or not at all, readable by its owner alone.

    Parameters
    ----------
    values
        What ``photoclust evaluate --json`` writes.
    title
        Name of the index.
    thumbnails
        Gives the JPEG of each of some labelled faces.
    file
        Where to.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    write_page(file, lambda: evaluation_page(values, title, thumbnails))


def evaluation_page(values: Mapping[str, Any], title: str, thumbnails: Thumbnails) -> str:
    """HTML of the page; parameters as in `write_evaluation`."""
    people = _Labelled(values)
    kinds = [
        ("Said to be sure, and wrong", people.sure_but_wrong()),
        ("People in several groups", people.offenders("split")),
        ("Groups of several people", people.offenders("mixed")),
    ]
    shown = [(kind, cards[:CARDS_SHOWN], len(cards)) for kind, cards in kinds if cards]
    pictures = thumbnails(sorted(set(_rows_shown(shown))))
    template = page_template(
        "evaluation.html",
        "base.css",
        "review.css",
        "findings.css",
        "evaluation.css",
        visible=visible,
        tiles=lambda side: [people.tile(row, pictures) for row in side.rows[:FACES_SHOWN]],
    )
    confidence = values["confidence"]
    diagrams = [
        (diagram(things, confidence[things]["bins"], confidence["edges"]), confidence[things])
        for things in ("faces", "people")
        if confidence[things]["overall"]
    ]
    return template.render(
        e=values, title=title, kinds=shown, diagrams=diagrams, side=SIDE, bar=BAR, least=FACES_SHOWN
    )


def _rows_shown(kinds: Iterable[tuple[str, list[Card], int]]) -> Iterator[int]:
    for _, cards, _ in kinds:
        for card in cards:
            for side in card.sides:
                yield from side.rows[:FACES_SHOWN]


class _Labelled:
    """The labelled faces, by group and by person."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._faces: list[dict[str, Any]] = values["labelled"]
        self._groups, self._people = self._rows_of("group"), self._rows_of("person")

    def _rows_of(self, key: str) -> dict[str, list[int]]:
        """Rows of each, the surest first."""
        found: dict[str, list[int]] = {}
        for row, face in enumerate(self._faces):
            found.setdefault(face[key], []).append(row)
        return {name: sorted(rows, key=lambda row: -self._said(row)) for name, rows in found.items()}

    def _said(self, row: int) -> float:
        return self._faces[row]["confidence"] or 0.0

    def tile(self, row: int, pictures: Mapping[int, bytes]) -> Tile:
        """A face and what was said of it."""
        face = self._faces[row]
        said = face["confidence"]
        return tile(face["photo"], pictures.get(row), "" if said is None else percent(said))

    def sure_but_wrong(self) -> list[Card]:
        """A card for each face that is wrong where it is, though it was said to be sure."""
        return [self._wrong(one) for one in self._values["confidence"]["sure_but_wrong"]]

    def _wrong(self, one: Mapping[str, Any]) -> Card:
        person, group = one["person"], one["group"]
        others = [row for row in self._groups[group] if self._faces[row]["person"] != person]
        own = [row for row in self._people[person] if self._faces[row]["group"] != group]
        named = f"mostly {one['mostly']}" if one["mostly"] else ", ".join(one["others"])
        sides = [
            Side(person, (one["row"],)),
            Side(f"In the same group: {named}", tuple(others)),
            Side(f"{person} elsewhere", tuple(own)),
        ]
        most = one["mostly"] or "no person"
        reason = f"It is in {self._called(group)}, of which {most} is more than half."
        found = tuple(side for side in sides if side.rows)
        return Card(person, f"{percent(one['confidence'])} sure", reason, found)

    def offenders(self, kind: str) -> list[Card]:
        """A card for each person split over groups, or group that mixes people."""
        return [self._offender(one) for one in self._values["worst"] if one["kind"] == kind]

    def _offender(self, one: Mapping[str, Any]) -> Card:
        named = [part for part in one["parts"] if part["name"]]
        sides = [Side(self._called(part["name"]), tuple(part["rows"])) for part in named[:SIDES_SHOWN]]
        alone = tuple(row for part in one["parts"] if not part["name"] for row in part["rows"])
        if alone:
            sides.append(Side("In no group", alone))
        more = len(named) - SIDES_SHOWN
        reason = f"and {more} more" if more > 0 else ""
        pairs = f"{one['wrong_pairs']:,} wrong {'pair' if one['wrong_pairs'] == 1 else 'pairs'} of faces"
        return Card(self._called(one["name"]), pairs, reason, tuple(sides))

    def _called(self, name: str) -> str:
        """A group by the name of its person where it has one; a label as it is."""
        return self._values["names"].get(name, name)
