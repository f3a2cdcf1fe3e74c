"""Compiled modules of packages whose own start takes longer than what is wanted of them.

Measured warm, in processor time and memory (``/usr/bin/time -f '%U+%S s %M KB' python -c 'import ...'``):

- hdbscan brings scikit-learn with it: 3.6 s and 200 MB, where its module of trees takes 0.3 s and 31 MB;
- torchvision brings PyTorch's compiler and a computer algebra system with it: 3.0 s and 830 MB, of which
  torch itself takes 1.4 s and 660 MB.

Every process of a job would pay this, so that it decides how soon the first photo is done.
"""

from __future__ import annotations

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
