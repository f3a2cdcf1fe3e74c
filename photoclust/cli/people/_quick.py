"""What makes a correction among many faces quick: memory is used again."""

from __future__ import annotations

from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def reuse_memory() -> None:
    """Let the C library use memory that was freed again, where it would ask the system for new pages.

    Among many faces a correction is some hundred passes over arrays of megabytes, and to get the memory for
    one takes longer than the pass. A process that ends with the correction need give nothing back before.
    """
    import ctypes

    import pyarrow as pa

    with suppress(OSError, AttributeError):  # macOS and musl have no mallopt
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        pa.set_memory_pool(pa.system_memory_pool())
