"""From a spanning tree to clusters: HDBSCAN's condensed tree, and the nodes of most excess of mass.

The steps are hdbscan's own compiled functions, in its order. They are used without the rest of the package,
whose import takes seconds (`photoclust.extensions`).
"""

from __future__ import annotations

from importlib.util import module_from_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.extensions import compiled_module
from photoclust.people.graph.forest import single_linkage

CONDENSED = [("parent", np.intp), ("child", np.intp), ("lambda_val", np.float64), ("child_size", np.intp)]


def _hdbscan_tree() -> Any:
    spec = compiled_module("hdbscan", "_hdbscan_tree")
    module = module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


_TREE = _hdbscan_tree()


def clusters_of_tree(
    tree: npt.NDArray[Any], min_cluster_size: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """Cut a spanning tree of n points into clusters.

    Parameters
    ----------
    tree
        float64, shape (n - 1, 3): two points and the distance between them, in any order. What is joined
        at an infinite distance alone is noise.
    min_cluster_size
        What is smaller is noise.

    Returns
    -------
    labels
        Shape (n,): cluster of each point, −1 for noise.
    condensed
        Structured as `CONDENSED`, one row for each edge of the condensed tree.
    """
    linkage = single_linkage(tree[np.lexsort((tree[:, 1], tree[:, 0], tree[:, 2]))])
    linkage[:, 2] = _equal_in_float32(linkage[:, 2])
    condensed = _TREE.condense_tree(linkage, min_cluster_size)
    with np.errstate(divide="ignore"):
        labels, _, _ = _TREE.get_clusters(condensed, _TREE.compute_stability(condensed))
    points, density = condensed["child"], condensed["lambda_val"]
    labels[points[(density == 0) & (points < len(labels))]] = -1
    return labels, condensed


def _equal_in_float32(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Distances whose reciprocals are those of float32, so that what differs by rounding is one density.

    Distances of bridges between parts are told apart to order them, and only for that.
    """
    with np.errstate(divide="ignore", over="ignore"):  # identical faces are infinitely dense
        return 1 / (1 / distances).astype(np.float32).astype(np.float64)
