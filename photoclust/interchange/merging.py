"""People put into an XMP packet beside what other programs have written there.

Ours are the regions and keywords that the packet itself records as written by photoclust, in a list of texts,
``photoclust:Written``: a region of that name at that place, a keyword of that text. So a region that was
renamed or moved in another program is that program's from then on, while one that it merely wrote anew, in
its own style and rounded to pixels, is still ours. Everything else stays as it is. Where another program has
already put a name on a face, no second region is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from photoclust.interchange import xmp
from photoclust.interchange.reading import WrittenRegion, microsoft_regions, mwg_regions
from photoclust.interchange.regions import SAME_FACE, SAME_PLACE, Box, Region, overlap
from photoclust.interchange.xmp import Element, PacketError, Tree

MARK = xmp.NAMESPACES["photoclust"].encode()
"""Bytes that stand in every packet with something of ours."""

_RECORD = "photoclust:Written"
_FACE, _KEYWORD = "face ", "keyword "  # how the texts of the record begin


@dataclass(frozen=True)
class PeopleInPhoto:
    """Who is in a photo.

    Attributes
    ----------
    regions
        Faces of people with a name, in fractions of the photo as stored.
    width, height
        Size in pixels of the photo as stored.
    keywords
        Whether the names are to be keywords too.
    """

    regions: tuple[Region, ...]
    width: int
    height: int
    keywords: bool = False


@dataclass(frozen=True)
class Merged:
    """What a packet is to be.

    Attributes
    ----------
    packet
        The new one; None where the one before holds all this already; empty where nothing is left in it.
    differing
        Faces that another program has given another name, which stays.
    """

    packet: bytes | None
    differing: int = 0


def merged(before: bytes | None, people: PeopleInPhoto) -> Merged:
    """Put people into a packet, and take out those whom an earlier export put in and who are not there now.

    Parameters
    ----------
    before
        The packet there is; None for none.
    people
        Who is in the photo.

    Raises
    ------
    PacketError
        See `photoclust.interchange.xmp.parse`; or regions are written in a way that nothing can be added to.
    """
    if before is None and not people.regions:
        return Merged(None)
    packet = _Packet(xmp.empty() if before is None else xmp.parse(before))
    wanted, differing = _not_taken(people.regions, packet.foreign)
    here = [one for one in people.regions if one.name in {other.name for other in wanted + packet.foreign}]
    keywords = _keywords(here) if people.keywords else []
    keywords = [word for word in keywords if word not in packet.foreign_keywords]
    if packet.holds(wanted, keywords):
        return Merged(None, differing)
    packet.take_out()
    if wanted or keywords:
        packet.put_in(wanted, keywords, people)
    return Merged(xmp.serialised(packet.tree) if xmp.holds_something(packet.tree) else b"", differing)


def _not_taken(regions: Iterable[Region], foreign: Sequence[Region]) -> tuple[list[Region], int]:
    """Regions whose face nobody else has named, in order; and how many are named otherwise."""
    free: list[Region] = []
    differing = 0
    for region in sorted(regions, key=lambda one: (one.box, one.name)):
        near = (other for other in foreign if overlap(other.box, region.box) >= SAME_FACE)
        names = {other.name for other in near} - {""}
        differing += bool(names) and region.name not in names
        if not names:
            free.append(region)
    return free, differing


def _keywords(regions: Iterable[Region]) -> list[str]:
    return sorted({region.name for region in regions})


class _Packet:
    """A packet in which ours is told from what others have written."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        record = [text for text, _ in _texts(tree, _RECORD)]
        regions = (_recorded(text.removeprefix(_FACE)) for text in record if text.startswith(_FACE))
        self.recorded = [region for region in regions if region]
        self.mwg = [one for one in mwg_regions(tree) if self._is_ours(one)]
        self.microsoft = [one for one in microsoft_regions(tree) if self._is_ours(one)]
        every = [*mwg_regions(tree), *microsoft_regions(tree)]
        self.foreign = [one.region for one in every if not self._is_ours(one)]
        own_words = {text.removeprefix(_KEYWORD) for text in record if text.startswith(_KEYWORD)}
        self.keywords = [(text, item) for text, item in _texts(tree, "dc:subject") if text in own_words]
        self.recorded_keywords = sorted(own_words)
        self.foreign_keywords = {text for text, _ in _texts(tree, "dc:subject")} - own_words

    def _is_ours(self, written: WrittenRegion) -> bool:
        return any(_same(written.region, one) for one in self.recorded)

    def holds(self, regions: Sequence[Region], keywords: Sequence[str]) -> bool:
        """Whether ours are these regions and keywords."""
        written = [[one.region for one in listed] for listed in (self.mwg, self.microsoft)]
        same = all(_all_same(listed, regions) for listed in (*written, self.recorded))
        words = [text for text, _ in self.keywords]
        return same and words == list(keywords) == self.recorded_keywords

    def take_out(self) -> None:
        """Remove what is ours."""
        lists = [("mwg-rs:Regions", "mwg-rs:RegionList", self.mwg)]
        lists += [("MP:RegionInfo", "MPRI:Regions", self.microsoft)]
        for name, listed, regions in lists:
            for one in regions:
                xmp.remove(one.item)
            _prune(self.tree, name, listed)
        for _, item in self.keywords:
            xmp.remove(item)
        _prune(self.tree, "dc:subject")
        if (record := xmp.property_of(self.tree, _RECORD)) is not None:
            _remove_property(record)

    def put_in(self, regions: Sequence[Region], keywords: Sequence[str], people: PeopleInPhoto) -> None:
        """Add regions and keywords, and the record of them."""
        own = xmp.new_description(self.tree)
        if regions:
            _add_mwg(self.tree, own, regions, people)
            _add_microsoft(self.tree, own, regions)
        if keywords:
            _add_texts(self.tree, own, "dc:subject", keywords)
        record = [*(_FACE + _record(region) for region in regions), *(_KEYWORD + word for word in keywords)]
        _add_texts(self.tree, own, _RECORD, record)
        etree.indent(own, " ", level=2)


