"""Loops over single numbers, compiled: what numpy does only in several passes over memory."""

from __future__ import annotations

from math import inf
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from photoclust.compiled import compiled

_BITS = 64  # similarities compared with their floors before any is looked at


@compiled
def _key(value: Any, row: Any) -> Any:
    """A float32 and a row as one integer, ordered as they are: bits of negative floats are turned round."""
    bits = np.int64(np.float32(value).view(np.int32))
    return ((bits ^ ((bits >> 31) & 0x7FFFFFFF)) << 32) | row


@compiled
def _value(key: Any) -> Any:
    bits = key >> 32
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)


# -- candidates: see `photoclust.people.graph.search` ---------------------------------------------------


class Lists(NamedTuple):
    """The most similar rows seen so far of each of n rows.

    Attributes
    ----------
    keys
        int64, shape (n, room): similarities with their rows, see `_key`. There is room for more than are
        wanted; the rest is thrown out when it is full.
    held
        int32, shape (n,): how many keys there are.
    floor
        float32, shape (n,): only what is more similar is taken note of.
    """

    keys: npt.NDArray[np.int64]
    held: npt.NDArray[np.int32]
    floor: npt.NDArray[np.float32]


@compiled
def _count(keys: Any, cut: int) -> int:
    count = 0
    for place in range(len(keys)):
        count += keys[place] >= cut
    return count


@compiled
def _keep_greatest(keys: Any, least: int, most: int) -> Any:
    """Keep at least so many of the greatest keys, which are distinct, and at most so many.

    Where to cut is found by bisection: counting what is above takes no branches.

    Returns
    -------
    How many are kept, at the front; and a key which they reach and no other does.
    """
    low, high = keys.min(), keys.max() + 1  # too many reach the one, too few the other
    while True:
        cut = low + (high - low) // 2
        held = _count(keys, cut)
        if held < least:
            high = cut
        elif held > most:
            low = cut
        else:
            break
    held = 0
    for place in range(len(keys)):
        keys[held] = keys[place]
        held += keys[held] >= cut
    return held, cut


@compiled
def _add(lists: Lists, own: int, similarity: Any, row: int, width: int) -> None:
    held = lists.held[own]
    lists.keys[own, held] = _key(similarity, row)
    held += 1
    if held == lists.keys.shape[1]:
        held, cut = _keep_greatest(lists.keys[own], width, width + (held - width) // 4)
        lists.floor[own] = _value(cut)
    lists.held[own] = held


@compiled
def _above(similarities: Any, floor: Any, floors: Any) -> Any:
    """Which of at most `_BITS` similarities are above one of their two floors, as bits."""
    bits = np.uint64(0)
    for place in range(len(similarities)):
        bits |= np.uint64(similarities[place] > min(floor, floors[place])) << np.uint64(place)
    return bits


@compiled
def _lowest(bits: Any) -> Any:
    """Place of the lowest bit, which is the exponent of that bit alone as a float64."""
    return (np.float64(bits & (~bits + np.uint64(1))).view(np.int64) >> 52) - 1023


@compiled
def offer(products: Any, rows: Lists, first_row: int, columns: Lists, first_column: int, width: int) -> None:
    """Take note of similarities for those in whose line they are, and for those in whose column.

    Parameters
    ----------
    products
        float32, shape (r, c).
    rows, columns
        Lists of the r rows and the c columns.
    first_row, first_column
        What the first row and the first column are called in the lists of the others.
    width
        How many are wanted of each.
    """
    for i in range(products.shape[0]):
        for start in range(0, products.shape[1], _BITS):
            stop = min(start + _BITS, products.shape[1])
            bits = _above(products[i, start:stop], rows.floor[i], columns.floor[start:stop])
            while bits:
                j = start + _lowest(bits)
                bits &= bits - np.uint64(1)
                if products[i, j] > rows.floor[i]:
                    _add(rows, i, products[i, j], first_column + j, width)
                if products[i, j] > columns.floor[j]:
                    _add(columns, j, products[i, j], first_row + i, width)


@compiled
def best(lists: Lists, similarity: Any, rows: Any) -> None:
    """Write the best of each list, which holds as many at least, in any order."""
    for own in range(len(lists.held)):
        keys = lists.keys[own, : lists.held[own]]
        if len(keys) > rows.shape[1]:
            _keep_greatest(keys, rows.shape[1], rows.shape[1])
        for place in range(rows.shape[1]):
            similarity[own, place] = _value(keys[place])
            rows[own, place] = keys[place] & 0x7FFFFFFF


# -- distances: see `photoclust.people.graph.neighbours` ------------------------------------------------


@compiled
def _distance(x: Any, y: Any, terms: Any) -> Any:
    """Cosine distance of two unit vectors, float32; `terms` is room for as many float64.

    A product of two float32 is exact in float64, so that it is the same whether or not a processor multiplies
    and adds at once. The sum is taken pairwise (Higham, The accuracy of floating point summation, 1993), in
    one order: half of the terms is added to the other half, until eight are left.
    """
    n = len(x)
    for i in range(n):
        terms[i] = np.float64(x[i]) * np.float64(y[i])
    while n > 8:
        half = (n + 1) // 2
        for i in range(n - half):
            terms[i] += terms[half + i]
        n = half
    inner = 0.0
    for i in range(n):
        inner += terms[i]
    return np.float32(min(max(1.0 - inner, 0.0), 2.0))


@compiled
def distances(left: Any, right: Any, found: Any) -> None:
    """Cosine distance of corresponding unit rows, float32, written into `found`, shape (n,)."""
    terms = np.empty(left.shape[1])
    for i in range(len(found)):
        found[i] = _distance(left[i], right[i], terms)


@compiled
def rank(queries: Any, own: Any, base: Any, candidates: Any, indices: Any, nearest: Any) -> None:
    """Write for each query the nearest of its candidates, by distance and then by row, itself left out.

    Parameters
    ----------
    queries, base
        float32, shapes (q, d) and (b, d).
    own
        int64, shape (q,): row of each query in `base`, or what is no row.
    candidates
        int32, shape (q, width): rows of `base`.
    indices, nearest
        int32 and float32, shape (q, k): what is written.
    """
    keys, terms = np.empty(candidates.shape[1], np.int64), np.empty(base.shape[1])
    for i in range(len(queries)):
        for place in range(len(keys)):
            row = candidates[i, place]
            keys[place] = _key(inf if row == own[i] else _distance(queries[i], base[row], terms), row)
        keys.sort()
        for place in range(indices.shape[1]):
            indices[i, place] = keys[place] & 0x7FFFFFFF
            nearest[i, place] = _value(keys[place])
