"""A small album to try photoclust on, made from photographs that installed packages carry.

There are three people in it, and only one photograph of each: matplotlib's Grace Hopper (US Navy, public
domain), and from scikit-image the astronaut Eileen Collins (NASA, public domain) and a photographer
(Lav Varshney, CC0). All variety is synthetic: crop, scale, light, rotation, mirroring, noise, compression.
So the demo shows that an installation works, and says nothing of how well photoclust tells people apart.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageEnhance, ImageOps

from photoclust.errors import PhotoclustError


@dataclass(frozen=True)
class Sitter:
    """A person of the album: their photograph, and in it the centre and height of the face in pixels.

    The numbers were read off the boxes that MTCNN finds.
    """

    name: str
    package: str
    file: str
    centre: tuple[int, int]
    face_height: int
    photos: int


HOPPER = Sitter("Grace Hopper", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (256, 225), 238, 14)
COLLINS = Sitter("Eileen Collins", "skimage", "data/astronaut.png", (224, 116), 111, 14)
PHOTOGRAPHER = Sitter("a photographer", "skimage", "data/camera.png", (226, 156), 80, 10)
SITTERS = (HOPPER, COLLINS, PHOTOGRAPHER)
GROUPS = ((HOPPER, COLLINS), (COLLINS, PHOTOGRAPHER), (PHOTOGRAPHER, HOPPER), SITTERS) * 2
THINGS = ("coffee.png", "rocket.jpg", "chelsea.png", "hubble_deep_field.jpg", "moon.png", "coins.png")
_SUFFIXES = (".jpg", ".jpg", ".jpg", ".png", ".webp", ".heic", ".jpg", ".tif", ".avif")
_UNREADABLE = "things/cut short.jpg"
_COPY = "a second copy.jpg"
_PORTRAIT_SIDE = (320, 640)  # pixels
_PANEL_SIDE = 400  # pixels


@dataclass(frozen=True)
class DemoAlbum:
    """What was put into the album.

    Attributes
    ----------
    folder
        Where it is.
    people
        Names of the people in each photo, left to right, in panels of equal width; by path below `folder`.
    unreadable
        Files that no program can open as a photo.
    copies
        Files with the same bytes as another one, and which.
    """

    folder: Path
    people: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    unreadable: set[str] = field(default_factory=set[str])
    copies: dict[str, str] = field(default_factory=dict[str, str])


def make_album(folder: Path, seed: int = 0) -> DemoAlbum:
    """Write the album.

    Parameters
    ----------
    folder
        Made if it is not there.
    seed
        Decides the variations; the same seed and packages make the same album.

    Returns
    -------
    DemoAlbum
        What is in it.

    Raises
    ------
    PhotoclustError
        A package's photograph is missing, or the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    album = DemoAlbum(folder)
    pillow_heif.register_heif_opener()
    try:
        for sitter in SITTERS:
            _add_portraits(album, sitter, rng)
        for number, group in enumerate(GROUPS, 1):
            panels = [_varied(sitter, _PANEL_SIDE, rng) for sitter in group]
            _add(album, f"together/{number:02}.jpg", _side_by_side(panels), group, number)
        _add_things(album)
    except OSError as error:
        raise PhotoclustError(f"The demo album cannot be made in {folder}: {error}.") from error
    return album


def _add_portraits(album: DemoAlbum, sitter: Sitter, rng: np.random.Generator) -> None:
    for number in range(1, sitter.photos + 1):
        name = f"{sitter.name}/{number:02}{_SUFFIXES[number % len(_SUFFIXES)]}"
        side = int(rng.integers(*_PORTRAIT_SIDE))
        _add(album, name, _varied(sitter, side, rng), (sitter,), number)


def _add(album: DemoAlbum, name: str, photo: Image.Image, who: tuple[Sitter, ...], number: int) -> None:
    path = album.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    stored, exif = _with_exif(photo, number)
    quick = {"preset": "ultrafast"}  # as AVIF's speed: at their usual settings the album takes twice as long
    stored.save(path, quality=95 - 7 * (number % 8), exif=exif, speed=10, enc_params=quick)
    album.people[name] = [sitter.name for sitter in who]


def _add_things(album: DemoAlbum) -> None:
    """What every real collection has too: photos of no one, a broken file, a copy."""
    for file in THINGS:
        target = album.folder / "things" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_package_file("skimage", f"data/{file}"))
        album.people[f"things/{file}"] = []
    whole = (album.folder / "together/01.jpg").read_bytes()
    (album.folder / _UNREADABLE).write_bytes(whole[: len(whole) // 3])
    album.unreadable.add(_UNREADABLE)
    shutil.copyfile(album.folder / "together/02.jpg", album.folder / _COPY)
    album.people[_COPY] = album.people["together/02.jpg"]
    album.copies[_COPY] = "together/02.jpg"


def _varied(sitter: Sitter, side: int, rng: np.random.Generator) -> Image.Image:
    """Take the sitter's photograph once more, as if on another day; square, `side` pixels."""
    with Image.open(_package_path(sitter.package, sitter.file)) as opened:
        photo = opened.convert("RGB")
    photo = photo.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, center=sitter.centre)
    photo = photo.crop(_window(sitter, photo.size, rng)).resize((side, side), Image.Resampling.LANCZOS)
    for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        photo = enhancer(photo).enhance(rng.uniform(0.7, 1.3))
    if rng.random() < 1 / 3:
        photo = ImageOps.mirror(photo)
    if rng.random() < 1 / 5:
        photo = ImageOps.grayscale(photo).convert("RGB")
    noise = rng.normal(0, rng.uniform(0, 10), (side, side, 3))
    return Image.fromarray((np.asarray(photo) + noise).clip(0, 255).astype(np.uint8))


def _window(sitter: Sitter, size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A square about the face, 1.8 to 2.8 times its height, inside the photo where that is possible."""
    side = min(int(sitter.face_height * rng.uniform(1.8, 2.8)), *size)
    shift = rng.uniform(-0.15, 0.15, 2) * sitter.face_height
    left, top = (
        int(min(max(centre + move - side / 2, 0), length - side))
        for centre, move, length in zip(sitter.centre, shift, size, strict=True)
    )
    return left, top, left + side, top + side


def _side_by_side(panels: list[Image.Image]) -> Image.Image:
    joined = Image.new("RGB", (sum(panel.width for panel in panels), panels[0].height))
    for position, panel in enumerate(panels):
        joined.paste(panel, (position * panel.width, 0))
    return joined


# How to turn an upright photo so that a reader who honours the orientation turns it upright again.
_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _with_exif(photo: Image.Image, number: int) -> tuple[Image.Image, bytes]:
    """The photo as a camera would store it that was held in one of eight ways, with a date."""
    exif = Image.Exif()
    orientation = number % 8 + 1
    exif[ExifTags.Base.Orientation] = orientation
    taken = datetime(2024, 5, 1, 12) + timedelta(days=number)
    exif[ExifTags.Base.DateTime] = f"{taken:%Y:%m:%d %H:%M:%S}"
    return (photo.transpose(_UNDO[orientation]) if orientation > 1 else photo), exif.tobytes()


def _package_file(package: str, file: str) -> bytes:
    return _package_path(package, file).read_bytes()


def _package_path(package: str, file: str) -> Path:
    with resources.as_file(resources.files(package) / file) as path:
        return path
