"""Single modules of packages whose own start would take longer than what they are wanted for.

What ``import PACKAGE`` runs may be far more than one of its modules needs. Measured warm, in processor time
and memory (``/usr/bin/time -f '%U+%S s %M KB' python -c 'import ...'``):

- facenet_pytorch and torchvision bring PyTorch's compiler and a computer algebra system with them: 3.0 s and
  830 MB, of which torch itself takes 1.4 s and 660 MB;
- fast_hdbscan brings scikit-learn and pandas, and compiles a search that is not used here: 1.9 s and 320 MB
  instead of 0.4 s and 100 MB; on a machine that has never done so 27 s.

Every process of a job pays this, so that it decides how soon the first photo is done.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from threading import RLock
from types import ModuleType

_ONE_AT_A_TIME = RLock()


@contextmanager
def without_init(*packages: str) -> Generator[None]:
    """Import modules of `packages` in this block without running the packages' own ``__init__``.

    Decorates functions, too, that import when they are called.

    Packages that are imported already stay as they are. The others, and packages within them, count as not
    imported afterwards: who imports one then gets it whole, with the modules imported here.

    Parameters
    ----------
    packages
        A package before its subpackages.
    """
    with _ONE_AT_A_TIME:
        before = set(sys.modules)
        try:
            for package in packages:
                if package not in before:
                    sys.modules[package] = _bare(package)
            yield
        finally:
            for name in _new_packages(before, packages):
                del sys.modules[name]


class _NotThere:
    """Finds nothing under one name, so that it counts as not installed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse that name; see `importlib.abc.MetaPathFinder.find_spec`."""
        if name == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def keep_pandas_out() -> None:
    """Let pyarrow find out, once for this process, that there is no pandas, which it would else import.

    pyarrow asks whether a list is a pandas series before it takes it. To answer that costs 0.5 s, and 1.4 s
    where modules were not compiled when they were installed. Others may import pandas as before.
    """
    if "pandas" in sys.modules:
        return
    finder = _NotThere("pandas")
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow

        pyarrow.array([])
    finally:
        sys.meta_path.remove(finder)


def _new_packages(before: set[str], packages: tuple[str, ...]) -> list[str]:
    """Which of `packages`, and of packages within them, were imported since `before`."""
    within = tuple(f"{package}." for package in packages)
    new = {name: module for name, module in sys.modules.items() if name not in before}
    return [
        name for name, module in new.items() if hasattr(module, "__path__") and f"{name}.".startswith(within)
    ]


def _bare(package: str) -> ModuleType:
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No package named {package!r}", name=package)
    module = ModuleType(package)
    module.__path__ = spec.submodule_search_locations
    return module
