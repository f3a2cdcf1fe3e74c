"""What becomes of an index that holds a second model's embeddings; see `photoclust.workflows.migrate`."""

from __future__ import annotations

from photoclust.errors import UsageError
from photoclust.index import migration
from photoclust.index.store import IndexStore
from photoclust.records import MISSING
from photoclust.workflows.review_page import refresh_page


def accept(store: IndexStore, run_id: str) -> IndexStore:
    """Put the new model in force, with a grouping of its embeddings, and drop the old one.

    Returns
    -------
    IndexStore
        The index as it is now; the caller holds its lock.

    Raises
    ------
    UsageError
        Photos or people have changed since.
    """
    made_of = store.clusterings.run(run_id)["previous"] if run_id else None
    second = IndexStore.open(migration.migration_folder(store.folder))
    if state_of(store) != state_of(second):
        raise UsageError(
            f"Photos have come, gone or changed in {store.folder} since they were embedded by "
            f"{second.settings.embed.model}; migrate again first.",
            cli="`photoclust migrate` embeds nothing twice.",
        )
    if made_of != store.clusterings.current():
        raise UsageError(
            f"People of {store.folder} have changed since the grouping {run_id} was made; migrate again "
            "first.",
            cli="`photoclust migrate` embeds nothing twice.",
        )
    migration.accept(store.folder, run_id)
    now = IndexStore.open(store.folder)
    if run_id:
        now.clusterings.put_in_force(run_id)
        refresh_page(now)
    return now


def belongs_to_migration(store: IndexStore, run_id: str) -> bool:
    """Whether a grouping is of embeddings of the model that an index is being migrated to."""
    return under_way(store) and "migration" in store.clusterings.run(run_id)


def under_way(store: IndexStore) -> bool:
    """Whether an index holds the embeddings of a second model."""
    return IndexStore.exists(migration.migration_folder(store.folder))


def state_of(store: IndexStore) -> set[tuple[str, str]]:
    """Which pictures with faces an index holds, under which names; of others nothing is embedded."""
    known = store.known_photos().select(["uri", "photo_id", "status"])
    return {(row["uri"], row["photo_id"]) for row in known.to_pylist() if row["status"] != MISSING}
