"""Names in a CSV: ``path,name,x,y,w,h``, a row for each face.

``x`` and ``y`` are the left top corner, ``w`` and ``h`` the size, in fractions of the upright photo where
all four are at most 1, else in its pixels. Without them the name is of somebody in the photo. Encoding and
separator are recognised, paths are relative to the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from photoclust.interchange.claims import PIXELS, UPRIGHT, Claim, PhotoClaims, UnusableError
from photoclust.interchange.reading import number
from photoclust.storage.spreadsheets import column_name, decoded, rows_of, separator_of, unescaped

COLUMNS = ("path", "name", "x", "y", "w", "h")


def photos_in_csv(file: Path, content: bytes) -> list[PhotoClaims]:
    """What the rows of a CSV say; those without a path or a name are passed over.

    Raises
    ------
    UnusableError
        It is no text or no CSV, or has no columns ``path`` and ``name``.
    """
    try:
        text = decoded(content)[0].removeprefix("\ufeff")
        lines = list(rows_of(text, separator_of(text, COLUMNS)))
    except ValueError as error:
        raise UnusableError(str(error)) from error
    header = [column_name(cell) for cell in lines[0][1]] if lines else []
    if not {"path", "name"} <= {*header}:
        raise UnusableError(f"it has no columns {','.join(COLUMNS)}")
    found: dict[Path, list[Claim]] = {}
    for _, cells in lines[1:]:
        row = dict(zip(header, cells, strict=False))
        path, name = row.get("path", "").strip(), unescaped(row.get("name", "")).strip()
        if path and name:
            claim = _claim(name, [row.get(side, "") for side in "xywh"])
            found.setdefault(file.parent / path, []).append(claim)
    return [PhotoClaims(file, photo, claims) for photo, claims in found.items()]


def _claim(name: str, cells: Sequence[str]) -> Claim:
    x, y, w, h = (number(cell) for cell in cells)
    if not (w > 0 and h > 0 and x == x and y == y):  # nan is not itself
        return Claim(name)
    return Claim(name, (x, y, x + w, y + h), UPRIGHT if max(x, y, w, h) <= 1 else PIXELS)
