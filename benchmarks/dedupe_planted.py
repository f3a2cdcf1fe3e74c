"""How much of what is wrong with a data set ``photoclust dedupe`` finds: faults are planted, then looked for.

    python benchmarks/dedupe_planted.py [--photos lfw-dev] [--index DIR] [--seeds 0,1,2] [--any-size]

Planted are, in folders apart: 40 folders split in two, 40 pairs of folders made one, 60 faces moved to a
wrong folder, 30 near-duplicates (compressed anew, resized, cropped, mirrored), half of them under another
label. Folders are split if they hold four photos and more; moved faces leave a photo behind and come to
folders of three and more, and mixed folders hold two each, so that one can tell who is who. ``--any-size``
lifts that: most folders hold one photo, and of two strangers in one folder nobody can say which is meant.

Photos stay where they are; the faults are in a CSV of labels. An index is copied before it is used. Findings
that were looked at and are true errors of the original labels count neither for nor against.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from photoclust.config import AuditConfig, CollectionConfig, EngineConfig
from photoclust.engine import start
from photoclust.photos.dataset import read_dataset
from photoclust.report.dedupe.findings import MIXED_LABEL, SAME_PERSON, SAME_PHOTO, WRONG_LABEL, Finding
from photoclust.workflows.context import Context
from photoclust.workflows.dedupe.auditing import Audit, audit
from photoclust.workflows.dedupe.proposals import LabelCorrections, propose
from photoclust.workflows.index import index_photos
from photoclust.workflows.opening import PhotoOptions, open_index

# Errors of LFW itself, found with this program and checked by eye.
TRUE_PAIRS = (
    {"Tamara_Mowry", "Tia_Mowry"},
    {"Mireya_Elisa_Moscoso_Rodriguez", "Mireya_Moscoso"},
    {"Flor_Montulo", "Nora_Bendijo"},
    {"Harold_Scott", "Jeff_Roehm"},
)
TRUE_LABELS = {
    "Mahmoud_Abbas",
    "Janica_Kostelic",
    "Elisabeth_Schumacher",
    "Cristina_Fernandez",
    *TRUE_PAIRS[2],
}
TRUE_COPIES = {"Julie_Gerberding", "Renee_Zellweger"}


@dataclass
class Planted:
    """A data set with faults, and what they are.

    Attributes
    ----------
    label
        Label of each photo.
    person
        Whom each photo shows.
    split
        Labels of one person.
    mixed
        Labels of two people.
    moved
        Photos under a wrong label.
    copies
        Near-duplicates, with the photo each was made of.
    """

    label: dict[Path, str]
    person: dict[Path, str]
    split: list[frozenset[str]] = field(default_factory=list)
    mixed: set[str] = field(default_factory=set)
    moved: set[Path] = field(default_factory=set)
    copies: dict[Path, Path] = field(default_factory=dict)

    def csv(self) -> str:
        return "path,label\n" + "".join(f"{path},{label}\n" for path, label in self.label.items())


@dataclass(frozen=True)
class Faults:
    """How many of each, and the fewest photos of the folders concerned."""

    split: int = 40
    mixed: int = 40
    moved: int = 60
    copies: int = 30
    any_size: bool = False

    def least(self, photos: int) -> int:
        return 1 if self.any_size else photos


def plant(folders: dict[str, list[Path]], faults: Faults, seed: int, scratch: Path) -> Planted:
    """Plant faults, each folder taking part in one at most."""
    rng = np.random.default_rng(seed)
    person = {path: name for name, paths in folders.items() for path in paths}
    planted = Planted(dict(person), dict(person))
    free = [str(name) for name in rng.permutation(sorted(folders))]

    def take(count: int, least: int) -> list[str]:
        chosen = [name for name in free if len(folders[name]) >= least][:count]
        assert len(chosen) == count, "too few folders of that size"
        for name in chosen:
            free.remove(name)
        return chosen

    for name in take(faults.split, 2 if faults.any_size else 4):
        paths = [folders[name][i] for i in rng.permutation(len(folders[name]))]
        for path in paths[len(paths) // 2 :]:
            planted.label[path] = f"{name} again"
        planted.split.append(frozenset({name, f"{name} again"}))
    hosts = take(faults.mixed, faults.least(2))
    for host, guest in zip(hosts, take(faults.mixed, faults.least(2)), strict=True):
        planted.label |= dict.fromkeys(folders[guest], host)
        planted.mixed.add(host)
    homes = take(faults.moved, faults.least(2))
    for home, away in zip(homes, take(faults.moved, faults.least(3)), strict=True):
        path = folders[home][rng.integers(len(folders[home]))]
        planted.label[path] = away
        planted.moved.add(path)
    for number, name in enumerate(take(faults.copies, 1)):
        original = folders[name][rng.integers(len(folders[name]))]
        path = scratch / f"copy-{number}.jpg"
        path.write_bytes(altered(original, number, rng))
        planted.copies[path], planted.person[path] = original, name
        planted.label[path] = name if number % 2 else free[number]
    return planted


def altered(original: Path, number: int, rng: np.random.Generator) -> bytes:
    """A near-duplicate: by turns compressed, smaller, larger, cropped and mirrored."""
    image = Image.open(original).convert("RGB")
    width, height = image.size
    kind = number % 5
    if kind == 1:
        image = image.resize((width // 2, height // 2), Image.Resampling.LANCZOS)
    elif kind == 2:
        image = image.resize((int(width * 1.6), int(height * 1.6)), Image.Resampling.BICUBIC)
    elif kind == 3:
        left, top, right, bottom = rng.uniform(0, 0.08, 4) * (width, height, width, height)
        image = image.crop((int(left), int(top), int(width - right), int(height - bottom)))
    elif kind == 4:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=int(rng.integers(50, 90)))
    return stream.getvalue()


def looked_for(planted: Planted, index: Path, scratch: Path, least: float) -> tuple[Audit, LabelCorrections]:
    """Run the audit on what was planted."""

    def quiet(_: int) -> AbstractContextManager[object]:
        return nullcontext(lambda done: None)

    labels = scratch / "labels.csv"
    labels.write_text(planted.csv())
    dataset = read_dataset(str(labels))
    store = open_index(str(index), PhotoOptions())
    engine = EngineConfig(kind="local")
    with store.lock():
        index_photos(dataset.refs, store, Context(lambda: start(engine)), CollectionConfig((), "keep", False))
        found = audit(store, dataset, AuditConfig(min_confidence=least), quiet)
    return found, propose(found, least)


@dataclass(frozen=True)
class Score:
    """What was found of what was planted, and how much of what was found is so."""

    found: int
    planted: int
    right: int
    all: int

    def __str__(self) -> str:
        recall, precision = self.found / max(1, self.planted), self.right / max(1, self.all)
        return (
            f"recall {recall:.3f} ({self.found} of {self.planted})  "
            f"precision {precision:.3f} ({self.right} of {self.all})"
        )


def scores(planted: Planted, findings: list[Finding]) -> dict[str, Score]:
    """Recall and precision of each kind of finding."""
    return {
        "split folders": _split_score(planted, findings),
        "wrong faces": _wrong_score(planted, findings),
        "mixed folders": _mixed_score(planted, findings),
        "near-duplicates": _copy_score(planted, findings),
    }


def _split_score(planted: Planted, findings: list[Finding]) -> Score:
    found = [set(one.labels) for one in findings if one.kind == SAME_PERSON]
    found = [labels for labels in found if _plain(labels) not in TRUE_PAIRS]
    right = [labels for labels in found if len(_plain(labels)) == 1]
    hit = sum(any(pair <= labels for labels in found) for pair in planted.split)
    return Score(hit, len(planted.split), len(right), len(found))


def _plain(labels: set[str]) -> set[str]:
    return {label.removesuffix(" again") for label in labels}


def _wrong_score(planted: Planted, findings: list[Finding]) -> Score:
    flagged = {
        Path(action.uri)
        for one in findings
        if one.kind == WRONG_LABEL and not _plain(set(one.labels[:1])) & TRUE_LABELS
        for action in one.actions
        if action.action in ("move", "set_aside")
    }
    right = {path for path in flagged if _is_stranger(planted, path)}
    return Score(len(flagged & planted.moved), len(planted.moved), len(right), len(flagged))


def _is_stranger(planted: Planted, path: Path) -> bool:
    """Whether fewer photos of the label show this person than another."""
    label = planted.label[path]
    count = Counter(planted.person[p] for p, other in planted.label.items() if other == label)
    own = count.pop(planted.person[path])
    return bool(count) and own <= max(count.values())


def _mixed_score(planted: Planted, findings: list[Finding]) -> Score:
    named = {one.labels[0] for one in findings if one.kind in (MIXED_LABEL, WRONG_LABEL)}
    claimed = {one.labels[0] for one in findings if one.kind == MIXED_LABEL} - TRUE_LABELS
    people: dict[str, set[str]] = {}
    for path, label in planted.label.items():
        people.setdefault(label, set()).add(planted.person[path])
    right = {label for label in claimed if len(people[label]) > 1}
    return Score(len(named & planted.mixed), len(planted.mixed), len(right), len(claimed))


def _copy_score(planted: Planted, findings: list[Finding]) -> Score:
    sets = [
        {Path(uri) for side in one.sides for uri in side.uris} for one in findings if one.kind == SAME_PHOTO
    ]
    sets = [own for own in sets if not {planted.person[path] for path in own} <= TRUE_COPIES]
    hit = sum(any({copy, original} <= own for own in sets) for copy, original in planted.copies.items())
    right = sum(len({planted.copies.get(path, path) for path in own}) == 1 for own in sets)
    return Score(hit, len(planted.copies), right, len(sets))


def calibrated(planted: Planted, findings: list[Finding]) -> list[tuple[float, bool]]:
    """Confidence of each finding about labels, and whether it is so."""
    told: list[tuple[float, bool]] = []
    for one in findings:
        if one.kind == SAME_PERSON and _plain(set(one.labels)) not in TRUE_PAIRS:
            told.append((one.confidence, len(_plain(set(one.labels))) == 1))
        if one.kind in (WRONG_LABEL, MIXED_LABEL) and not _plain(set(one.labels[:1])) & TRUE_LABELS:
            done = next((a for a in one.actions if a.action != "review"), one.actions[0])
            told.append((one.confidence, _is_stranger(planted, Path(done.uri))))
    return told


def main() -> None:
    """Plant, look, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=Path(__file__).parents[2] / "shared/data/lfw-dev")
    parser.add_argument("--index", type=Path, help="index of the photos, to save making one")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--any-size", action="store_true")
    arguments = parser.parse_args()
    folders = {one.name: sorted(one.iterdir()) for one in sorted(arguments.photos.resolve().iterdir())}
    told: list[tuple[float, bool]] = []
    for seed in map(int, arguments.seeds.split(",")):
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            if arguments.index:
                shutil.copytree(arguments.index, scratch / "index")
            planted = plant(folders, Faults(any_size=arguments.any_size), seed, scratch)
            _, proposals = looked_for(planted, scratch / "index", scratch, 0.1)
        sure = [one for one in proposals.findings if one.confidence >= AuditConfig.min_confidence]
        for kind, score in scores(planted, sure).items():
            print(f"seed {seed}  {kind:16} {score}", flush=True)
        told += calibrated(planted, proposals.findings)
    print("confidence: mean of those told, share that is so, findings")
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.97), (0.97, 1.01)):
        own = [(sure, so) for sure, so in told if low <= sure < high]
        if own:
            print("  {:.2f}  {:.2f}  {}".format(*np.mean(own, axis=0), len(own)))


if __name__ == "__main__":
    main()
