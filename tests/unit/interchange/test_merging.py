"""People put into XMP packets, new ones and those of other programs."""

from __future__ import annotations

import pytest
from lxml import etree

from photoclust.interchange import xmp
from photoclust.interchange.merging import PeopleInPhoto, merged
from photoclust.interchange.reading import applied_to, microsoft_regions, mwg_regions
from photoclust.interchange.regions import Region
from photoclust.interchange.xmp import PacketError, parse

ADA = Region("Ada Lovelace", (0.1, 0.2, 0.3, 0.5))
BOB = Region("Bob", (0.6, 0.2, 0.8, 0.5))
CY = Region("Cy", (0.1, 0.7, 0.2, 0.9))

FOREIGN = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <!-- a remark -->
  <rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
   <dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="4000" stDim:h="3000" stDim:unit="pixel"/>
    <mwg-rs:RegionList>
     <rdf:{list}>
      <rdf:li>
       <rdf:Description mwg-rs:Name="{name}" mwg-rs:Type="Face" mwg-rs:Rotation="0.1">
        <mwg-rs:Area stArea:x="0.7" stArea:y="0.35" stArea:w="0.2" stArea:h="0.3" stArea:unit="normalized"/>
       </rdf:Description>
      </rdf:li>
     </rdf:{list}>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def foreign(name: str = "Zoe", listed: str = "Bag") -> bytes:
    return FOREIGN.replace("{name}", name).replace("{list}", listed).encode()


def people(*regions: Region, keywords: bool = False) -> PeopleInPhoto:
    return PeopleInPhoto(regions, 400, 300, keywords)


def put(before: bytes | None, *regions: Region, keywords: bool = False) -> bytes:
    packet = merged(before, people(*regions, keywords=keywords)).packet
    assert packet is not None
    return packet


def names(packet: bytes) -> list[tuple[list[str], list[str]]]:
    tree = parse(packet)
    return [sorted(one.region.name for one in read(tree)) for read in (mwg_regions, microsoft_regions)]


def words(packet: bytes) -> list[str]:
    return [xmp.text_of(one) for one in xmp.items(xmp.property_of(parse(packet), "dc:subject"))]


def without_spaces(packet: bytes) -> bytes:
    tree = parse(packet)
    for element in tree.iter():
        element.text = (element.text or "").strip() or None
        element.tail = None
    return etree.tostring(tree, method="c14n")


def test_a_new_packet_says_who_is_where() -> None:
    packet = put(None, ADA, BOB, keywords=True)
    tree = parse(packet)
    assert [one.region for one in mwg_regions(tree)] == [
        Region(one.name, pytest.approx(one.box)) for one in (ADA, BOB)
    ]
    assert names(packet) == [["Ada Lovelace", "Bob"]] * 2
    assert (applied_to(tree).width, applied_to(tree).height) == (400, 300)
    assert words(packet) == ["Ada Lovelace", "Bob"]


def test_nobody_in_it_makes_no_packet() -> None:
    assert merged(None, people()).packet is None


@pytest.mark.parametrize("keywords", [True, False])
def test_the_second_time_nothing_is_changed(keywords: bool) -> None:
    for before in (None, foreign()):
        packet = put(before, ADA, BOB, keywords=keywords)
        assert merged(packet, people(ADA, BOB, keywords=keywords)).packet is None


@pytest.mark.parametrize("listed", ["Bag", "Seq"])
def test_what_others_wrote_stays(listed: str) -> None:
    before = foreign(listed=listed)
    packet = put(before, ADA, keywords=True)
    assert names(packet) == [["Ada Lovelace", "Zoe"], ["Ada Lovelace"]]
    assert words(packet) == ["sea", "Ada Lovelace"]
    for kept in (b"a remark", b'xmp:Rating="4"', b'x:xmptk="XMP Core 6.0"', b"<?xpacket end", b"Rotation"):
        assert kept in packet
    assert (applied_to(parse(packet)).width, applied_to(parse(packet)).height) == (4000, 3000)
    assert without_spaces(put(packet)) == without_spaces(before)


def test_who_is_not_there_any_more_is_taken_out() -> None:
    packet = put(put(None, ADA, BOB, keywords=True), BOB, keywords=True)
    assert names(packet) == [["Bob"], ["Bob"]]
    assert words(packet) == ["Bob"]
    assert put(packet) == b""


def test_a_new_name_takes_the_place_of_the_old() -> None:
    packet = put(put(None, ADA, keywords=True), Region("Ada King", ADA.box), keywords=True)
    assert names(packet) == [["Ada King"], ["Ada King"]]
    assert words(packet) == ["Ada King"]


