"""P-Net's windows: at which scales they lie, which of them are looked at together, which boxes they are."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from photoclust.faces.suppression import nms

WINDOW = 12  # P-Net looks at 12 x 12 pixels ...
STRIDE = 2  # ... every 2 pixels
FIRST_CELL = 20  # the pyramid of facenet-pytorch starts with faces of 20 pixels
TILE = 32  # windows each way that P-Net looks at once where it looks closer
MOST = 40_000  # proposals that go on, of one scale and in all: bounds the time a photo full of faces can take


def scales(height: int, width: int, min_face_size: int, factor: float) -> list[float]:
    """Scales at which P-Net looks at a photo.

    They lie on the grid of facenet-pytorch's ``MTCNN``, which starts at 12 / 20 and goes on by ``factor``
    until the shorter side falls below 12 pixels. The first is the coarsest that shows P-Net a face of
    ``min_face_size`` in full.

    Parameters
    ----------
    height, width
        Of the photo in pixels.
    min_face_size
        Smallest face looked for, in pixels of the photo.
    factor
        Ratio of neighbouring scales, in (0, 1).

    Returns
    -------
    list of float
        Largest first; empty where the photo is smaller than the smallest face.
    """
    scale = WINDOW / FIRST_CELL
    while scale * factor >= WINDOW / min_face_size:
        scale *= factor
    while scale < WINDOW / min_face_size:
        scale /= factor
    found: list[float] = []
    while min(height, width) * scale >= WINDOW:
        found.append(scale)
        scale *= factor
    return found


def tiles(boxes: Tensor, rows: int, columns: int) -> list[tuple[int, int]]:
    """Top and left of the tiles of P-Net windows that some boxes touch, all inside a copy of a photo."""
    step = TILE * STRIDE
    touched: set[tuple[int, int]] = set()
    for x0, y0, x1, y1 in boxes.clamp(min=0).div(step).long().tolist():
        touched.update(product(range(y0, y1 + 1), range(x0, x1 + 1)))
    limit = [max(0, length - step - WINDOW + STRIDE) // STRIDE * STRIDE for length in (rows, columns)]
    return sorted({(min(y * step, limit[0]), min(x * step, limit[1])) for y, x in touched})


def cells_of(top: Tensor, left: Tensor, scale: Tensor | float, score: Tensor, shift: Tensor) -> Tensor:
    """P-Net's windows in pixels of the photo: x0, y0, x1, y1, score and four shifts; shape (n, 9)."""
    low = torch.stack([left, top])
    boxes = torch.cat([((low + 1) / scale).floor(), ((low + WINDOW) / scale).floor()]).T
    return torch.cat([boxes, score[:, None], shift], 1)


def thinned(cells: Tensor, limit: float, group: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The best cells, none overlapping a better one of its group by more than the limit; and their groups."""
    group = torch.zeros(len(cells)) if group is None else group
    if len(cells) > MOST:
        best = cells[:, 4].topk(MOST).indices
        cells, group = cells[best], group[best]
    apart = group * (cells[:, 2:4].max() + 1 if len(cells) else 0)
    kept = nms(cells[:, :4] + apart[:, None], cells[:, 4], limit)
    return cells[kept], group[kept]
