"""How many photos to hand to a process at once."""

from __future__ import annotations

import pyarrow as pa

BYTES_A_BATCH = 16 * 1024**2  # of files: four photos of 12 megapixels, so that a batch takes a few seconds
MOST = 64  # more would not embed faster, and what a batch holds is what the death of a process costs
BATCHES_A_PROCESS = 4  # at least, so that all of them end at about the same time


def photos_per_batch(refs: pa.Table, processes: int, threads: int = 1) -> int:
    """Choose how many of `refs` (REF_SCHEMA) go into a batch when `processes` of `threads` share them."""
    mean_bytes = max(1.0, float(refs["size"].to_numpy().mean()))
    fair = len(refs) // (processes * BATCHES_A_PROCESS)
    return int(max(1, min(MOST * min(threads, 4), BYTES_A_BATCH * threads / mean_bytes, fair)))
