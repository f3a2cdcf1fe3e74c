"""Faces of Picasa: ``.picasa.ini`` in each folder of photos, and ``contacts.xml`` in Picasa's own folder.

::

    [a.jpg]
    faces=rect64(3f845bcb59418507),8e62398ebda8c1a5;rect64(...),ffffffffffffffff
    [Contacts2]
    8e62398ebda8c1a5=Ada Lovelace;;

The number holds left, top, right and bottom in 65,535ths, 16 bits each, without leading zeros. By exiftool's
``picasa_faces.config`` it is a part of the photo as stored, of a RAW file of the upright one; after a turn in
Picasa nobody says, so that both are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from photoclust.interchange import xmp
from photoclust.interchange.claims import EITHER, Claim, PhotoClaims, UnusableError

INI_NAMES = (".picasa.ini", "picasa.ini")
CONTACTS = "contacts.xml"

_FACE = re.compile(r"rect64\(([0-9a-f]{1,16})\),([0-9a-f]{1,16})", re.IGNORECASE)
_SECTION = re.compile(r"\[(.+)\]")
_WHOLE = 65535


def contacts_in_xml(content: bytes) -> dict[str, str]:
    """Names in ``contacts.xml``, by id.

    Raises
    ------
    UnusableError
        It is no XML, or has a document type.
    """
    try:
        root = xmp.parse_xml(content).getroot()
    except xmp.PacketError as error:
        raise UnusableError(str(error)) from error
    rows = ((one.get("id", ""), one.get("name", "")) for one in root.iter("contact"))
    return {contact.lower(): name.strip() for contact, name in rows if contact and name.strip()}


def contacts_in_ini(text: str) -> dict[str, str]:
    """Names in an ini, by id."""
    rows = (row for section, row in _rows(text) if section == "Contacts2")
    split = (row.partition("=") for row in rows)
    return {key.strip().lower(): name for key, _, rest in split if (name := rest.split(";")[0].strip())}


def photos_in_ini(file: Path, text: str, contacts: Mapping[str, str]) -> Iterator[PhotoClaims]:
    """What an ini says of the photos beside it; faces of contacts without a name are passed over."""
    for section, row in _rows(text):
        if row.startswith("faces="):
            found = ((rect, contacts.get(contact.lower(), "")) for rect, contact in _FACE.findall(row))
            claims = [Claim(name, box, EITHER) for rect, name in found if name and (box := _box(rect))]
            yield PhotoClaims(file, file.parent / section, claims)


def _rows(text: str) -> Iterator[tuple[str, str]]:
    """Each row with the section that it is in."""
    section = ""
    for line in text.splitlines():
        if match := _SECTION.fullmatch(line.strip()):
            section = match[1]
        else:
            yield section, line.strip()


def _box(rect: str) -> tuple[float, float, float, float] | None:
    padded = rect.rjust(16, "0")
    x0, y0, x1, y1 = (int(padded[start : start + 4], 16) / _WHOLE for start in range(0, 16, 4))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
