"""What makes a short command quick: modules it does not need stay out, memory is used again."""

from __future__ import annotations

import sys
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h


class _NoPandas:
    """Finder of modules by which pandas counts as not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse that name; see `importlib.abc.MetaPathFinder.find_spec`."""
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)


def keep_pandas_out() -> None:
    """Let pyarrow find out, once for this process, that there is no pandas, which it would else import.

    pyarrow asks whether a list is a pandas series before it takes it. To answer that costs 0.5 s, and 1.4 s
    where modules were not compiled when they were installed. Others may import pandas as before.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow

        pyarrow.array([])
    finally:
        sys.meta_path.remove(finder)


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
