"""How many faces of named people keep their person when an index is migrated, and how right they are.

    python benchmarks/migrate.py INDEX FOLDER [--model NAME] [--margin PIXELS]

INDEX holds labelled folders whose photos are still there; it is copied to FOLDER. Everybody with two faces
and more is named after a folder, then the index is migrated: by default to its own model with a margin of 14
instead of 32 pixels. Pairs of faces within named people are held against folders, before and after.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from photoclust.cli._context import context
from photoclust.config import EngineConfig
from photoclust.index.store import Clustering, IndexStore
from photoclust.people.decisions.file import added_lines
from photoclust.people.decisions.line import NAME, Decision
from photoclust.workflows.cluster import group
from photoclust.workflows.migrate import migrate
from photoclust.workflows.snapshot.history import config_of


def name_everybody(store: IndexStore) -> int:
    """Name people after the folder of a photo of theirs; gives how many."""
    clustering = store.current_clustering()
    assert clustering is not None
    folder = folders(store)
    people = [row for row in clustering.people.to_pylist() if row["faces"] >= 2]
    now = datetime.now(UTC)
    said = [
        Decision(
            now, NAME, faces=(row["cover_face_id"],), value=f"{folder[row['cover_face_id']]} {row['number']}"
        )
        for row in people
    ]
    with store.lock():
        store.add_decisions(added_lines("", said, now))
    return len(said)


def folders(store: IndexStore) -> dict[str, str]:
    """Name of the folder that the photo of each face lies in, by face id."""
    uri = dict(zip(*(store.photos()[name].to_pylist() for name in ("photo_id", "uri")), strict=True))
    faces = store.faces([])
    pairs = zip(faces["face_id"].to_pylist(), faces["photo_id"].to_pylist(), strict=True)
    return {face: Path(uri[photo]).parent.name for face, photo in pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--margin", type=int, default=None)
    arguments = parser.parse_args()
    shutil.copytree(arguments.index, arguments.folder)
    store, surroundings = IndexStore.open(arguments.folder), context(EngineConfig(kind="local"))
    named = name_everybody(store)
    clustering = store.current_clustering()
    assert clustering is not None
    before = group(store, config_of(clustering.run), surroundings).run_id
    margin = arguments.margin if arguments.model or arguments.margin else 14
    began = time.monotonic()
    report = migrate(store, arguments.model or store.settings.embed.model, surroundings, margin)
    assert report.run_id is not None
    kept = 1 - report.named_moved / report.named_faces
    print(f"{named} people named; {report.named_faces} of their faces, {kept:.2%} keep their person")
    print(
        f"{report.photos} photos, {report.faces} faces in {time.monotonic() - began:.0f} s; {report.run_id}"
    )
    for run in (before, report.run_id):
        print(f"{run}: {agreement(store, store.clusterings.read(run))}")


def agreement(store: IndexStore, clustering: Clustering) -> str:
    """How pairs of faces within named people, and pairs of their folders, agree."""
    folder = folders(store)
    names = dict(zip(*(clustering.people[one].to_pylist() for one in ("person_id", "name")), strict=True))
    cells = Counter((who, folder[face]) for face, who in clustering.person_of.items() if names.get(who))
    people = {name.rpartition(" ")[0] for name in names.values() if name}
    found, wanted = Counter[str](), Counter(one for one in folder.values() if one in people)
    for (who, _), count in cells.items():
        found[who] += count
    both, said, there = (sum(n * (n - 1) / 2 for n in one.values()) for one in (cells, found, wanted))
    scores = f"precision {both / said:.4f}, F {2 * both / (said + there):.4f}"
    return f"{sum(found.values())} faces of named people, pairs: {scores}"


if __name__ == "__main__":
    main()
