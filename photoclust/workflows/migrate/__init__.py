"""An index embedded anew by another model, whose people stay who they are."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.config import IndexSettings
from photoclust.errors import ChurnError, UsageError
from photoclust.index import files, migration
from photoclust.index.store import Clustering, IndexStore
from photoclust.models.cards import HEAD
from photoclust.models.weights import card_of, weights_path, weights_sha256
from photoclust.photo_refs import PhotoRef
from photoclust.records import OK, PHOTO_SCHEMA, failed_row
from photoclust.workflows.cluster import group_faces
from photoclust.workflows.context import INDEX, Context
from photoclust.workflows.migrate.embedding import (
    Embedded,
    EmbedPhotos,
    embedding,
    with_embeddings,
)
from photoclust.workflows.opening import fastest, with_model
from photoclust.workflows.snapshot.drawing import draw_faces
from photoclust.workflows.snapshot.history import config_of, difference
from photoclust.workflows.snapshot.known_photos import known_photos
from photoclust.workflows.snapshot.second_model import accept, state_of, under_way

_PHOTOS_A_PART = 256  # what a kill costs at most


@dataclass(frozen=True)
class MigrationReport:
    """What a migration came to.

    Attributes
    ----------
    model_before, model
        The model of the index, and the new one.
    photos, faces
        How many were embedded by now, those of an earlier call among them.
    unreadable
        Photos that could not be read any more; their faces are left out.
    run_id
        The grouping of the new embeddings; None where the index was never grouped.
    named_faces, named_moved
        Faces of people with a name, and how many of them left their person.
    accepted
        Whether the new model is in force.
    """

    model_before: str
    model: str
    photos: int
    faces: int
    unreadable: int
    run_id: str | None
    named_faces: int
    named_moved: int
    accepted: bool


def migrate(
    store: IndexStore,
    model: str | None,
    context: Context,
    margin: int | None = None,
    max_named_churn: float | None = None,
) -> MigrationReport:
    """Embed all faces of an index by another model and group them; names, decisions and ids stay.

    The embeddings of both models lie in the index until the new grouping is accepted. What was embedded by an
    earlier call that was stopped is not embedded again.

    Parameters
    ----------
    store
        The index; nobody may hold its lock.
    model
        Name of the new model; with a `margin`, None is the present one.
    context
        Who is told how far it is.
    margin
        Pixels of the crop outside of the box; see `photoclust.config.CropConfig`.
    max_named_churn
        Share, in [0, 1], of the faces of people with a name that may leave their person: if no more do, the
        new grouping is accepted at once. None leaves that to `photoclust.workflows.cluster.put_in_force`.

    Raises
    ------
    UsageError
        Neither model nor margin is given, the index has these settings already, another migration is under
        way, or it is in an object store.
    WeightsError
        The model is not known, or not here.
    ChurnError
        More faces would leave their person; the new grouping is stored and not in force.
    IndexLockedError
        Another process is writing to the index.
    """
    if store.place.original is not None:
        raise UsageError(
            f"{store.called} is in an object store; copy it to a folder, migrate that, and copy it back."
        )
    if model is None and margin is None:
        raise UsageError("Nothing says what to migrate to.", python="Give model.", cli="Give --model NAME.")
    settings = _target(store, model or store.settings.embed.model, margin)
    weights_path(settings.embed.model)
    with store.lock():
        second = _second(store, settings)
        with second.lock():
            unreadable = _embed(store, second, context)
            report = _grouped(store, second, context, unreadable)
        if max_named_churn is not None and report.run_id is not None:
            _require_little(report, max_named_churn)
        if max_named_churn is not None or report.run_id is None:
            accept(store, report.run_id or "")
            report = replace(report, accepted=True)
    return report


def abandon(store: IndexStore) -> None:
    """Drop a migration that was not accepted, and its groupings; the model of the index stays.

    Raises
    ------
    UsageError
        None is under way.
    """
    with store.lock():
        if not under_way(store):
            raise UsageError(f"No migration of {store.folder} is under way.")
        for run_id in store.clusterings.runs():
            if "migration" in store.clusterings.run(run_id) and run_id != store.clusterings.current():
                shutil.rmtree(store.clusterings.folder / run_id)
        migration.drop(store.folder)


def _target(store: IndexStore, model: str, margin: int | None) -> IndexSettings:
    settings = fastest(with_model(store.settings, model))
    if model == store.settings.embed.model and margin is None:
        settings = store.settings
    if margin is not None:
        if settings.crop.template is not None:
            raise UsageError(f"{model} aligns faces by their landmarks, so that no margin can be set.")
        settings = replace(settings, crop=replace(settings.crop, margin=margin))
    same = (settings.crop, settings.embed) == (store.settings.crop, store.settings.embed)
    if same and weights_sha256(model) == store.model_sha256:
        raise UsageError(f"{store.folder} is made with {model} and these crops already.")
    return settings


def _second(store: IndexStore, settings: IndexSettings) -> IndexStore:
    """The index inside the index, as it is or new."""
    folder, sha256 = migration.migration_folder(store.folder), weights_sha256(settings.embed.model)
    if not IndexStore.exists(folder):
        return IndexStore.create(folder, settings, sha256)
    second = IndexStore.open(folder)
    mine = second.settings.crop, second.settings.embed, second.model_sha256
    if mine != (settings.crop, settings.embed, sha256):
        raise UsageError(
            f"{store.folder} is being migrated to {second.settings.embed.model}; accept that first, or give "
            "it up:",
            python="Index.abandon_migration.",
            cli="`photoclust migrate --abandon`.",
        )
    return second


# -- embeddings ---------------------------------------------------------------------------------------------


def _embed(store: IndexStore, second: IndexStore, context: Context) -> int:
    """Bring the second index up to date with the first; gives how many photos could not be read."""
    wanted, there = state_of(store), state_of(second)
    if there - wanted:  # gone or changed since: begin again, which is seldom and always right
        shutil.rmtree(second.parts.photos, ignore_errors=True)
        shutil.rmtree(second.parts.faces, ignore_errors=True)
        there = set()
    rows = [row for row in store.photos().to_pylist() if (row["uri"], row["photo_id"]) not in there]
    second.append(*_tables(second, [row for row in rows if row["status"] != OK], []))
    named: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["status"] == OK:
            named[row["photo_id"]].append(row)
    photo_ids = sorted(named)
    with embedding(second.settings, len(photo_ids)) as embed, context.progress(INDEX, len(rows)) as advance:
        for start in range(0, len(photo_ids), _PHOTOS_A_PART):
            some = {photo: named[photo] for photo in photo_ids[start : start + _PHOTOS_A_PART]}
            second.append(*_part(store, second, some, embed))
            advance(sum(map(len, some.values())))
    readable = set(second.photos().filter(pc.field("status") == OK)["uri"].to_pylist())
    return len(set(store.photos().filter(pc.field("status") == OK)["uri"].to_pylist()) - readable)


def _part(
    store: IndexStore, second: IndexStore, named: dict[str, list[dict[str, Any]]], embed: EmbedPhotos
) -> tuple[pa.Table, pa.Table]:
    """Rows of the second index for some photos, by photo id."""
    faces = store.faces_of_photos(list(named), store.face_schema.names)
    found = _by_head(store, second, faces) or embed(
        known_photos((row for own in named.values() for row in own), faces)
    )
    rows = [row for photo, own in named.items() if photo not in found.failed for row in own]
    for photo, error in found.failed.items():
        rows += [failed_row(PhotoRef.of_row(row), row["attempts"], error, photo) for row in named[photo]]
    new = with_embeddings(faces, found.vectors, second.settings.embed.dimension)
    return _tables(second, rows, [new])


def _by_head(store: IndexStore, second: IndexStore, faces: pa.Table) -> Embedded | None:
    """What a head makes of the stored embeddings, where the new model is a head of the present one."""
    from photoclust.models.embedder import HeadEmbedder, load
    from photoclust.records import face_embeddings

    card = card_of(second.settings.embed.model)
    crop_stays = second.settings.crop == store.settings.crop
    if card.format != HEAD or card.parent_sha256 != store.model_sha256 or not crop_stays:
        return None
    head = load(card.name)
    assert isinstance(head, HeadEmbedder)
    vectors = head.embed_stored(face_embeddings(faces)).astype(np.float16)
    return Embedded(dict(zip(faces["face_id"].to_pylist(), vectors, strict=True)), {})


def _tables(
    second: IndexStore, photos: list[dict[str, Any]], faces: list[pa.Table]
) -> tuple[pa.Table, pa.Table]:
    empty = second.face_schema.empty_table()
    return pa.Table.from_pylist(photos, schema=PHOTO_SCHEMA), pa.concat_tables([empty, *faces])


# -- people -------------------------------------------------------------------------------------------------


def _grouped(store: IndexStore, second: IndexStore, context: Context, unreadable: int) -> MigrationReport:
    """Group the new embeddings in continuation of the grouping in force, and store the outcome."""
    photos, faces = len(second.photos()), len(second.faces([]))
    names = store.settings.embed.model, second.settings.embed.model
    before = store.current_clustering()
    if before is None:
        return MigrationReport(*names, photos, faces, unreadable, None, 0, 0, accepted=False)
    _carry(store, second, before.run_id)
    draw_faces(second)  # those in photos without another face
    context.log("Grouping faces.")
    group_faces(second, config_of(before.run), start_workers=context.start_workers, job=context.job)
    after = second.current_clustering()
    assert after is not None
    found = difference(before, after)
    mark = {"model": names[1], "sha256": second.model_sha256}
    # not what the embeddings in force give: no other grouping may take it for that
    stored = replace(after, run=after.run | {"migration": mark, "fingerprint": "", "groups_key": ""})
    store.clusterings.write(stored, found)
    named = found["named"]
    return MigrationReport(
        *names, photos, faces, unreadable, after.run_id, named["faces"], named["moved"], accepted=False
    )


def _carry(store: IndexStore, second: IndexStore, run_id: str) -> None:
    """Let the second index know who people are in the first one, and what was decided."""
    shutil.rmtree(second.clusterings.folder, ignore_errors=True)
    files.make_folder(second.clusterings.folder)
    for name in ("decisions.csv", "ids.parquet", "successors"):
        source, target = store.folder / name, second.folder / name
        with files.writing(second.folder):
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.is_file():
                shutil.copyfile(source, target)
                target.chmod(0o600)
    # it was made of other embeddings, so that nothing of it is what these would give
    before = store.clusterings.read(run_id)
    migration.write_known(second.folder, _named(before))
    second.clusterings.pointer.unlink(missing_ok=True)
    second.clusterings.write(replace(before, run=before.run | {"fingerprint": "", "groups_key": ""}))
    second.clusterings.put_in_force(run_id)


def _named(clustering: Clustering) -> dict[str, str]:
    """The person of each face of somebody who has a name: it was looked at, so that it is known."""
    people = set(clustering.people.filter(pc.field("name") != "")["person_id"].to_pylist())
    return {face: person for face, person in clustering.person_of.items() if person in people}


def _require_little(report: MigrationReport, most: float) -> None:
    share = report.named_moved / report.named_faces if report.named_faces else 0.0
    if share > most:
        raise ChurnError(
            f"{report.model} would take {report.named_moved} of {report.named_faces} faces ({share:.1%}) from"
            f" people with a name, more than {most:.1%}: {report.model_before} stays in force.",
            python=f"Index.diff('current', {report.run_id!r}) tells more, Index.use({report.run_id!r}) "
            "accepts it, and Index.abandon_migration gives it up.",
            cli=f"See `photoclust diff current {report.run_id}`; `photoclust cluster --use {report.run_id}` "
            "accepts it, and `photoclust migrate --abandon` gives it up.",
        )
