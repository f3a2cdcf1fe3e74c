"""What is put into XMP again and again is what is put in once, and taken out it leaves what was there."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from photoclust.interchange import xmp
from photoclust.interchange.merging import PeopleInPhoto, merged
from photoclust.interchange.reading import microsoft_regions, mwg_regions
from photoclust.interchange.regions import Region
from photoclust.interchange.xmp import parse, xml_text

FOREIGN = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:a="urn:a" a:b="c"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
<dc:subject><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>sea</rdf:li></rdf:Seq></dc:subject>
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="400" stDim:h="300"/>
<mwg-rs:RegionList><rdf:Seq>
<rdf:li><rdf:Description mwg-rs:Name="Zoe" mwg-rs:Type="Face">
<mwg-rs:Area stArea:x="0.2" stArea:y="0.2" stArea:w="0.4" stArea:h="0.4" stArea:unit="normalized"/>
</rdf:Description></rdf:li></rdf:Seq></mwg-rs:RegionList><a:d>e</a:d></mwg-rs:Regions>
</rdf:Description></rdf:RDF></x:xmpmeta>"""

names = st.sampled_from(["Ada", "Bob", "Zoe", "a & <b>", "名前"]) | st.text(min_size=1).map(xml_text).filter(
    bool
)
fifths = st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] < pair[1])
boxes = st.tuples(fifths, fifths).map(
    lambda sides: (sides[0][0] / 5, sides[1][0] / 5, sides[0][1] / 5, sides[1][1] / 5)
)
regions = st.lists(st.builds(Region, names, boxes), max_size=4, unique_by=lambda one: one.box)
in_photo = st.builds(
    lambda some, keywords: PeopleInPhoto(tuple(some), 400, 300, keywords), regions, st.booleans()
)


def put(before: bytes | None, people: PeopleInPhoto) -> bytes | None:
    packet = merged(before, people).packet
    return before if packet is None else packet or None


def said(packet: bytes | None) -> object:
    if packet is None:
        return None
    tree = parse(packet)
    found = [sorted(_rounded(one.region) for one in read(tree)) for read in (mwg_regions, microsoft_regions)]
    return found, sorted(xmp.text_of(one) for one in xmp.items(xmp.property_of(tree, "dc:subject")))


def _rounded(region: Region) -> tuple[object, ...]:
    return region.name, *(round(side, 4) for side in region.box)


def canonical(packet: bytes | None) -> bytes | None:
    if packet is None:
        return None
    return re.sub(rb">\s+<", b"><", etree.tostring(parse(packet), method="c14n"))


@given(st.sampled_from([None, FOREIGN]), in_photo, in_photo)
def test_step_by_step_is_at_once(base: bytes | None, first: PeopleInPhoto, then: PeopleInPhoto) -> None:
    assert said(put(put(base, first), then)) == said(put(base, then))


@given(st.sampled_from([None, FOREIGN]), in_photo)
def test_twice_is_once(base: bytes | None, people: PeopleInPhoto) -> None:
    assert merged(put(base, people), people).packet is None


@given(st.sampled_from([None, FOREIGN]), in_photo)
def test_taken_out_it_leaves_what_was_there(base: bytes | None, people: PeopleInPhoto) -> None:
    nobody = PeopleInPhoto((), 400, 300)
    assert canonical(put(put(base, people), nobody)) == canonical(base)


@given(in_photo)
def test_everybody_is_read_back(people: PeopleInPhoto) -> None:
    packet = put(None, people)
    wanted = sorted(_rounded(one) for one in people.regions)
    found = [] if packet is None else [_rounded(one.region) for one in mwg_regions(parse(packet))]
    assert sorted(found) == wanted
