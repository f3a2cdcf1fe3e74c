"""Files of other programs found and read: what they say of who is in which photo."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from photoclust.interchange import picasa, xmp
from photoclust.interchange.claims import MOST_BYTES, STORED, Claim, PhotoClaims, UnusableError
from photoclust.interchange.csv_files import photos_in_csv
from photoclust.interchange.json_files import photos_in_json
from photoclust.interchange.reading import applied_to, microsoft_regions, mwg_regions, people_in_image

SIDECAR, PICASA, JSON, CSV, CONTACTS, PHOTO = "sidecar", "picasa", "json", "csv", "contacts", "photo"

_ORDER = (SIDECAR, PICASA, JSON, CSV, PHOTO)
"""Whom to believe first where two give a face different names: sidecars are newer than what is in photos."""


@dataclass(frozen=True)
class Readers:
    """What is known of photos elsewhere.

    Attributes
    ----------
    is_photo
        Whether a file of some name is one.
    packet_in
        The XMP in a photo; None where there is none.
    """

    is_photo: Callable[[str], bool]
    packet_in: Callable[[Path], bytes | None]


@dataclass
class Gathered:
    """What was found.

    Attributes
    ----------
    said
        What files say of photos, those to be believed first first.
    files
        How many files say something.
    problems
        Files that could not be used, and why.
    """

    said: list[PhotoClaims] = field(default_factory=list[PhotoClaims])
    files: int = 0
    problems: dict[str, str] = field(default_factory=dict[str, str])


def gather(paths: Sequence[Path], readers: Readers) -> Gathered:
    """Read files, and folders with all that is in them.

    In folders a CSV is not looked at, which may hold anything, and a JSON without names counts for nothing.
    """
    found = Gathered()
    files = sorted(set(_files(paths, readers)), key=lambda one: (_ORDER.index(one[0]), one[1]))
    contacts = _contacts([file for kind, file in _files(paths, readers, contacts=True) if kind], found)
    for kind, file in files:
        try:
            _require_plain(file)
            said = [one for one in _read(kind, file, contacts, readers) if one.claims]
        except (UnusableError, xmp.PacketError) as error:
            found.problems[str(file)] = str(error)
        except OSError as error:
            found.problems[str(file)] = (error.strerror or str(error)).lower()
        else:
            found.said += said
            found.files += bool(said)
    return found


def _files(paths: Iterable[Path], readers: Readers, contacts: bool = False) -> Iterator[tuple[str, Path]]:
    """Every file that may say something, with its kind; with `contacts` those with names of contacts."""
    for path in paths:
        if not path.is_dir():
            kind = CSV if path.suffix.lower() == ".csv" else _kind(path.name, readers)
            every = [(kind, path)]
        else:
            walked = ((Path(top, name), name) for top, _, names in os.walk(path) for name in names)
            every = [(_kind(name, readers), file) for file, name in walked]
        wanted = (CONTACTS, PICASA) if contacts else _ORDER
        yield from ((kind, file) for kind, file in every if kind in wanted)


def _kind(name: str, readers: Readers) -> str:
    if name in picasa.INI_NAMES:
        return PICASA
    if name == picasa.CONTACTS:
        return CONTACTS
    suffix = Path(name).suffix.lower()
    return {".xmp": SIDECAR, ".json": JSON}.get(suffix) or (PHOTO if readers.is_photo(name) else "")


def _contacts(files: Sequence[Path], found: Gathered) -> dict[str, str]:
    """Names of Picasa's contacts, by id."""
    names: dict[str, str] = {}
    for file in files:
        try:
            _require_plain(file)
            content = _content(file)
            is_xml = file.name == picasa.CONTACTS
            names |= picasa.contacts_in_xml(content) if is_xml else picasa.contacts_in_ini(_text(content))
        except (UnusableError, OSError) as error:
            found.problems[str(file)] = str(error)
    return names


def _read(kind: str, file: Path, contacts: dict[str, str], readers: Readers) -> Iterable[PhotoClaims]:
    if kind == PHOTO:
        packet = readers.packet_in(file)
        return [_in_packet(xmp.from_first_tag(packet), file, file, False)] if packet else []
    content = _content(file)
    if kind == SIDECAR:
        photo = file.with_name(file.name[: -len(file.suffix)])
        return [_in_packet(content, file, photo, not readers.is_photo(photo.name))]
    if kind == PICASA:
        return picasa.photos_in_ini(file, _text(content), contacts)
    return photos_in_json(file, content) if kind == JSON else photos_in_csv(file, content)


def _in_packet(packet: bytes, source: Path, photo: Path, by_stem: bool) -> PhotoClaims:
    tree = xmp.parse(packet)
    written = [one.region for one in (*mwg_regions(tree), *microsoft_regions(tree)) if one.region.name]
    claims = [Claim(region.name, region.box, STORED) for region in written]
    placed = {claim.name for claim in claims}
    loose = [Claim(name) for name in people_in_image(tree) if name not in placed]
    return PhotoClaims(source, photo, [*claims, *loose], by_stem, applied_to(tree))


def _require_plain(file: Path) -> None:
    """Refuse what may never end, such as a pipe."""
    if not file.is_file():
        raise UnusableError("it is no plain file")


def _content(file: Path) -> bytes:
    if file.stat().st_size > MOST_BYTES:
        raise UnusableError(f"it has more than {MOST_BYTES >> 20} MB")
    return file.read_bytes()


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace")
