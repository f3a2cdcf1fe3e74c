"""XMP sidecars: where they lie, and how one is brought up to date.

A sidecar is called ``photo.jpg.xmp`` (digiKam, darktable, Immich) or ``photo.xmp`` (Lightroom and others of
Adobe). One that is there under either name is the one that is used, but ``photo.xmp`` only where no other
photo of that folder has that stem: of ``photo.cr2`` and ``photo.jpg`` nothing says whose it is.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from photoclust.interchange.merging import MARK, PeopleInPhoto, merged
from photoclust.interchange.xmp import MOST_BYTES, PacketError
from photoclust.storage.local_files import whole_file

WRITTEN, REMOVED, UNCHANGED, NOTHING = "written", "removed", "unchanged", "nothing"

_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700
_READ_AND_WRITE = 0o666


@dataclass(frozen=True)
class Outcome:
    """What became of a sidecar: one of the words above, and as in `Merged` the faces named otherwise."""

    what: str
    differing: int = 0


@dataclass(frozen=True)
class Sidecars:
    """Where the sidecars of some photos lie.

    Attributes
    ----------
    folder
        Folder that holds them, each below it at the whole path of its photo; None for beside the photos.
    by_stem
        Whether a new one is called ``photo.xmp`` and not ``photo.jpg.xmp``.
    shared
        Paths without their extension that several photos have.
    """

    folder: Path | None = None
    by_stem: bool = False
    shared: frozenset[Path] = field(default=frozenset())

    @classmethod
    def of(cls, photos: Iterable[Path], folder: Path | None = None, by_stem: bool = False) -> Sidecars:
        """Give those of all photos of an index."""
        stems = Counter(photo.with_suffix("") for photo in set(photos))
        return cls(folder, by_stem, frozenset(stem for stem, count in stems.items() if count > 1))

    def update(self, photo: Path, people: PeopleInPhoto) -> Outcome:
        """Bring the sidecar of a photo up to date, whole or not at all.

        One in `folder` holds all that one beside the photo says, which itself stays as it is.

        Raises
        ------
        PacketError
            The sidecar there is cannot be used.
        OSError
            It cannot be read or written, or the photo is not there.
        """
        if not self.folder and not photo.exists():
            raise FileNotFoundError(errno.ENOENT, "the photo is not there")
        beside, target = self._existing(photo), self.target(photo)
        base = _read(beside if beside else target)
        change = merged(base, people)
        content = base if change.packet is None else change.packet
        if beside != target and MARK not in (content or b""):  # nothing of ours to be told in the folder
            content = b""
        if not content:
            return Outcome(_removed(target, base if beside == target else _read(target)), change.differing)
        if content == (base if beside == target else _read(target)):
            return Outcome(UNCHANGED if MARK in content else NOTHING, change.differing)
        self._write(target, content, photo)
        return Outcome(WRITTEN, change.differing)

    def target(self, photo: Path) -> Path:
        """The sidecar of a photo, which is there already or not."""
        beside = self._existing(photo)
        if not self.folder:
            return beside or photo.with_name(self._names(photo)[0])
        mirrored = self.folder.joinpath(*(part.rstrip(":\\") for part in photo.parts if part != os.sep))
        name = beside.name if beside else self._names(photo)[0]
        return self._existing(mirrored, photo) or mirrored.with_name(name)

    def _existing(self, place: Path, photo: Path | None = None) -> Path | None:
        names = (name for name in self._names(photo or place))
        found = (place.with_name(end) for name in names for end in (name, name[:-4] + ".XMP"))
        return next((path for path in found if os.path.lexists(path)), None)

    def _names(self, photo: Path) -> list[str]:
        """Names that the sidecar may have, the one for a new sidecar first."""
        full, stem = f"{photo.name}.xmp", f"{photo.stem}.xmp"
        if photo.with_suffix("") in self.shared:
            return [full]
        return [stem, full] if self.by_stem else [full, stem]

    def _write(self, target: Path, content: bytes, photo: Path) -> None:
        if self.folder:
            _make_folder(target.parent)
        mode = _PRIVATE_FILE if self.folder else photo.stat().st_mode & _READ_AND_WRITE
        if target.exists():
            mode = stat.S_IMODE(target.stat().st_mode)
        with whole_file(target) as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(content)


def _make_folder(folder: Path) -> None:
    """Make a folder and those it lies in, for their owner alone."""
    for one in [folder, *folder.parents][::-1]:
        if not one.exists():
            one.mkdir(_PRIVATE_FOLDER, exist_ok=True)


def _removed(target: Path, content: bytes | None) -> str:
    """Remove a sidecar that says nothing but what an earlier export wrote, if there is one."""
    if content is None or MARK not in content:
        return NOTHING
    target.unlink()
    return REMOVED


def _read(sidecar: Path) -> bytes | None:
    """Content of a sidecar; None where there is none.

    Raises
    ------
    PacketError
        It is no plain file, or too long.
    """
    try:
        found = sidecar.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise PacketError("it is no plain file")
    if found.st_size > MOST_BYTES:
        raise PacketError(f"it has more than {MOST_BYTES >> 20} MB")
    return sidecar.read_bytes()
