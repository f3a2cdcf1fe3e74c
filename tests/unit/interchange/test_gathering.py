"""Files of other programs are read as these programs write them, and hostile ones do no harm."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from photoclust.interchange.claims import (
    EITHER,
    PIXELS,
    SAME_SHAPE,
    STORED,
    UPRIGHT,
    Claim,
    PhotoClaims,
    Shape,
    seen_upright,
)
from photoclust.interchange.gathering import Gathered, Readers, gather
from photoclust.interchange.matching import Face, matched
from photoclust.interchange.merging import PeopleInPhoto, merged
from photoclust.interchange.reading import Applied
from photoclust.interchange.regions import Region, stored

BOX = (0.1, 0.2, 0.3, 0.5)
READERS = Readers(lambda name: name.endswith((".jpg", ".cr2")), lambda _: None)


def read(folder: Path, files: Mapping[str, str | bytes], *named: str) -> Gathered:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return gather([folder, *(folder / name for name in named)], READERS)


def only(found: Gathered) -> PhotoClaims:
    assert found.problems == {}
    (one,) = found.said
    return one


def names(said: PhotoClaims) -> list[str]:
    return [claim.name for claim in said.claims]


# -- XMP ------------------------------------------------------------------------------------------------

DIGIKAM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:MP="http://ns.microsoft.com/photo/1.2/" xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
    xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
   <MP:RegionInfo rdf:parseType="Resource">
    <MPRI:Regions><rdf:Bag>
     <rdf:li MPReg:PersonDisplayName="Ada" MPReg:Rectangle="0.1, 0.2, 0.2, 0.3"/>
    </rdf:Bag></MPRI:Regions>
   </MP:RegionInfo>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="400" stDim:h="300" stDim:unit="pixel"/>
    <mwg-rs:RegionList><rdf:Bag>
     <rdf:li>
      <rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face">
       <mwg-rs:Area stArea:x="0.2" stArea:y="0.35" stArea:w="0.2" stArea:h="0.3" stArea:unit="normalized"/>
      </rdf:Description>
     </rdf:li>
    </rdf:Bag></mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

LIGHTROOM = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>Ada</rdf:li><rdf:li>Eve</rdf:li></rdf:Bag></Iptc4xmpExt:PersonInImage>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions rdf:parseType="Resource">
     <stDim:w>400</stDim:w><stDim:h>300</stDim:h><stDim:unit>pixel</stDim:unit>
    </mwg-rs:AppliedToDimensions>
    <mwg-rs:RegionList><rdf:Seq>
     <rdf:li rdf:parseType="Resource">
      <mwg-rs:Area rdf:parseType="Resource">
       <stArea:x>0.2</stArea:x><stArea:y>0.35</stArea:y><stArea:w>0.2</stArea:w><stArea:h>0.3</stArea:h>
      </mwg-rs:Area>
      <mwg-rs:Name>Ada</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type><mwg-rs:Rotation>0.00000</mwg-rs:Rotation>
     </rdf:li>
     <rdf:li rdf:parseType="Resource">
      <mwg-rs:Area stArea:x="0.7" stArea:y="0.35" stArea:w="0.2" stArea:h="0.3"/>
      <mwg-rs:Type>Face</mwg-rs:Type>
     </rdf:li>
    </rdf:Seq></mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""


def test_sidecars_of_digikam(tmp_path: Path) -> None:
    one = only(read(tmp_path, {"a.jpg.xmp": DIGIKAM}))
    assert (one.photo, one.by_stem) == (tmp_path / "a.jpg", False)
    assert one.applied == Applied(400, 300)
    assert names(one) == ["Ada", "Ada"]
    assert all(claim.box == pytest.approx(BOX) for claim in one.claims)
    found = matched([one], {"f": Face(BOX)}, Shape(400, 300, 1))
    assert (found.names, found.contradicting, found.without_face) == ({"f": "Ada"}, [], [])


def test_a_packet_in_a_photo_whose_first_byte_is_missing(tmp_path: Path) -> None:
    cut = DIGIKAM.encode()[1:]
    (tmp_path / "a.jpg").touch()
    readers = Readers(lambda name: name.endswith(".jpg"), lambda _: cut)
    whole = Readers(readers.is_photo, lambda _: DIGIKAM.encode())
    assert names(only(gather([tmp_path], readers))) == names(only(gather([tmp_path], whole))) != []


def test_sidecars_of_lightroom(tmp_path: Path) -> None:
    one = only(read(tmp_path, {"a.xmp": LIGHTROOM}))
    assert (one.photo, one.by_stem) == (tmp_path / "a", True)
    assert one.claims == [Claim("Ada", pytest.approx(BOX)), Claim("Eve")]


# -- Picasa ---------------------------------------------------------------------------------------------

INI = """[Picasa]
name=Summer
[a.jpg]
rotate=rotate(1)
faces=rect64(1999333340007fff),8e62;rect64(b3333333d9997fff),ffffffffffffffff;rect64(199933334ccc7fff),77
[b.jpg]
star=yes
[Contacts2]
8e62=Ada Lovelace;;
"""


def test_faces_of_picasa(tmp_path: Path) -> None:
    one = only(read(tmp_path, {"summer/.picasa.ini": INI}))
    assert one.photo == tmp_path / "summer" / "a.jpg"
    assert one.claims == [Claim("Ada Lovelace", pytest.approx((0.1, 0.2, 0.25, 0.5), abs=1e-4), EITHER)]


def test_contacts_of_picasa(tmp_path: Path) -> None:
    contacts = '<contacts><contact id="77" name="Bob &amp; Co" display="B"/><contact id="78"/></contacts>'
    one = only(read(tmp_path, {"p/.picasa.ini": INI, "q/contacts.xml": contacts}))
    assert names(one) == ["Ada Lovelace", "Bob & Co"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("is_stored", [True, False])
def test_what_nobody_knows_the_frame_of_is_read_as_it_fits(orientation: int, is_stored: bool) -> None:
    face = (0.1, 0.2, 0.3, 0.5)
    box = stored(face, orientation) if is_stored else face
    said = PhotoClaims(Path("x"), Path("a.jpg"), [Claim("Ada", box, EITHER)])
    assert matched([said], {"f": Face(face)}, Shape(400, 300, orientation)).names == {"f": "Ada"}


# -- JSON -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "photo"),
    [
        ("a.jpg.json", "a.jpg"),
        ("a.jpg.supplemental-metadata.json", "a.jpg"),
        ("a.jpg.supplemental-metadata(1).json", "a(1).jpg"),
        ("a.jpg(2).json", "a(2).jpg"),
    ],
)
def test_google_takeout(tmp_path: Path, name: str, photo: str) -> None:
    said = {"title": "a.jpg", "description": "", "people": [{"name": "Ada"}, {"name": " "}, {}]}
    one = only(read(tmp_path, {name: json.dumps(said)}))
    assert (one.photo, one.claims) == (tmp_path / photo, [Claim("Ada")])


def test_json_of_osxphotos(tmp_path: Path) -> None:
    said = {"SourceFile": "a.jpg", "XMP:PersonInImage": ["Ada", "Eve", "_UNKNOWN_"][:2]}
    said |= {"XMP:RegionAppliedToDimensionsW": 400, "XMP:RegionAppliedToDimensionsH": 300}
    said |= {"XMP:RegionName": ["Ada"], "XMP:RegionType": ["Face"], "XMP:RegionAreaUnit": ["normalized"]}
    said |= {"XMP:RegionAreaX": [0.2], "XMP:RegionAreaY": [0.35], "XMP:RegionAreaW": [0.2]}
    said |= {"XMP:RegionAreaH": [0.3], "XMP:RegionPersonDisplayName": ["Ada"]}
    one = only(read(tmp_path, {"a.jpg.json": json.dumps([said])}))
    assert (one.photo, one.applied) == (tmp_path / "a.jpg", Applied(400, 300))
    assert one.claims == [Claim("Ada", pytest.approx(BOX)), Claim("Eve")]


def test_json_of_exiftool_with_structures_and_single_values(tmp_path: Path) -> None:
    area = {"X": 0.2, "Y": 0.35, "W": 0.2, "H": 0.3, "Unit": "normalized"}
    region = {"Name": "Ada", "Type": "Face", "Area": area}
    info = {"AppliedToDimensions": {"W": 400, "H": 300}, "RegionList": [region, region | {"Type": "Pet"}]}
    flat = {f"RegionArea{side}": value for side, value in area.items()} | {"RegionName": "Bob"}
    rows = [{"SourceFile": "./a.jpg", "RegionInfo": info}, {"SourceFile": "b.jpg"} | flat]
    said = read(tmp_path, {"all.json": json.dumps(rows)}).said
    assert [(one.photo.name, names(one)) for one in said] == [("a.jpg", ["Ada"]), ("b.jpg", ["Bob"])]


# -- CSV ------------------------------------------------------------------------------------------------


def test_csv(tmp_path: Path) -> None:
    rows = "Path;Name;x;y;w;h\na.jpg;Zoë;0.1;0.2;0.2;0.3\na.jpg;Bob;40;60;80;90\nb.jpg;'=Eve\n;Cy\nc.jpg;\n"
    assert read(tmp_path, {"names.csv": rows.encode("cp1252")}).said == []
    first, second = read(tmp_path, {}, "names.csv").said
    assert first.claims == [
        Claim("Zoë", pytest.approx(BOX), UPRIGHT),
        Claim("Bob", (40, 60, 120, 150), PIXELS),
    ]
    assert seen_upright((40, 60, 120, 150), PIXELS, Applied(), Shape(400, 300, 6)) == pytest.approx(BOX)
    assert (second.photo, second.claims) == (tmp_path / "b.jpg", [Claim("=Eve")])


# -- hostile --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jpg.xmp", b"\x00\xff", "no XML"),
        ("a.jpg.xmp", b'<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]><a>&b;</a>', "document type"),
        ("contacts.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        ("a.json", b"{", "no JSON"),
        ("a.json", b"[" * 100_000, "no JSON"),
        ("a.csv", b"a,b\n1,2\n", "no columns"),
        ("a.csv", b"", "no columns"),
        ("a.csv", b"\x00" * 100, "no text"),
        ("a.csv", b'path,name\n"a', "no CSV"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    found = read(tmp_path, {name: content}, *([name] if name.endswith("csv") else []))
    assert found.said == []
    assert reason in found.problems[str(tmp_path / name)]


@pytest.mark.parametrize(
    "said", [[], {}, 1, None, "x", [1], {"title": 1, "people": 2}, {"title": "a", "people": [3, {"name": 4}]}]
)
def test_json_about_something_else_counts_for_nothing(tmp_path: Path, said: object) -> None:
    found = read(tmp_path, {"a.json": json.dumps(said)})
    assert (found.said, found.problems) == ([], {})


def test_numbers_of_json_that_are_none(tmp_path: Path) -> None:
    said = '[{"SourceFile": "a.jpg", "RegionName": "Ada", "RegionAreaX": NaN, "RegionAreaY": 1e999, '
    said += '"RegionAreaW": {}, "RegionAreaH": [0.1]}]'
    assert read(tmp_path, {"a.json": said}).said == []


# -- which face -----------------------------------------------------------------------------------------


NOT_SAID = Applied()


def of(*claims: Claim, applied: Applied = NOT_SAID) -> PhotoClaims:
    return PhotoClaims(Path("x"), Path("a.jpg"), claims, applied=applied)


SHAPE = Shape(400, 300, 1)
NEXT = (0.6, 0.2, 0.8, 0.5)


def test_a_generous_rectangle_is_around_its_face() -> None:
    head = (0.0, 0.0, 0.42, 0.75)
    assert matched([of(Claim("Ada", head))], {"f": Face(BOX)}, SHAPE).names == {"f": "Ada"}


def test_a_rectangle_around_everybody_is_around_nobody() -> None:
    found = matched([of(Claim("Ada", (0, 0, 1, 1)))], {"f": Face(BOX), "g": Face(NEXT)}, SHAPE)
    assert found.names == {}
    assert [region.name for region in found.without_face] == ["Ada"]


def test_each_face_goes_to_the_rectangle_that_fits_best() -> None:
    near = (0.12, 0.22, 0.32, 0.52)
    found = matched([of(Claim("Bob", near), Claim("Ada", BOX))], {"f": Face(BOX)}, SHAPE)
    assert found.names == {"f": "Ada"}
    assert [region.name for region in found.contradicting] == ["Bob"]


def test_the_first_file_is_believed() -> None:
    found = matched([of(Claim("Ada", BOX)), of(Claim("Bob", BOX))], {"f": Face(BOX)}, SHAPE)
    assert found.names == {"f": "Ada"}


def test_dimensions_say_what_a_rectangle_is_part_of() -> None:
    turned, faces = Shape(300, 400, 6), {"f": Face(BOX)}
    as_stored = of(Claim("Ada", stored(BOX, 6)), applied=Applied(4000, 3000))
    as_seen = of(Claim("Ada", BOX), applied=Applied(3000, 4000))
    cropped = of(Claim("Ada", BOX), applied=Applied(1000, 1000))
    assert matched([as_stored], faces, turned).names == {"f": "Ada"}
    assert matched([as_seen], faces, turned).names == {"f": "Ada"}
    assert matched([cropped], faces, turned).other_shape == ["Ada"]
    assert SAME_SHAPE < 0.1


def test_a_name_without_a_place_needs_one_face_that_is_left() -> None:
    two = {"f": Face(BOX), "g": Face(NEXT)}
    assert matched([of(Claim("Ada"))], {"f": Face(BOX)}, SHAPE).names == {"f": "Ada"}
    assert matched([of(Claim("Ada"))], two, SHAPE).unused == ["Ada"]
    assert matched([of(Claim("Ada"), Claim("Bob"))], {"f": Face(BOX)}, SHAPE).unused == ["Ada", "Bob"]
    assert matched([of(Claim("Bob", BOX), Claim("Ada"))], two, SHAPE).names == {"f": "Bob", "g": "Ada"}
    known = {"f": Face(BOX, "Bob"), "g": Face(NEXT)}
    assert matched([of(Claim("Bob"), Claim("Ada"))], known, SHAPE).names == {"g": "Ada"}


def test_what_is_exported_is_matched_again(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    for orientation in range(1, 9):
        regions = tuple(Region(name, stored(box, orientation)) for name, box in (("Ada", BOX), ("Bob", NEXT)))
        size = (300, 400) if orientation >= 5 else (400, 300)
        packet = merged(None, PeopleInPhoto(regions, *size)).packet
        assert packet
        folder = Readers(lambda _: True, lambda _, packet=packet: packet)
        said = gather([tmp_path], folder).said
        found = matched(said, {"f": Face(BOX), "g": Face(NEXT)}, Shape(400, 300, orientation))
        assert found.names == {"f": "Ada", "g": "Bob"}
        assert said[0].claims[0].frame == STORED


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("a.json", "b.jpg", ".picasa.ini", "c.jpg.xmp"):
        os.mkfifo(tmp_path / name)
    found = read(tmp_path, {})
    assert len(found.problems) == 4
