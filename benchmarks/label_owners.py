"""Whether ``photoclust dedupe`` takes the right person for a label that holds a few strays.

    python benchmarks/label_owners.py --index DIR [--data ../shared/data] [--plantings 20] [--strays 3]

A planting is a data set of five labels: the footballers of the album with all their photos, or five of the
people of web12 with forty each. Every label gets strays of people who have no label in it: a child, a single
photo of a stranger, a face from a crowd, some of one person together. `DIR` is an index that knows
the photos of ``album`` and ``web12`` (others are added to a copy of it). For each planting it says how many
labels were taken to mean their person, how many photos of that person would be taken from their label, and
how many of the strays were found.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photoclust.config import AuditConfig, CollectionConfig, EngineConfig
from photoclust.engine import start
from photoclust.index.store import IndexStore
from photoclust.photos.dataset import read_dataset
from photoclust.workflows.context import Context
from photoclust.workflows.dedupe.auditing import Audit, audit
from photoclust.workflows.dedupe.proposals import LabelCorrections, propose
from photoclust.workflows.index import index_photos
from photoclust.workflows.opening import PhotoOptions, open_index

LABELS, PHOTOS_EACH = 5, 40


@dataclass(frozen=True)
class Planted:
    """Labels with strays.

    Attributes
    ----------
    label
        Label of each photo.
    strays
        Photos under the label of somebody whom they do not show.
    """

    label: dict[Path, str]
    strays: frozenset[Path]

    def csv(self) -> str:
        return "path,label\n" + "".join(f"{path},{label}\n" for path, label in self.label.items())


@dataclass(frozen=True)
class Outcome:
    """What became of a planting: labels and how many were read right, photos taken from their person."""

    labels: int
    right: int
    taken: int
    strays: int
    found: int


def plant(hosts: dict[str, list[Path]], others: dict[str, list[Path]], strays: int, seed: int) -> Planted:
    """Labels of five people, each with strays of one to `strays` other people."""
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.permutation(sorted(hosts))[:LABELS]]
    label = {path: name for name in names for path in chosen(hosts[name], PHOTOS_EACH, rng)}
    guests = [str(name) for name in rng.permutation(sorted(others))]
    added: set[Path] = set()
    for name in names:
        wanted = strays
        while wanted:
            own = chosen(others[guests.pop()], int(rng.integers(1, wanted + 1)), rng)
            label |= dict.fromkeys(own, name)
            added.update(own)
            wanted -= len(own)
    return Planted(label, frozenset(added))


def chosen(paths: list[Path], count: int, rng: np.random.Generator) -> list[Path]:
    """Some of the photos at random."""
    return [paths[i] for i in rng.permutation(len(paths))[:count]]


def outcome(planted: Planted, found: Audit, proposals: LabelCorrections) -> Outcome:
    """Compare what was said with what was planted."""
    label_of_part = found.faces.label_of_part
    path_of = [Path(found.dataset.entries[numbers[0]].uri) for numbers in found.entries]
    right = 0
    for label, part in enumerate(found.judgement.owner.tolist()):
        assert label_of_part[part] == label
        own = [path_of[row] not in planted.strays for row in np.flatnonzero(found.faces.part == part)]
        right += sum(own) > len(own) / 2
    pairs = zip(found.dataset.entries, proposals.corrected, strict=True)
    changed = {Path(entry.uri) for entry, label in pairs if label != entry.label}
    hit = len(changed & planted.strays)
    return Outcome(len(found.judgement.owner), right, len(changed) - hit, len(planted.strays), hit)


def judged(planted: Planted, store: IndexStore, scratch: Path) -> Outcome:
    """Plant, run the audit and compare."""

    def quiet(_: int) -> AbstractContextManager[object]:
        return nullcontext(lambda done: None)

    labels = scratch / "labels.csv"
    labels.write_text(planted.csv())
    dataset = read_dataset(str(labels))
    engine, config = EngineConfig(kind="local"), AuditConfig()
    with store.lock():
        index_photos(dataset.refs, store, Context(lambda: start(engine)), CollectionConfig((), "keep", False))
        found = audit(store, dataset, config, quiet)
    return outcome(planted, found, propose(found, config.min_confidence))


def people_of(*folders: Path) -> dict[str, list[Path]]:
    """Photos of each person, from folders of folders."""
    return {one.name: sorted(one.iterdir()) for folder in folders for one in sorted(folder.iterdir())}


def guests_of(data: Path) -> dict[str, list[Path]]:
    """People who have no label: families with children, and each photo of a group as one of its own."""
    found = people_of(data / "album/families/people")
    groups = [*sorted((data / "album/crowds").iterdir()), *sorted((data / "album/dlib_faces").iterdir())]
    return found | {f"{path.parent.name}/{path.name}": [path] for path in groups if path.suffix == ".jpg"}


def plantings(data: Path, strays: int, count: int) -> Iterator[tuple[str, Planted]]:
    """Plantings, those of the footballers and those of web12 by turns."""
    athletes, web = people_of(data / "album/footballers"), people_of(data / "web12")
    for seed in range(count):
        hosts = web if seed % 2 else athletes
        others = guests_of(data) if not seed % 2 else guests_of(data) | athletes
        yield ("web12" if seed % 2 else "footballers"), plant(hosts, others, strays, seed)


def main() -> None:
    """Plant, look, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--plantings", type=int, default=20)
    parser.add_argument("--strays", type=int, default=3)
    arguments = parser.parse_args()
    total = np.zeros(5, np.int64)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        shutil.copytree(arguments.index, scratch / "index")
        store = open_index(str(scratch / "index"), PhotoOptions())
        for kind, planted in plantings(arguments.data.resolve(), arguments.strays, arguments.plantings):
            one = judged(planted, store, scratch)
            total += np.array([one.labels, one.right, one.taken, one.strays, one.found])
            print(f"{kind:12} {one}", flush=True)
    labels, right, taken, strays, found = total.tolist()
    print(f"{right} of {labels} labels mean their person; {taken} of their photos would be taken away;")
    print(f"{found} of {strays} strays found")


if __name__ == "__main__":
    main()
