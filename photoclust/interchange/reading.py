"""Face regions of an XMP packet, as the Metadata Working Group or Microsoft write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from photoclust.interchange.regions import Box, Region
from photoclust.interchange.xmp import Element, Tree, child, field, items, property_of, text_of

FACE = "face"  # the type of region that is one; others are pets, focus points and bar codes


@dataclass(frozen=True)
class WrittenRegion:
    """A region and the item of a list that it is written as."""

    region: Region
    item: Element


@dataclass(frozen=True)
class Applied:
    """Width and height in pixels of the picture that regions were drawn on, 0 where that is not said."""

    width: float = 0
    height: float = 0


def mwg_regions(tree: Tree) -> list[WrittenRegion]:
    """Faces as the Metadata Working Group writes them: centre and size."""
    regions = property_of(tree, "mwg-rs:Regions")
    found = [] if regions is None else items(child(regions, "mwg-rs:RegionList"))
    read = ((_mwg_region(item), item) for item in found)
    return [WrittenRegion(region, item) for region, item in read if region]


def _mwg_region(item: Element) -> Region | None:
    area = child(item, "mwg-rs:Area")
    if area is None or field(area, "stArea:unit") not in ("", "normalized"):
        return None
    sides = [number(field(area, f"stArea:{side}")) for side in "xywh"]
    return region_of(field(item, "mwg-rs:Name"), field(item, "mwg-rs:Type"), sides)


def region_of(name: str, kind: str, sides: Sequence[float]) -> Region | None:
    """Give a region of centre and size, if it is a face."""
    x, y, w, h = sides
    is_face = kind.lower() in ("", FACE)
    return _region(name.strip(), (x - w / 2, y - h / 2, x + w / 2, y + h / 2)) if is_face else None


def applied_to(tree: Tree) -> Applied:
    """What picture the regions were drawn on."""
    regions = property_of(tree, "mwg-rs:Regions")
    dimensions = None if regions is None else child(regions, "mwg-rs:AppliedToDimensions")
    if dimensions is None:
        return Applied()
    width, height = (number(field(dimensions, f"stDim:{side}")) for side in "wh")
    return Applied(width, height) if width > 0 and height > 0 else Applied()


def microsoft_regions(tree: Tree) -> list[WrittenRegion]:
    """Faces as Microsoft writes them: left, top and size in one text."""
    info = property_of(tree, "MP:RegionInfo")
    found = [] if info is None else items(child(info, "MPRI:Regions"))
    read = ((_microsoft_region(item), item) for item in found)
    return [WrittenRegion(region, item) for region, item in read if region]


def _microsoft_region(item: Element) -> Region | None:
    numbers = [number(part) for part in field(item, "MPReg:Rectangle").split(",")]
    if len(numbers) != 4:
        return None
    x, y, w, h = numbers
    return _region(field(item, "MPReg:PersonDisplayName"), (x, y, x + w, y + h))


def people_in_image(tree: Tree) -> list[str]:
    """Names of people in the photo, wherever in it, as the IPTC extension has them."""
    return [name for one in items(property_of(tree, "Iptc4xmpExt:PersonInImage")) if (name := text_of(one))]


def _region(name: str, box: Box) -> Region | None:
    """Give a region if it is one: the sides finite, and some of it in the picture."""
    if not all(map(math.isfinite, box)):
        return None
    x0, y0, x1, y1 = (min(max(side, 0.0), 1.0) for side in box)
    return Region(name, (x0, y0, x1, y1)) if x1 > x0 and y1 > y0 else None


def number(text: str) -> float:
    """Read a number; nan where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
