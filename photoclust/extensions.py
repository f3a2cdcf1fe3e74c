"""Modules of other packages that are left out, in whole or in part, for the time that their import takes.

Measured warm, in processor time and memory (``/usr/bin/time -f '%U+%S s %M KB' python -c 'import ...'``):

- hdbscan brings scikit-learn with it: 3.6 s and 200 MB, where its module of trees takes 0.3 s and 31 MB;
- torchvision brings PyTorch's compiler and a computer algebra system with it: 3.0 s and 830 MB, of which
  torch itself takes 1.4 s and 660 MB;
- pandas, which nothing here needs, but pyarrow imports where it is installed: 0.6 s and 40 MB.

Every process of a job would pay this, so that it decides how soon the first photo is done.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec


def compiled_module(package: str, name: str) -> ModuleSpec:
    """Find a compiled module of a package without importing the package.

    Raises
    ------
    ModuleNotFoundError
        When one of the two is not installed.
    """
    whole = find_spec(package)
    spec = whole and PathFinder.find_spec(name, whole.submodule_search_locations)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named '{package}.{name}'", name=f"{package}.{name}")
    return spec


class _NoPandas:
    """Finder of modules by which pandas counts as not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse that name; see `importlib.abc.MetaPathFinder.find_spec`."""
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)


def keep_pandas_out() -> None:
    """Let pyarrow find out, once for this process, that there is no pandas, which it would else import.

    pyarrow asks whether a list is a pandas series before it takes it. It asks again where somebody converts
    something to pandas; but until then it takes a series for any other sequence. Therefore this is for
    processes of photoclust's own, and not for those of a program that uses it, which may have pandas.
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
