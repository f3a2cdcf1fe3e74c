"""Whose face is whose, according to somebody who knows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from photoclust.errors import UsageError
from photoclust.records import container_of, local_path, page_of
from photoclust.storage.label_table import LabelTable, read_label_table
from photoclust.storage.uris import is_object_uri, parse_uri, unescaped

_SHOWN = 200  # characters of what a file says


@dataclass(frozen=True)
class Labels:
    """Who is on which photo.

    Attributes
    ----------
    people
        Person of each labelled photo, by uri.
    problems
        What could not be used, a sentence for each kind.
    """

    people: dict[str, str]
    problems: tuple[str, ...] = ()


def folder_labels(uris: Sequence[str]) -> Labels:
    """Name of the folder that each photo lies in; photos in no folder have no label."""
    named = {uri: _folder(uri) for uri in uris}
    return Labels({uri: name for uri, name in named.items() if name})


def _folder(uri: str) -> str:
    page = page_of(uri)
    container = None if page else container_of(uri)
    if container is not None:
        in_table = container.partition("?")[0].lower().endswith(".parquet")  # its columns are no folders
        place = "" if in_table else unescaped(uri.partition("!/")[2].partition("?")[0])
    else:
        place = parse_uri(uri)[1] if is_object_uri(uri) else local_path(page[0] if page else uri)
    return os.fsencode(PurePosixPath(place).parent.name).decode("utf-8", "backslashreplace")


def csv_labels(file: Path, uris: Sequence[str]) -> Labels:
    """Labels from a table such as `read_label_table` reads.

    Parameters
    ----------
    file
        A CSV with a header. A photo is named by its path or URI, or by its path from the CSV's folder.
    uris
        The photos that the index knows.

    Returns
    -------
    Labels
        Lines without a person say nothing. A line that names no photo of the index, or a photo that another
        line calls somebody else, is left out and reported.

    Raises
    ------
    UsageError
        The file cannot be read, or lacks a column.
    """
    folder = str(file.parent)
    known, people, problems = frozenset(uris), dict[str, str](), _Problems(file)
    disputed: set[str] = set()
    table = _table(file)
    for row in table.rows:
        if row.too_long:
            problems.add(_FIELDS, row.line, row.photo)
        elif not row.person:
            continue
        elif (uri := _known(row.photo, folder, known)) is None:
            problems.add(_UNKNOWN, row.line, row.photo)
        elif people.setdefault(uri, row.person) != row.person and uri not in disputed:
            disputed.add(uri)
            problems.add(_DISPUTED, row.line, row.photo)
    agreed = {uri: person for uri, person in people.items() if uri not in disputed}
    return Labels(agreed, (*table.notes, *problems.sentences()))


_UNKNOWN = ("line", "with a photo that the index does not know")
_FIELDS = ("line", "with more fields than the header; quote what holds a separator")
_DISPUTED = ("photo", "that two lines call two people")


class _Problems:
    """Counts what is wrong, and keeps the first of each kind."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._first: dict[tuple[str, str], tuple[int, str]] = {}
        self._count = Counter[tuple[str, str]]()

    def add(self, kind: tuple[str, str], number: int, photo: str) -> None:
        self._first.setdefault(kind, (number, photo[:_SHOWN]))
        self._count[kind] += 1

    def sentences(self) -> tuple[str, ...]:
        return tuple(
            f"{self._file}: {count} {thing}{'' if count == 1 else 's'} left out {why} "
            f"(first line {self._first[thing, why][0]}, {self._first[thing, why][1]!r})."
            for (thing, why), count in self._count.items()
        )


def _known(photo: str, folder: str, known: frozenset[str]) -> str | None:
    """Uri of the photo that a line names, of a file also by its path from a folder."""
    if photo in known:
        return photo
    if is_object_uri(photo):
        uri = _canonical(photo)
    else:
        uri = os.path.abspath(os.path.join(folder, local_path(photo)))  # noqa: PTH100, PTH118 (links stay)
    return uri if uri in known else None


def _canonical(uri: str) -> str:
    try:
        place, key = parse_uri(uri)
    except UsageError:
        return uri
    return place.uri(key)


def _table(file: Path) -> LabelTable:
    try:
        return read_label_table(file)
    except UsageError as error:
        if isinstance(error.__cause__, OSError):
            hint = "Labels are the word folders, or the path of a CSV."
            raise UsageError(f"{error} {hint}") from error
        raise


def main_faces(
    boxes: npt.NDArray[np.float32], photos: Sequence[str], sizes: Mapping[str, tuple[int, int]]
) -> npt.NDArray[np.int64]:
    """The face of each photo that its label means: large and near the centre.

    It is the face with the greatest side × exp(−(2 distance / length)²): side is the root of its box's area,
    distance that from the photo's centre, length the photo's shorter side. On the 540 photos of the
    development people of Labeled Faces in the Wild that show several faces it is always the one nearest the
    centre, which is the labelled one; the largest face is another in 82 of them.

    Parameters
    ----------
    boxes
        float32, shape (n, 4): x0, y0, x1, y1 in pixels of the upright photo.
    photos
        Photo of each face.
    sizes
        Width and height of each photo.

    Returns
    -------
    int64, shape (photos,): rows, in ascending order.
    """
    if not len(boxes):
        return np.zeros(0, np.int64)
    size = np.array([sizes[photo] for photo in photos], np.float64)
    offset = np.linalg.norm((boxes[:, :2] + boxes[:, 2:]) / 2 - size / 2, axis=1) / size.min(axis=1)
    side = np.sqrt(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1))
    dense = np.unique(np.asarray(photos), return_inverse=True)[1]
    order = np.lexsort((-side * np.exp(-((2 * offset) ** 2)), dense))
    return np.sort(order[np.flatnonzero(np.diff(dense[order], prepend=-1))])
