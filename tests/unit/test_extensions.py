"""Compiled modules without their packages: cheap for us, unnoticed by anybody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from made_up import build_index

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


def test_pyarrow_does_without_pandas_and_knows_it_again_once_it_is_wanted() -> None:
    code = """
import sys
from photoclust.extensions import keep_pandas_out
keep_pandas_out()
import pyarrow as pa
pa.Table.from_pylist([{"a": 1.5}])
print("pandas" in sys.modules)
import pandas as pd
series = pa.table({"a": [1.5]}).to_pandas()["a"]
series[0] = float("nan")
print(pa.array(series).null_count)
"""
    assert run(code).split() == ["False", "1"]


def test_pages_are_served_without_torch_pandas_and_ray(tmp_path: Path) -> None:
    index = build_index(tmp_path, {"ada": 5, "bea": 4}, photos=tmp_path / "photos").folder
    code = f"""
import sys
from starlette.testclient import TestClient
from photoclust.extensions import keep_pandas_out
keep_pandas_out()
from photoclust.index.store import IndexStore
from photoclust.review.application import application
from photoclust.review.guard import Access
from photoclust.review.service import Service

access = Access(8017, ("127.0.0.1",))
app = application(Service(IndexStore.open({str(index)!r})), access)
with TestClient(app, base_url="http://127.0.0.1:8017") as client:
    client.get(access.link())
    person = client.get("/api/v1/people").json()["people"][0]
    own = f"people/{{person['id']}}"
    paths = [own, f"{{own}}/faces?order=likeness", f"faces/{{person['cover']}}/thumbnail"]
    for path in (*paths, "photos", "left-over", "numbers", "map", "decisions", "state"):
        assert client.get("/api/v1/" + path).status_code == 200, path
print(*{{"torch", "pandas", "ray", "sklearn", "scipy", "numba", "matplotlib"}} & sys.modules.keys())
"""
    assert run(code).strip() == ""
