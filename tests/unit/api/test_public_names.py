"""`import photoclust` offers the public names, and costs nothing until one is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import photoclust
from photoclust.errors import PhotoclustError

HEAVY = ("click", "numpy", "pandas", "pyarrow", "ray", "scipy", "sklearn", "torch", "PIL", "numba")


def test_importing_it_imports_nothing_else() -> None:
    code = f"import sys, photoclust; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_looking_at_names_imports_nothing_else() -> None:
    code = f"import sys, photoclust; dir(photoclust); print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_grouping_vectors_needs_neither_torch_nor_ray_nor_the_command_line() -> None:
    code = "import sys, photoclust; photoclust.group_embeddings\n"
    code += "print([m for m in ('click', 'ray', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", photoclust.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    assert name in dir(photoclust)
    found = getattr(photoclust, name)
    assert name.startswith("_") or found.__doc__


def test_public_names_are_all_that_completion_offers() -> None:
    assert {name for name in dir(photoclust) if not name.startswith("__")} == set(photoclust.__all__) - {
        "__version__"
    }


def test_there_is_no_other_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'cluster_all'"):
        _ = photoclust.cluster_all


def test_every_error_is_one_of_photoclust() -> None:
    kinds = [kind for kind in vars(photoclust.errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, PhotoclustError) for kind in kinds)
    assert photoclust.PhotoclustError is PhotoclustError
