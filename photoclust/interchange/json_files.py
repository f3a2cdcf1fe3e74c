"""Names in JSON: Google Takeout's, exiftool's, and osxphotos' sidecars, which are written like exiftool's.

Takeout says who is in a photo and not where::

    {"title": "a.jpg", "people": [{"name": "Ada Lovelace"}]}

exiftool and osxphotos write the tags of XMP, each with the name of its group before it or not, in lists::

    [{"SourceFile": "a.jpg", "XMP:RegionName": ["Ada"], "XMP:RegionAreaX": [0.4], ...}]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from photoclust.interchange.claims import STORED, Claim, PhotoClaims, UnusableError
from photoclust.interchange.reading import Applied, number, region_of

_COPY = re.compile(r".*(\(\d+\))\.json", re.DOTALL)  # a second photo of one name in a folder of Takeout


def photos_in_json(file: Path, content: bytes) -> list[PhotoClaims]:
    """What a JSON file says of photos; none where it is about something else.

    Raises
    ------
    UnusableError
        It is no JSON.
    """
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnusableError("it is no JSON") from error
    if isinstance(said, dict):
        return list(_takeout(file, said))
    rows = said if isinstance(said, list) else []
    return [found for row in rows if isinstance(row, dict) for found in _tagged(file, row)]


def _takeout(file: Path, said: Mapping[str, Any]) -> Iterator[PhotoClaims]:
    title, people = said.get("title"), said.get("people")
    if isinstance(title, str) and title and isinstance(people, list):
        names = [one.get("name") for one in people if isinstance(one, dict)]
        claims = [Claim(name.strip()) for name in names if isinstance(name, str) and name.strip()]
        yield PhotoClaims(file, file.parent / _numbered(Path(title).name, file.name), claims)


def _numbered(title: str, name: str) -> str:
    """Name of the photo of a title, which has the number of its JSON where two have one title."""
    copy, photo = _COPY.fullmatch(name), Path(title)
    return title if copy is None else f"{photo.stem}{copy[1]}{photo.suffix}"


def _tagged(file: Path, row: Mapping[str, Any]) -> Iterator[PhotoClaims]:
    tags = {str(key).rpartition(":")[2]: value for key, value in row.items()}
    source = tags.get("SourceFile")
    if not isinstance(source, str) or not source:
        return
    info = tags.get("RegionInfo")
    claims = _from_struct(info) if isinstance(info, dict) else _from_lists(tags)
    placed = {claim.name for claim in claims}
    loose = [Claim(name) for name in map(str, _list(tags.get("PersonInImage"))) if name not in placed]
    sizes = info.get("AppliedToDimensions") if isinstance(info, dict) else None
    flat = {side: tags.get(f"RegionAppliedToDimensions{side}") for side in "WH"}
    yield PhotoClaims(file, file.parent / source, [*claims, *loose], applied=_applied(sizes or flat))


def _from_struct(info: Mapping[str, Any]) -> list[Claim]:
    regions = [one for one in _list(info.get("RegionList")) if isinstance(one, dict)]
    return [
        claim
        for one in regions
        if isinstance(area := one.get("Area"), dict)
        for claim in _claim(one.get("Name"), one.get("Type"), [area.get(side) for side in "XYWH"])
    ]


def _from_lists(tags: Mapping[str, Any]) -> list[Claim]:
    columns = [_list(tags.get(f"RegionArea{side}")) for side in "XYWH"]
    names, types = _list(tags.get("RegionName")), _list(tags.get("RegionType"))
    if len({len(names), *map(len, columns)}) != 1:  # a region without a name shifts all that follow
        return []
    types = types if len(types) == len(names) else [""] * len(names)
    rows = zip(names, types, zip(*columns, strict=True), strict=True)
    return [claim for name, kind, sides in rows for claim in _claim(name, kind, list(sides))]


def _claim(name: object, kind: object, sides: list[Any]) -> Iterator[Claim]:
    region = region_of(str(name or ""), str(kind or ""), [number(str(side)) for side in sides])
    if region and region.name:
        yield Claim(region.name, region.box, STORED)


def _applied(sizes: Mapping[str, Any]) -> Applied:
    width, height = number(str(sizes.get("W"))), number(str(sizes.get("H")))
    return Applied(width, height) if width > 0 and height > 0 else Applied()


def _list(value: object) -> list[Any]:
    """A list; one value alone stands for itself, as exiftool writes it."""
    if isinstance(value, list):
        return list[Any](value)
    return [] if value is None else [value]