def _texts(tree: Tree, name: str) -> list[tuple[str, Element]]:
    """Items of a list of texts, with their elements."""
    return [(xmp.text_of(item), item) for item in xmp.items(xmp.property_of(tree, name))]


def _same(one: Region, other: Region) -> bool:
    return one.name == other.name and overlap(one.box, other.box) >= SAME_PLACE


def _all_same(some: Sequence[Region], others: Sequence[Region]) -> bool:
    """Whether two sets of regions are the same, but for rounding."""
    both = ((some, others), (others, some))
    found = (any(_same(one, other) for other in right) for left, right in both for one in left)
    return len(some) == len(others) and all(found)


# -- the record of what is ours -------------------------------------------------------------------------


def _record(region: Region) -> str:
    """Left, top, right, bottom and name, in one text."""
    return " ".join((*(_digits(side) for side in region.box), region.name))


def _recorded(text: str) -> Region | None:
    *sides, name = [*text.split(" ", 4), ""][:5]
    try:
        x0, y0, x1, y1 = map(float, sides)
    except ValueError:
        return None
    return Region(name, (x0, y0, x1, y1))


def _digits(number: float) -> str:
    """Fraction with a millionth, a twentieth of a pixel where a photo is 50,000 pixels wide."""
    return f"{number:.6f}"


# -- taking out -----------------------------------------------------------------------------------------


def _prune(tree: Tree, name: str, listed: str = "") -> None:
    """Remove a list that has no item left, and the property around it if it says nothing else."""
    found = xmp.property_of(tree, name)
    if found is None:
        return
    inner = xmp.child(found, listed) if listed else found
    values = None if inner is None else xmp.list_of(inner)
    if inner is None or values is None or len(values):
        return
    fields = {one.tag for one in xmp.body(found)}
    if listed and fields - {inner.tag, xmp.tag("mwg-rs:AppliedToDimensions")}:
        xmp.remove(inner)
    else:
        _remove_property(found)


def _remove_property(element: Element) -> None:
    """Remove a property, and the group it was in if it was the only one."""
    parent = element.getparent()
    assert parent is not None, "a property is in a description"
    xmp.remove(element)
    if not len(parent) and not set(parent.attrib) - {xmp.ABOUT}:
        xmp.remove(parent)


# -- putting in -----------------------------------------------------------------------------------------


def _add_mwg(tree: Tree, own: Element, regions: Sequence[Region], people: PeopleInPhoto) -> None:
    info = xmp.property_of(tree, "mwg-rs:Regions")
    if info is None:
        info = xmp.structure(own, "mwg-rs:Regions")
    if xmp.child(info, "mwg-rs:AppliedToDimensions") is None:
        sides = {"stDim:w": str(people.width), "stDim:h": str(people.height), "stDim:unit": "pixel"}
        xmp.structure(_open(info), "mwg-rs:AppliedToDimensions", sides)
    for region in regions:
        item = xmp.structure(_list_in(info, "mwg-rs:RegionList"), "rdf:li")
        x0, y0, x1, y1 = region.box
        centre = {"stArea:x": _digits((x0 + x1) / 2), "stArea:y": _digits((y0 + y1) / 2)}
        size = {"stArea:w": _digits(x1 - x0), "stArea:h": _digits(y1 - y0), "stArea:unit": "normalized"}
        xmp.structure(item, "mwg-rs:Area", centre | size)
        etree.SubElement(item, xmp.tag("mwg-rs:Name")).text = region.name
        etree.SubElement(item, xmp.tag("mwg-rs:Type")).text = "Face"


def _add_microsoft(tree: Tree, own: Element, regions: Sequence[Region]) -> None:
    info = xmp.property_of(tree, "MP:RegionInfo")
    if info is None:
        info = xmp.structure(own, "MP:RegionInfo")
    for region in regions:
        fields = {"MPReg:Rectangle": _rectangle(region.box), "MPReg:PersonDisplayName": region.name}
        xmp.structure(_list_in(info, "MPRI:Regions"), "rdf:li", fields)


def _rectangle(box: Box) -> str:
    x0, y0, x1, y1 = box
    return ", ".join(map(_digits, (x0, y0, x1 - x0, y1 - y0)))


def _add_texts(tree: Tree, own: Element, name: str, values: Iterable[str]) -> None:
    found = xmp.property_of(tree, name)
    listed = xmp.new_list(own, name) if found is None else xmp.list_of(found)
    if listed is None:
        raise PacketError(f"its {name} is no list")
    for text in values:
        etree.SubElement(listed, xmp.LI).text = text


def _list_in(structure: Element, name: str) -> Element:
    """Give the list that a field of a structure is; a new one where there is no such field."""
    found = xmp.child(structure, name)
    listed = xmp.new_list(_open(structure), name) if found is None else xmp.list_of(found)
    if listed is None:
        raise PacketError(f"its {name} is no list")
    return listed


def _open(structure: Element) -> Element:
    """Give the element that fields can be added to."""
    inside = xmp.body(structure)
    if inside is structure and not structure.get(xmp.PARSE_TYPE):
        raise PacketError(f"its {etree.QName(structure).localname} is written in attributes alone")
    return inside
