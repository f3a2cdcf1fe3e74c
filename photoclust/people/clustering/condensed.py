"""From a spanning tree to clusters: HDBSCAN's condensed tree, and the nodes of most excess of mass.

The steps are fast-hdbscan's own compiled functions, in its order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from photoclust.importing import without_init

with without_init("fast_hdbscan"):
    from fast_hdbscan.cluster_trees import (
        cluster_tree_from_condensed_tree,
        condense_tree,
        extract_eom_clusters,
        get_cluster_label_vector,
        mst_to_linkage_tree,
    )

CONDENSED = [("parent", np.intp), ("child", np.intp), ("lambda_val", np.float64), ("child_size", np.float32)]


@without_init("fast_hdbscan")  # numba asks for the package again when it loads what it has compiled before
def clusters_of_tree(
    tree: npt.NDArray[Any], min_cluster_size: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """Cut a spanning tree of n points into clusters.

    Parameters
    ----------
    tree
        float64, shape (n - 1, 3): two points and the distance between them, in any order.
    min_cluster_size
        What is smaller is noise.

    Returns
    -------
    labels
        Shape (n,): cluster of each point, −1 for noise.
    condensed
        Structured as `CONDENSED`, one row for each edge of the condensed tree.
    """
    in_order = tree[np.lexsort((tree[:, 1], tree[:, 0], tree[:, 2]))]
    condensed = condense_tree(
        mst_to_linkage_tree(in_order), min_cluster_size=min_cluster_size, sample_weights=None
    )
    above = cluster_tree_from_condensed_tree(condensed)
    chosen = extract_eom_clusters(condensed, above, max_cluster_size=np.inf, allow_single_cluster=False)
    labels = get_cluster_label_vector(condensed, chosen, 0.0, n_samples=len(tree) + 1)
    rows = np.empty(len(condensed.parent), CONDENSED)
    for name, _ in CONDENSED:
        rows[name] = getattr(condensed, name)
    return labels, rows
