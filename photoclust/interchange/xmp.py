"""XMP packets: parsed as the hostile input they may be, and found their way in.

Nothing outside the packet is ever read: one with a document type, and so with any entity, is refused. A
packet may be written in many ways (ISO 16684-1, annex C): a structure with ``rdf:parseType``, as an
``rdf:Description`` inside, or in attributes; a list as ``rdf:Bag``, ``rdf:Seq`` or ``rdf:Alt``.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from typing import Any, TypeAlias

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # compiled, without stubs

MOST_BYTES = 16 << 20
"""Longest packet that is read; a sidecar with a mask for each brush stroke of an edit has a few megabytes."""

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "photoclust": "urn:photoclust:xmp:1.0/",
}
"""Prefix and address of each vocabulary that is read or written."""

Element: TypeAlias = Any
"""Element of lxml, which says nothing of types."""

Tree: TypeAlias = Any
"""Tree of lxml."""

_UTF16 = (BOM_UTF16_LE, BOM_UTF16_BE)
_NO_XML_CHARACTER = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class PacketError(Exception):
    """A packet cannot be used; a clause that says why."""


def tag(name: str) -> str:
    """Give the name ``prefix:local`` as lxml does."""
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


RDF, DESCRIPTION, LI, ABOUT, PARSE_TYPE = (
    tag(name) for name in ("rdf:RDF", "rdf:Description", "rdf:li", "rdf:about", "rdf:parseType")
)
_LISTS = tuple(tag(name) for name in ("rdf:Bag", "rdf:Seq", "rdf:Alt"))


def xml_text(text: str) -> str:
    """Text in one line that XML can hold: what it has no way to write becomes U+FFFD."""
    return " ".join(_NO_XML_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text).splitlines()).strip()


def parse(packet: bytes) -> Tree:
    """Parse a packet.

    Raises
    ------
    PacketError
        See `parse_xml`; or it is XML of another kind.
    """
    tree = parse_xml(packet)
    if rdf_of(tree) is None:
        raise PacketError("it is no XMP")
    return tree


def parse_xml(packet: bytes) -> Tree:
    """Parse XML of whatever kind.

    Raises
    ------
    PacketError
        It is too long, no XML, or has a document type.
    """
    if len(packet) > MOST_BYTES:
        raise PacketError(f"it has more than {MOST_BYTES >> 20} MB")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        tree = etree.fromstring(_without_padding(packet), parser).getroottree()
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PacketError("it is no XML") from error
    if tree.docinfo.doctype:
        raise PacketError("it has a document type, which is not read")
    return tree


def _without_padding(packet: bytes) -> bytes:
    """A packet without the space that a file keeps around it, which XML may not begin with."""
    return packet if packet.startswith(_UTF16) else packet.strip(b"\0 \t\r\n")


def from_first_tag(packet: bytes) -> bytes:
    """A packet without what is before its first tag: in some photos the beginning of it is cut off."""
    return packet if packet.startswith(_UTF16) else packet[max(packet.find(b"<"), 0) :]


def empty() -> Tree:
    """Make a packet without any property."""
    root = etree.Element(tag("x:xmpmeta"), nsmap={"x": NAMESPACES["x"]})
    etree.SubElement(root, RDF, nsmap={"rdf": NAMESPACES["rdf"]})
    etree.indent(root, " ")
    return etree.ElementTree(root)


def serialised(tree: Tree) -> bytes:
    """Write a packet as UTF-8."""
    return etree.tostring(tree, encoding="UTF-8", xml_declaration=False) + b"\n"


def rdf_of(tree: Tree) -> Element | None:
    """Give the element that holds all properties."""
    root = tree.getroot()
    return root if root.tag == RDF else root.find(RDF)


def descriptions(tree: Tree) -> list[Element]:
    """Give the groups of properties of the picture."""
    rdf = rdf_of(tree)
    return [] if rdf is None else rdf.findall(DESCRIPTION)


def property_of(tree: Tree, name: str) -> Element | None:
    """Find a property of the picture that is written as an element."""
    return next((found for one in descriptions(tree) if (found := one.find(tag(name))) is not None), None)


def body(structure: Element) -> Element:
    """Give the element that holds the fields of a structure: itself, or the description inside."""
    inside = structure.find(DESCRIPTION)
    return structure if inside is None or structure.get(PARSE_TYPE) else inside


def field(structure: Element, name: str) -> str:
    """Text of a field, written as an element or as an attribute; ``""`` where there is none."""
    own = body(structure)
    found = own.find(tag(name))
    return own.get(tag(name), "").strip() if found is None else text_of(found)


def text_of(element: Element) -> str:
    """Text of an element, without comments."""
    return str(element.xpath("string()")).strip()


def child(structure: Element, name: str) -> Element | None:
    """Field of a structure that is a structure or a list."""
    return body(structure).find(tag(name))


def list_of(value: Element) -> Element | None:
    """Give the list that is the value of a property or a field."""
    return next((one for one in value if one.tag in _LISTS), None)


def items(value: Element | None) -> list[Element]:
    """Items of a list; none where there is no list."""
    listed = None if value is None else list_of(value)
    return [] if listed is None else listed.findall(LI)


def structure(parent: Element, name: str, fields: Mapping[str, str] | None = None) -> Element:
    """Append a structure of texts."""
    made = etree.SubElement(parent, tag(name) if ":" in name else name)
    made.set(PARSE_TYPE, "Resource")
    for key, text in (fields or {}).items():
        etree.SubElement(made, tag(key)).text = text
    return made


def new_list(parent: Element, name: str) -> Element:
    """Append an empty list, unordered."""
    return etree.SubElement(etree.SubElement(parent, tag(name)), tag("rdf:Bag"))


def new_description(tree: Tree) -> Element:
    """Append a group of properties, about what the others are about."""
    about = next((one.get(ABOUT, "") for one in descriptions(tree)), "")
    rdf = rdf_of(tree)
    assert rdf is not None, "parse and empty see to it"
    prefixes = ("dc", "mwg-rs", "stDim", "stArea", "MP", "MPRI", "MPReg", "photoclust")
    if not (rdf.text or "").strip() and not len(rdf):
        rdf.text = "\n  "
    made = etree.SubElement(rdf, DESCRIPTION, nsmap={name: NAMESPACES[name] for name in prefixes})
    made.set(ABOUT, about)
    made.tail = "\n "
    return made


def remove(element: Element) -> None:
    """Take an element out, with the white space that follows it."""
    parent = element.getparent()
    assert parent is not None, "no root is ever taken out"
    if element.tail and element.tail.strip():  # text among elements, which RDF does not know
        previous = element.getprevious()
        if previous is not None:
            previous.tail = (previous.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def holds_something(tree: Tree) -> bool:
    """Whether there is any property."""
    return any(len(one) or set(one.attrib) - {ABOUT} for one in descriptions(tree))
