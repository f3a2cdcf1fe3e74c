"""Which pairs of faces a verification test compares: from a file in LFW's format, or from labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from photoclust.errors import UsageError
from photoclust.types import Doubles, Rows

MOST_IMPOSTORS = 2_000_000
FOLDS = 10
_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True)
class PairList:
    """Pairs of faces.

    Attributes
    ----------
    left, right
        int64, shape (n,): rows of the faces.
    same
        bool, shape (n,): one person.
    weight
        float64, shape (n,).
    fold
        int64, shape (n,): part of the test; −1 for none.
    notes
        What was left out, a sentence each.
    """

    left: Rows
    right: Rows
    same: npt.NDArray[np.bool_]
    weight: Doubles
    fold: Rows
    notes: tuple[str, ...] = ()


def pairs_of_file(file: Path, photos: Sequence[str]) -> PairList:
    """Pairs from a file in the format of LFW's ``pairs.txt``.

    The first line says how many folds there are, 1 if it has one number, and how many genuine and impostor
    pairs of each follow. ``NAME 1 4`` are photos 1 and 4 of a person, ``NAME 1 OTHER 2`` photos of two. The
    photo of a name and a number is the one whose file name ends in that number, in a folder of that name.

    Parameters
    ----------
    file
        Fields are separated by tabs.
    photos
        Path or URI of each face.

    Raises
    ------
    UsageError
        The file cannot be read, or is no such list; or none of its photos is there.
    """
    lines = _lines(file)
    head = lines[0].split()
    if not 1 <= len(head) <= 2 or not all(word.isdecimal() and int(word) for word in head):
        raise UsageError(
            f"{file} is no list of pairs: its first line must be the number of pairs of each kind, or the "
            "number of folds and that."
        )
    size = int(head[-1])
    row_of = _numbered_photos(photos)
    found: list[tuple[int, int, bool, int]] = []
    missing = 0
    for number, line in enumerate(lines[1:]):
        one, other = _sides(line, number + 2, file)
        rows = row_of.get(one), row_of.get(other)
        if rows[0] is None or rows[1] is None:
            missing += 1
        else:
            found.append((rows[0], rows[1], one[0] == other[0], number // (2 * size)))
    if not found:
        raise UsageError(f"None of the pairs of {file} is of photos with a face in this index.")
    left, right, same, fold = (np.array(column) for column in zip(*found, strict=True))
    if len(head) == 1:  # LFW's development set has no folds: ten of equal parts of either kind
        fold = _parts(same)
    notes = (f"Left out: {missing} pairs with a photo that has no face in the index.",) if missing else ()
    return PairList(left, right, same.astype(bool), np.ones(len(left)), fold, notes)


def _lines(file: Path) -> list[str]:
    try:
        lines = [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise UsageError(f"The list of pairs {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no list of pairs: it is no UTF-8 text.") from error
    if len(lines) < 2:
        raise UsageError(f"{file} holds no pairs.")
    return lines


def _sides(line: str, number: int, file: Path) -> tuple[tuple[str, int], tuple[str, int]]:
    words = line.split("\t") if "\t" in line else line.split()
    words = [word.strip() for word in words]
    if len(words) == 3 and words[1].isdecimal() and words[2].isdecimal():
        return (words[0], int(words[1])), (words[0], int(words[2]))
    if len(words) == 4 and words[1].isdecimal() and words[3].isdecimal():
        return (words[0], int(words[1])), (words[2], int(words[3]))
    raise UsageError(f"Line {number} of {file} is no pair: NAME 1 2, or NAME 1 OTHER 2, separated by tabs.")


def _numbered_photos(photos: Sequence[str]) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for row, photo in enumerate(photos):
        path = PurePosixPath(photo)
        if number := _NUMBER.search(path.stem):
            found[path.parent.name, int(number[1])] = row
    return found


def _parts(same: npt.NDArray[np.bool_]) -> Rows:
    fold = np.empty(len(same), np.int64)
    for kind in (True, False):
        rows = np.flatnonzero(same == kind)
        fold[rows] = np.arange(len(rows)) * FOLDS // max(1, len(rows))
    return fold


def pairs_of_labels(person: Rows) -> PairList:
    """Every pair of faces of one person, and pairs of two people, at most `MOST_IMPOSTORS` drawn at random.

    Each photo counts the same among genuine pairs: of a person of n, each pair counts 1 / (n − 1). Folds part
    the people; pairs across folds belong to none.

    Parameters
    ----------
    person
        int64, shape (n,): whose face each is.

    Raises
    ------
    UsageError
        There are no genuine pairs, or no impostor pairs.
    """
    order = np.argsort(person, kind="stable")
    own = np.split(order, np.flatnonzero(np.diff(person[order])) + 1)
    genuine = [np.array(np.triu_indices(len(rows), 1)) for rows in own]
    pairs = np.concatenate([rows[pair] for rows, pair in zip(own, genuine, strict=True)], axis=1)
    if not pairs.shape[1] or len(own) < 2:
        raise UsageError("A test needs two people, and one of them in two photos.")
    count = np.bincount(person)
    weight = 1 / (count[person[pairs[0]]] - 1)
    impostors = _impostors(person)
    left, right = np.concatenate([pairs, impostors], axis=1)
    same = np.arange(len(left)) < pairs.shape[1]
    weights = np.concatenate([weight, np.ones(impostors.shape[1])])
    fold = np.random.default_rng(0).integers(0, FOLDS, int(person.max()) + 1)[person]
    return PairList(left, right, same, weights, np.where(fold[left] == fold[right], fold[left], -1))


def _impostors(person: Rows) -> npt.NDArray[np.int64]:
    n = len(person)
    if n * (n - 1) // 2 <= MOST_IMPOSTORS:
        pairs = np.array(np.triu_indices(n, 1))
    else:
        pairs = np.random.default_rng(0).integers(0, n, (2, MOST_IMPOSTORS))
        pairs = np.unique(np.sort(pairs, axis=0), axis=1)
    return pairs[:, person[pairs[0]] != person[pairs[1]]]