def test_without_the_wish_for_keywords_ours_go_and_those_of_others_stay() -> None:
    packet = put(put(foreign(), ADA, keywords=True), ADA)
    assert words(packet) == ["sea"]


def test_a_keyword_that_was_there_is_not_ours() -> None:
    before = foreign().replace(b"<rdf:li>sea", b"<rdf:li>Ada Lovelace</rdf:li><rdf:li>sea")
    packet = put(before, ADA, keywords=True)
    assert words(packet) == ["Ada Lovelace", "sea"]
    assert words(put(packet, CY, keywords=True)) == ["Ada Lovelace", "sea", "Cy"]


def test_a_region_renamed_in_another_program_is_theirs() -> None:
    packet = put(None, ADA).replace(b"Name>Ada Lovelace", b"Name>Countess")
    change = merged(packet, people(ADA))
    assert change.differing == 1
    assert change.packet is not None
    assert names(change.packet) == [["Countess"], ["Countess"]]
    assert merged(change.packet, people(ADA)).packet is None


def test_a_region_that_was_rounded_to_pixels_is_ours() -> None:
    packet = (
        put(None, ADA).replace(b">0.350000<", b">0.3514<").replace(b"0.200000, 0.300000<", b"0.201, 0.298<")
    )
    assert merged(packet, people(ADA)).packet is None
    assert put(packet) == b""


@pytest.mark.parametrize(("name", "differing"), [("Bob", 0), ("Zoe", 1)])
def test_a_face_that_another_program_has_named_gets_no_second_region(name: str, differing: int) -> None:
    change = merged(foreign(name), people(BOB))
    assert (change.packet, change.differing) == (None, differing)


def test_a_face_without_a_name_gets_one() -> None:
    assert names(put(foreign(""), BOB)) == [["", "Bob"], ["Bob"]]


@pytest.mark.parametrize(
    "name",
    ["<b>&amp;\"'", "]]>", "a\x0bb\x00c", "\ud800", "\ufffe", "two\nlines\r\n", "名前 " * 60, "   x   "],
)
def test_any_name_comes_back_the_same(name: str) -> None:
    region = Region(xmp.xml_text(name), ADA.box)
    packet = put(None, region, keywords=True)
    assert names(packet) == [[region.name], [region.name]]
    assert merged(packet, people(region, keywords=True)).packet is None


def test_attributes_of_the_packet_are_read_like_elements() -> None:
    tree = parse(foreign())
    assert mwg_regions(tree)[0].region == Region("Zoe", pytest.approx((0.6, 0.2, 0.8, 0.5)))


def test_pets_and_points_are_no_faces() -> None:
    assert mwg_regions(parse(foreign().replace(b'Type="Face"', b'Type="Pet"'))) == []
    assert mwg_regions(parse(foreign().replace(b'"normalized"', b'"pixel"'))) == []


@pytest.mark.parametrize("number", [b"nan", b"inf", b"-inf", b"x", b"", b"1e400", b"-5"])
def test_numbers_that_are_none_are_no_region(number: bytes) -> None:
    assert mwg_regions(parse(foreign().replace(b'stArea:x="0.7"', b'stArea:x="' + number + b'"'))) == []


DOCTYPE = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname"><!ENTITY l "lollol">]>'


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", "no XML"),
        (b"no XML", "no XML"),
        (b"\xff\xfe\x00", "no XML"),
        (b"<a/>", "no XMP"),
        (foreign()[:-60], "no XML"),
        (DOCTYPE + foreign().partition(b"\n")[2], "document type"),
        (DOCTYPE + foreign().partition(b"\n")[2].replace(b"sea", b"&e;&l;"), "document type"),
        (b"<a>" * 100_000, "no XML"),
        (b" " * (xmp.MOST_BYTES + 1), "MB"),
    ],
    ids=["empty", "text", "utf-16", "xml", "cut off", "doctype", "entities", "deep", "long"],
)
def test_what_is_no_xmp_is_refused(packet: bytes, reason: str) -> None:
    with pytest.raises(PacketError, match=reason):
        merged(packet, people(ADA))


def test_a_list_that_is_none_is_left_alone() -> None:
    with pytest.raises(PacketError, match="no list"):
        merged(
            foreign().replace(b"<rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag>", b"sea"), people(ADA, keywords=True)
        )


def test_utf_16_is_read() -> None:
    packet = put(
        ("\ufeff" + FOREIGN.replace("{name}", "Zoë").replace("{list}", "Bag")).encode("utf-16-le"), ADA
    )
    assert names(packet)[0] == ["Ada Lovelace", "Zoë"]
