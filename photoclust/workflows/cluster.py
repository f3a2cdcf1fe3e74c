"""Faces of an index grouped into people anew, by what is stored, set and decided by now."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, replace
from functools import partial

from photoclust.config import ClusterConfig
from photoclust.index.searching import DividedSearch
from photoclust.index.store import MOMENT, Clustering, IndexStore
from photoclust.people.calibration.evidence import is_calibrated
from photoclust.people.calibration.files import calibration_name
from photoclust.people.clustering.division import StartWorkers, cluster_faces
from photoclust.people.graph.approximate import ApproximateSearch
from photoclust.people.graph.neighbours import Nearest, nearest
from photoclust.people.identity.continuity import keep_ids
from photoclust.records import printable
from photoclust.timing import Stopwatch
from photoclust.workflows.context import COMPARE, Context
from photoclust.workflows.review_page import refresh_page
from photoclust.workflows.run_stats import GroupReport
from photoclust.workflows.snapshot import Snapshot
from photoclust.workflows.snapshot.drawing import draw_faces
from photoclust.workflows.snapshot.facts import with_facts
from photoclust.workflows.snapshot.grouping import new_clustering
from photoclust.workflows.snapshot.history import (
    add_clustering,
    computed_before,
    keep_identities,
    lost_people,
    require_no_loss,
    require_steady,
)
from photoclust.workflows.snapshot.lost_decisions import count_of, require_decisions
from photoclust.workflows.snapshot.second_model import accept, belongs_to_migration
from photoclust.workflows.snapshot.taken_over import groups_of, key_of_groups, with_known

_LOG = logging.getLogger("photoclust")


def group(
    store: IndexStore,
    config: ClusterConfig,
    context: Context,
    max_named_churn: float = 1.0,
    patience: float = MOMENT,
) -> GroupReport:
    """Group all faces of an index into people, put the result in force and write the review page.

    Faces that were drawn by hand since are read from their photos first.

    Parameters
    ----------
    store
        The index; nobody may hold its lock.
    config, max_named_churn
        See `group_faces`.
    context
        Where the work runs and who is told of it.
    patience
        Seconds to wait for another writer.

    Raises
    ------
    IndexLockedError
        Another process is writing to the index.
    ChurnError, DecisionsLostError, VectorError
        See `group_faces`.
    """
    with store.lock(patience):
        not_drawn = draw_faces(store, context.progress)
        context.log("Grouping faces.")
        _warn_if_not_calibrated(store)
        search = _search(store, config, context)
        report = group_faces(store, config, max_named_churn, search, context.start_workers, context.job)
        if report.neighbour_recall is not None:
            context.log(f"Neighbours are approximate: {report.neighbour_recall:.1%} of them found.")
        refresh_page(store)
    return replace(report, problems=(*not_drawn, *report.problems))


def _warn_if_not_calibrated(store: IndexStore) -> None:
    model = store.settings.embed.model
    if not is_calibrated(model):
        _LOG.warning(
            "%s was not calibrated: what was measured of casia-webface stands in, and confidence is no "
            "probability. `photoclust calibrate --index %s` calibrates it.",
            model,
            printable(store.called),
        )


def _search(store: IndexStore, config: ClusterConfig, context: Context) -> Nearest:
    """What compares faces: in one go, in blocks that are kept, or approximately."""
    progress = partial(context.progress, COMPARE)
    exact = nearest
    if context.start_search is not None:
        exact = DividedSearch(
            context.start_search, progress, context.divide_search_from, store.search_blocks, store.scratch
        )
    begin = config.approximate_from
    return exact if begin is None else ApproximateSearch(exact, begin, progress, store.scratch)


def put_in_force(store: IndexStore, run: str) -> str:
    """Put an earlier or refused grouping in force and write the review page; gives its id.

    Where it is of the model that the index is being migrated to, that model takes the place of the present
    one.

    Parameters
    ----------
    store
        The index; nobody may hold its lock.
    run
        An id or its beginning, ``current`` or ``previous``.

    Raises
    ------
    IndexMissingError
        There is no such grouping.
    UsageError
        More than one is meant.
    """
    with store.lock():
        run_id = store.clusterings.find(run)
        store.clusterings.read(run_id)
        if belongs_to_migration(store, run_id):
            accept(store, run_id)
            return run_id
        store.clusterings.put_in_force(run_id)
        refresh_page(store)
    return run_id


def group_faces(
    store: IndexStore,
    config: ClusterConfig,
    max_named_churn: float = 1.0,
    search: Nearest = nearest,
    start_workers: StartWorkers | None = None,
    job: str | None = None,
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
    job
        Id of the job that this is, for ``run.json``; see `Context`.

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
    faces = Snapshot.load(store, config, writes=True, search=search)
    if faces.in_force is not None and faces.in_force.run["fingerprint"] == faces.fingerprint:
        return GroupReport.of(faces.in_force, time.monotonic() - began, unchanged=True)
    clustering = computed_before(store, faces.fingerprint, faces.before)
    if clustering is None:
        clustering = _grouped(faces, start_workers)
        clustering.run.update(job=job, seconds=time.monotonic() - began)
        add_clustering(store, clustering, faces.before)
    if faces.before is not None:
        _require_continuity(faces.before, clustering, faces, max_named_churn)
    store.clusterings.put_in_force(clustering.run_id)
    return GroupReport.of(clustering, time.monotonic() - began, unchanged=False)


def _grouped(faces: Snapshot, start_workers: StartWorkers | None) -> Clustering:
    """Derive people from all faces of the index."""
    watch = Stopwatch()
    faces.prepare()
    watch.lap("neighbours")
    key, current = key_of_groups(faces), faces.in_force
    same = current if current is faces.before and current and current.run.get("groups_key") == key else None
    labels, groups = groups_of(same) if same else cluster_faces(faces.candidates, start_workers)
    watch.lap("cluster")
    people = keep_ids(groups.group, faces.face_ids, faces.past, faces.names)
    keep_identities(faces.store, people, faces.past.next_number)
    clustering = new_clustering(faces.table, labels, groups, people, faces.resolution, faces.near_duplicates)
    known = with_known(clustering, same) if same else None
    clustering = known or with_facts(clustering, faces)
    clustering.run.update(
        stage_seconds=watch.seconds,
        neighbour_recall=faces.neighbour_recall,
        job=None,
        fingerprint=faces.fingerprint,
        calibration=calibration_name(faces.store.settings.embed.model),
        groups_key=key,
        config=asdict(faces.config),
        seconds=0.0,
        decisions=count_of(faces.decisions),
    )
    return clustering


def _require_continuity(
    before: Clustering, after: Clustering, faces: Snapshot, max_named_churn: float
) -> None:
    """Make sure that no decision is lost, and nobody with a name but those whose faces the user took away."""
    store, decisions = faces.store, faces.decisions
    require_decisions(store, before, decisions, after.run_id)
    require_steady(before, after, decisions, max_named_churn, store.folder)
    lost = lost_people(before, after, decisions)
    if lost:
        lost = _without(
            lost, set(store.faces([], left_out=True)["face_id"].to_pylist()) - set(faces.face_ids)
        )
    gone = store.missing_faces() if lost else frozenset[str]()
    require_no_loss(
        {whom: own for whom, own in lost.items() if not gone.issuperset(own)}, after, store.folder
    )
    for whom in lost:
        _LOG.warning("Gone with the photos that are missing: %s.", printable(whom))


def _without(lost: dict[str, tuple[str, ...]], left_out: set[str]) -> dict[str, tuple[str, ...]]:
    """Who was lost, and not because the user said that their faces are none."""
    own = {whom: tuple(face for face in faces if face not in left_out) for whom, faces in lost.items()}
    return {whom: faces for whom, faces in own.items() if faces}
