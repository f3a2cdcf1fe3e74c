"""The main job: photos in, people and their review page out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photoclust.config import ClusterConfig
from photoclust.index.place import Location
from photoclust.index.store import IndexStore
from photoclust.workflows.cluster import group
from photoclust.workflows.context import Context
from photoclust.workflows.index import index
from photoclust.workflows.opening import PhotoOptions
from photoclust.workflows.run_stats import GroupReport, IndexReport


@dataclass(frozen=True)
class RunReport:
    """What a run did: to photos and faces, and to people."""

    indexed: IndexReport
    grouped: GroupReport


def run(
    photos: Sequence[str],
    folder: Location,
    options: PhotoOptions,
    config: ClusterConfig,
    context: Context,
    max_named_churn: float = 1.0,
) -> RunReport:
    """Bring an index up to date with photos, group all its faces and write the review page.

    Parameters
    ----------
    photos, folder, options
        See `photoclust.workflows.index.index`.
    config, max_named_churn
        See `photoclust.workflows.cluster.group`.
    context
        Where the work runs and who is told of it.

    Raises
    ------
    PhotoclustError
        What either half raises.
    """
    indexed = index(photos, folder, options, context)
    return RunReport(indexed, group(IndexStore.open(folder), config, context, max_named_churn))
