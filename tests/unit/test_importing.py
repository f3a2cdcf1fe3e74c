"""Modules of a package without its ``__init__``: cheap for us, unnoticed by anybody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from photoclust.importing import without_init


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of two levels whose start is noted, and a module in it that is all that is wanted."""
    inner = tmp_path / "costly_package" / "inner"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").write_text("from .inner import wanted\nSTARTED = True\n")
    (inner / "__init__.py").write_text("STARTED = True\n")
    (inner / "wanted.py").write_text("from . import beside\nVALUE = beside.VALUE\n")
    (inner / "beside.py").write_text("VALUE = 7\n")
    (inner.parent / "bare").mkdir()
    (inner.parent / "bare" / "one.py").write_text("")
    (inner.parent / "bare" / "other.py").write_text("VALUE = 8\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "costly_package"
    for name in [name for name in sys.modules if name.startswith("costly_package")]:
        del sys.modules[name]


def test_only_what_is_wanted_is_run(package: str) -> None:
    with without_init(package, f"{package}.inner"):
        assert import_module(f"{package}.inner.wanted").VALUE == 7
        assert not hasattr(sys.modules[package], "STARTED")
    assert package not in sys.modules
    assert f"{package}.inner" not in sys.modules


def test_who_imports_it_later_gets_it_whole_with_the_same_module(package: str) -> None:
    with without_init(package, f"{package}.inner"):
        wanted = import_module(f"{package}.inner.wanted")
    whole = import_module(package)
    assert whole.STARTED
    assert whole.inner.STARTED
    assert whole.wanted is wanted


def test_another_module_beside_the_wanted_one_can_be_imported_later(package: str) -> None:
    with without_init(package):
        import_module(f"{package}.bare.one")  # in a package that has no __init__ at all
    assert import_module(f"{package}.bare.other").VALUE == 8
    assert sys.modules[package].STARTED


def test_a_package_that_is_imported_already_stays(package: str) -> None:
    whole = import_module(package)
    with without_init(package):
        assert sys.modules[package] is whole
    assert sys.modules[package] is whole


def test_a_package_that_is_not_there_is_named(package: str) -> None:
    with (
        pytest.raises(ModuleNotFoundError, match="no_such_package"),
        without_init(package, "no_such_package"),
    ):
        pass
    assert package not in sys.modules


def test_finding_embedding_and_grouping_start_without_what_they_do_not_need() -> None:
    """A compiler and a computer algebra system, other people's models, scikit-learn and pandas."""
    code = """
import sys
import numpy as np
from photoclust.config import IndexSettings
from photoclust.people.clustering.condensed import clusters_of_tree
from photoclust.stages import EmbedFaces, FindFaces

blank = np.zeros((160, 160, 3), np.uint8)
FindFaces(IndexSettings()).detector.detect(blank)
EmbedFaces(IndexSettings()).embedder.embed(blank[None])
clusters_of_tree(np.array([[0, 1, 0.5], [1, 2, 0.5]]), 2)
print(*{"sympy", "torch._dynamo", "torchvision.models", "sklearn", "pandas"} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
