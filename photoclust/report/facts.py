"""What is known of a person, in a few words (see `photoclust.people.identity.facts.Facts`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from photoclust.report.names import visible


def facts_in_words(person: Mapping[str, Any], called: Mapping[str, str]) -> str:
    """Say how sure a person is and who is nearest, as ``97% sure; nearest: Bea, 3% likely the same``.

    Parameters
    ----------
    person
        Row of PERSON_SCHEMA.
    called
        Names of people by id; who is not in it goes by the id.

    Returns
    -------
    str
        Empty where nothing is known.
    """
    said: list[str] = []
    if person.get("confidence") is not None:
        said.append(f"{percent(person['confidence'])} sure")
    nearest, chance = person.get("nearest_person_id"), person.get("nearest_chance_same")
    if nearest and chance is not None:
        said.append(f"nearest: {visible(called.get(nearest) or nearest)}, {percent(chance)} likely the same")
    return "; ".join(said)


def percent(probability: float) -> str:
    """Whole percents, rounded down: all but sure is not sure; and what is possible is not ``0%``."""
    return "under 1%" if 0 < probability < 0.01 else f"{int(probability * 100)}%"


def in_a_line(row: Mapping[str, Any]) -> str:
    """A row of PERSON_SCHEMA as people are listed."""
    ignored = "  (ignored)" if row["ignored"] else ""
    who = visible(row["name"]) or (f"Person {row['number']}" if row.get("number") else "-")
    faces = "face " if row["faces"] == 1 else "faces"
    photos = "photo " if row["photos"] == 1 else "photos"
    return f"{row['person_id']}  {row['faces']:>6} {faces}  {row['photos']:>6} {photos}  {who}{ignored}"
