"""Faces of an index grouped into people anew, by what is stored, set and decided by now.

What decisions do not change is kept from one grouping to the next
(`photoclust.workflows.snapshot.preparing`), so that a correction costs what decisions cost, and ends as
grouping from nothing would.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import asdict, dataclass
from functools import partial

from photoclust.config import ClusterConfig
from photoclust.index.searching import DividedSearch
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.calibration.evidence import calibration_of
from photoclust.people.clustering.division import StartWorkers, cluster
from photoclust.people.clustering.verify import candidates
from photoclust.people.decisions.file import Decisions
from photoclust.people.graph.approximate import ApproximateSearch
from photoclust.people.graph.neighbours import Nearest, nearest
from photoclust.people.identity.continuity import keep_ids
from photoclust.records import printable
from photoclust.timing import Stopwatch
from photoclust.workflows.context import COMPARE, Context
from photoclust.workflows.review_page import refresh_page
from photoclust.workflows.run_stats import GroupReport
from photoclust.workflows.snapshot.grouping import (
    decisions_of,
    exclusions_of,
    fingerprint,
    names_of_faces,
    new_clustering,
    resolved_among,
    with_facts,
    with_likeliest,
)
from photoclust.workflows.snapshot.history import (
    add_clustering,
    carried,
    computed_before,
    keep_identities,
    lost_people,
    past_of,
    require_no_loss,
    require_steady,
)
from photoclust.workflows.snapshot.lost_decisions import count_of, require_decisions
from photoclust.workflows.snapshot.preparing import FacesInForce, faces_in_force, prepared_faces


def group(
    store: IndexStore, config: ClusterConfig, context: Context, max_named_churn: float = 1.0
) -> GroupReport:
    """Group all faces of an index into people, put the result in force and write the review page.

    Parameters
    ----------
    store
        The index; nobody may hold its lock.
    config, max_named_churn
        See `group_faces`.
    context
        Where the work runs and who is told of it.

    Raises
    ------
    IndexLockedError
        Another process is writing to the index.
    ChurnError, DecisionsLostError, VectorError
        See `group_faces`.
    """
    with store.lock():
        context.log("Grouping faces.")
        search = _search(store, config, context)
        report = group_faces(store, config, max_named_churn, search, context.start_workers)
        if report.neighbour_recall is not None:
            context.log(f"Neighbours are approximate: {report.neighbour_recall:.1%} of them found.")
        refresh_page(store)
    return report


def _search(store: IndexStore, config: ClusterConfig, context: Context) -> Nearest:
    """What compares faces: in one go, in blocks that are kept, or approximately."""
    progress = partial(context.progress, COMPARE)
    exact = nearest
    if context.start_search is not None:
        exact = DividedSearch(context.start_search, progress, context.divide_search_from, store.folder)
    begin = config.approximate_from
    return exact if begin is None else ApproximateSearch(exact, begin, progress)


def put_in_force(store: IndexStore, run: str) -> str:
    """Put an earlier or refused grouping in force and write the review page; gives its id.

    Parameters
    ----------
    store
        The index; nobody may hold its lock.
    run
        An id or its beginning, ``current`` or ``previous``.

    Raises
    ------
    UsageError
        No grouping, or more than one, is meant.
    """
    with store.lock():
        run_id = store.clusterings.find(run)
        store.clusterings.read(run_id)
        store.clusterings.put_in_force(run_id)
        refresh_page(store)
    return run_id


@dataclass(frozen=True)
class Spread:
    """Where the work of grouping runs: what compares faces, and what clusters components apart."""

    search: Nearest
    start_workers: StartWorkers | None


def group_faces(
    store: IndexStore,
    config: ClusterConfig,
    max_named_churn: float = 1.0,
    search: Nearest = nearest,
    start_workers: StartWorkers | None = None,
) -> GroupReport:
    """Group all faces of the index into people and put the result in force.

    Does nothing when neither faces, settings nor decisions have changed since the clustering in force.

    Parameters
    ----------
    store
        The index; the caller holds its lock.
    config
        How to group.
    max_named_churn
        Share of the faces of people with a name that may leave their person, in [0, 1].
    search
        What compares faces: a `photoclust.index.searching.DividedSearch` where they may be many, within a
        `photoclust.people.graph.approximate.ApproximateSearch` where `config` allows one.
    start_workers
        Starts what clusters components apart where there are many faces; by default this process does.

    Raises
    ------
    ChurnError
        More would; the new clustering is stored and not in force.
    DecisionsLostError
        Most decisions are no longer there; the new clustering is stored and not in force.
    VectorError
        When a stored embedding is no unit vector, with its face_id.
    """
    began = time.monotonic()
    calibration = calibration_of(store.settings.embed.model)
    faces = faces_in_force(store, config, calibration)
    decisions = decisions_of(store)
    mark = fingerprint(faces.table, config, decisions, calibration)
    current = store.current_clustering()
    if current is not None and current.run["fingerprint"] == mark:
        return GroupReport.of(current, time.monotonic() - began, unchanged=True)
    current = carried(current, store.followed()) if current else None
    clustering = computed_before(store, mark, current)
    if clustering is None:
        clustering = _grouped(store, faces, config, decisions, current, Spread(search, start_workers))
        clustering.run.update(fingerprint=mark, config=asdict(config), seconds=time.monotonic() - began)
        clustering.run.update(decisions=count_of(decisions))
        add_clustering(store, clustering, current)
    if current is not None:
        require_decisions(store, current, decisions, clustering.run_id)
        require_steady(current, clustering, decisions, max_named_churn, store.folder)
        lost = lost_people(current, clustering, decisions)
        gone = store.missing_faces() if lost else frozenset[str]()
        require_no_loss(
            {whom: own for whom, own in lost.items() if not gone.issuperset(own)}, clustering, store.folder
        )
        for whom in lost:
            logging.getLogger("photoclust").warning(
                "Gone with the photos that are missing: %s.", printable(whom)
            )
    store.clusterings.put_in_force(clustering.run_id)
    return GroupReport.of(clustering, time.monotonic() - began, unchanged=False)


def _grouped(
    store: IndexStore,
    faces: FacesInForce,
    config: ClusterConfig,
    decisions: Decisions,
    current: Clustering | None,
    spread: Spread,
) -> Clustering:
    """Derive people from all faces of the index."""
    calibration, watch = calibration_of(store.settings.embed.model), Stopwatch()
    prepared, found = prepared_faces(store, faces, config, calibration, spread.search)
    watch.lap("neighbours")
    resolution = resolved_among(decisions, faces.table, prepared.near_duplicates)
    labels, groups = cluster(
        candidates(prepared, config, calibration, resolution.constraints), spread.start_workers
    )
    watch.lap("cluster")
    face_ids = faces.table["face_id"].to_pylist()
    past = past_of(store, current)
    kept = keep_ids(groups.group, face_ids, past, names_of_faces(resolution, face_ids))
    keep_identities(store, kept, past.next_number)
    clustering = new_clustering(faces.table, labels, groups, kept, resolution, prepared.near_duplicates)
    score_normalised = prepared.score_normalised, calibration.scorer()
    exclusions = exclusions_of(prepared.photos, resolution)
    clustering = with_facts(clustering, prepared.embeddings, exclusions, score_normalised)
    clustering = with_likeliest(clustering, prepared.graph, exclusions, score_normalised)
    clustering.run.update(
        stage_seconds=watch.seconds, neighbour_recall=found, job=os.environ.get("PHOTOCLUST_JOB_ID")
    )
    return clustering
