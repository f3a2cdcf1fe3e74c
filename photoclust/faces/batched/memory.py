"""How many photos go through a detector at once, by what memory there is."""

from __future__ import annotations

import torch

BYTES_A_PIXEL = 48  # of a photo: its table, and what it is made of
AROUND = 4 << 30  # bytes for the largest sheet on its way through P-Net, and for comparing boxes
FEWEST, LARGEST = 1 << 24, 1 << 28  # pixels of photos: also where nothing is known of memory; and at most


def pixels_that_fit(device: torch.device) -> int:
    """Pixels of photos that half of the free memory of a device has room for."""
    if device.type != "cuda":
        return FEWEST
    free, _ = torch.cuda.mem_get_info(device)
    return max(FEWEST, min(LARGEST, (free // 2 - AROUND) // BYTES_A_PIXEL))
