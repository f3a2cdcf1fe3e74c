"""Compiled modules without their packages: cheap for us, unnoticed by anybody else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from photoclust.extensions import compiled_module


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("package", "name"), [("no_such_package", "_C"), ("hdbscan", "_no_such_module")])
def test_what_is_not_there_is_named(package: str, name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"{package}.{name}"):
        compiled_module(package, name)


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
print(*{"sympy", "torch._dynamo", "torchvision", "facenet_pytorch", "sklearn", "pandas"} & sys.modules.keys())
"""
    assert run(code).strip() == ""


OURS = "from photoclust.faces.suppression import nms; from photoclust.people.clustering import condensed"
THEIRS = "import torchvision, hdbscan, facenet_pytorch"


@pytest.mark.parametrize("order", [(OURS, THEIRS), (THEIRS, OURS)])
def test_packages_can_be_imported_whole_before_and_after(order: tuple[str, str]) -> None:
    code = f"""
{order[0]}
{order[1]}
import numpy as np, torch
low = torch.rand(300, 2, generator=torch.Generator().manual_seed(0)) * 100
boxes, scores = torch.cat([low, low + 20], 1), torch.rand(300, generator=torch.Generator().manual_seed(1))
assert torch.equal(nms(boxes, scores, 0.3), torchvision.ops.nms(boxes, scores, 0.3))
rows = np.random.default_rng(0).normal(size=(60, 3))
hdbscan.HDBSCAN(min_cluster_size=3).fit(rows)
tree = np.array([[0, 1, 0.1], [1, 2, 0.2], [2, 3, 9.0], [3, 4, 0.1]])
print(condensed.clusters_of_tree(tree, 2)[0].tolist())
"""
    assert run(code).strip() in ("[0, 0, 0, 1, 1]", "[1, 1, 1, 0, 0]")
