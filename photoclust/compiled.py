"""How loops over single numbers are compiled.

They are compiled at first use, which takes seconds, and kept beside their file or in the user's cache folder,
whichever can be written; where neither can, every process compiles anew. They do not hold Python's lock. None
lets sums of floats be reordered (``fastmath``), so that the same numbers come from every machine; those that
may be `fused` differ in their last bits between processors with and without such instructions, as
convolutions of torch do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile a kernel when it is first called with arguments of some types."""
    return _compiled(kernel)


def fused(kernel: Kernel) -> Kernel:
    """Compile a kernel, too; a product and the sum it is added to may be rounded once, in one instruction.

    It becomes part of kernels that call it, without which loops in it may not be vectorised.
    """
    return _compiled(kernel, fastmath={"contract"}, inline="always")


def _compiled(kernel: Kernel, **options: Any) -> Kernel:
    compiler: Any = numba.njit
    try:
        return compiler(kernel, cache=True, nogil=True, **options)
    except RuntimeError:  # nowhere to keep it
        return compiler(kernel, nogil=True, **options)
