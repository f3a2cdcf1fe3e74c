"""From the audit of a data set to findings in words, and to the label that each photo should have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from photoclust.audit.findings import Intruder, OnePerson, intruders, one_person
from photoclust.audit.labelled import NOBODY
from photoclust.audit.odds import times
from photoclust.auditing import Audit, Copies
from photoclust.report.findings import (
    DROP,
    KINDS,
    MERGE,
    MIXED_LABEL,
    MOVE,
    PERSON_IN_SPLITS,
    PHOTO_IN_SPLITS,
    REVIEW,
    SAME_PERSON,
    SAME_PHOTO,
    SET_ASIDE,
    SPLIT,
    WRONG_LABEL,
    Action,
    Finding,
    Side,
)
from photoclust.wording import counted, reason_of, title_of, why_copies

_TRAINING = frozenset({"train", "training"})


@dataclass(frozen=True)
class Proposals:
    """Findings, by kind and then the surest first, and what would become of each entry.

    Attributes
    ----------
    findings
        In the order of `KINDS`.
    corrected
        Label of each entry of the data set after all proposals; ``""`` where it is left out.
    """

    findings: list[Finding]
    corrected: list[str]


def propose(audit: Audit, min_confidence: float) -> Proposals:
    """Put what was found into words, and say what to do about it.

    Parameters
    ----------
    audit
        The data set and what its faces say of it.
    min_confidence
        Findings less probable than this are left out, in [0, 1).
    """
    writer = _Writer(audit)
    strangers = intruders(audit.faces, audit.judgement, min_confidence)
    findings = [writer.one_person(one) for one in one_person(audit.faces, audit.judgement)]
    findings += [writer.intruder(one) for one in strangers]
    findings += [writer.copies(one) for one in audit.copies]
    findings += writer.people_in_splits()
    order = list(KINDS)
    findings.sort(key=lambda one: (order.index(one.kind), -one.confidence, one.title))
    return Proposals(findings, writer.corrected)


@dataclass
class _Writer:
    """Writes findings, in the order in which corrections build on one another."""

    audit: Audit
    corrected: list[str] = field(init=False)
    merged: dict[str, str] = field(default_factory=dict[str, str])
    sure: dict[int, float] = field(default_factory=dict[int, float])

    def __post_init__(self) -> None:
        self.corrected = [entry.label for entry in self.audit.dataset.entries]
        self.taken = set(self.corrected)

    # -- labels ---------------------------------------------------------------------------------------

    def one_person(self, found: OnePerson) -> Finding:
        """Labels of one person: the one with most photos takes the others in."""
        names = [self.audit.labels[label] for label in found.labels]
        size = Counter(self.corrected)
        names.sort(key=lambda name: (-size[name], name))
        actions: list[Action] = []
        for name in names[1:]:
            self.merged[name] = names[0]
            numbers = [n for n, entry in enumerate(self.audit.dataset.entries) if entry.label == name]
            actions += self._actions(numbers, MERGE, names[0])
            self._correct(numbers, names[0], found.confidence)
        strongest = max(pair.evidence for pair in found.pairs)
        pairs = "" if len(names) == 2 else f", the least certain of {len(found.pairs)} links between them"
        reason = (
            f"Faces this alike are {times(strongest)} likelier of one person than of two; among "
            f"{len(self.audit.labels):,} labels some are alike by chance{pairs}."
        )
        sides = tuple(
            self._side(label, np.flatnonzero(self.audit.faces.label == label)) for label in found.labels
        )
        title = " and ".join(names) if len(names) == 2 else f"{', '.join(names[:-1])} and {names[-1]}"
        return Finding(SAME_PERSON, title, reason, found.confidence, tuple(names), sides, tuple(actions))

    def intruder(self, found: Intruder) -> Finding:
        """Faces under a label that is not theirs."""
        label = self.audit.labels[found.label]
        numbers = [number for row in found.faces.tolist() for number in self.audit.entries[row]]
        home = self._home(found, label)
        action = MOVE if found.home != NOBODY else SPLIT if found.mixes else SET_ASIDE
        action = REVIEW if found.unclear else action
        actions = self._actions(numbers, action, home)
        kind = MIXED_LABEL if found.mixes else WRONG_LABEL
        if found.undecided:
            owners = [number for row in found.owners.tolist() for number in self.audit.entries[row]]
            actions += self._actions(owners, REVIEW, label)
        confidence = found.confidence * (found.home_confidence if found.home != NOBODY else 1)
        if not found.unclear:
            self._correct(numbers, home, confidence)
        owner = self.audit.labels[found.home] if found.home != NOBODY else ""
        sides = [self._side(found.label, found.owners), self._strangers(found, label)]
        if found.home != NOBODY:
            rows = np.flatnonzero(self.audit.faces.label == found.home)
            sides.append(self._side(found.home, rows))
        return Finding(
            kind,
            title_of(found, label, owner),
            reason_of(found, owner),
            confidence,
            (label, home) if home else (label,),
            tuple(sides),
            tuple(actions),
        )

    def _home(self, found: Intruder, label: str) -> str:
        """The label that faces should have: a known one, a new one, or none."""
        if found.home != NOBODY:
            name = self.audit.labels[found.home]
            return self.merged.get(name, name)
        if not found.mixes:
            return ""
        number = 2
        while f"{label} ({number})" in self.taken:
            number += 1
        self.taken.add(f"{label} ({number})")
        return f"{label} ({number})"

    def _strangers(self, found: Intruder, label: str) -> Side:
        note = "not the same person" if found.mixes or found.home == NOBODY else "labelled so, but"
        side = self._side(found.label, found.faces)
        return Side(f"{counted(len(found.faces), 'face')} under {label}", note, side.uris, side.faces)

    # -- copies and splits ----------------------------------------------------------------------------

    def copies(self, found: Copies) -> Finding:
        """One picture several times: all but the best of a label are superfluous."""
        entries = self.audit.dataset.entries
        splits = {entries[number].split for number in found.entries}
        labels = tuple(dict.fromkeys(entries[number].label for number in found.entries))
        actions: list[Action] = []
        by_label: dict[str, list[int]] = {}
        for number in found.entries:
            by_label.setdefault(self.corrected[number], []).append(number)
        undecided = len([label for label in by_label if label]) > 1
        for label, numbers in by_label.items():
            best = min(numbers, key=self._preference)
            for number in numbers:
                spare = bool(label) and number != best
                action = DROP if spare else REVIEW
                if spare or undecided or number != best:
                    actions += self._actions([number], action, "" if spare else label)
                if spare:
                    self.corrected[number] = ""
        sides = tuple(self._copy_side(number) for number in found.entries)
        title = f"{len(found.entries)} files, {' and '.join(labels[:3])}{' ...' if len(labels) > 3 else ''}"
        return Finding(
            PHOTO_IN_SPLITS if len(splits) > 1 else SAME_PHOTO,
            title,
            why_copies(found, labels, splits),
            found.confidence,
            labels,
            sides,
            tuple(actions),
        )

    def _preference(self, number: int) -> tuple[bool, int, str]:
        """Kept first: what is not for training, then the largest file, then by name."""
        entry = self.audit.dataset.entries[number]
        return entry.split.casefold() in _TRAINING, -self._sizes[entry.uri], entry.uri

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return {ref.uri: ref.size for ref in self.audit.dataset.refs}

    def people_in_splits(self) -> Iterator[Finding]:
        """People whose photos, after all corrections, lie in more than one split."""
        numbers_of: dict[str, list[int]] = {}
        for number, label in enumerate(self.corrected):
            if label:
                numbers_of.setdefault(label, []).append(number)
        entries = self.audit.dataset.entries
        plain: list[tuple[str, list[int]]] = []
        for label, numbers in sorted(numbers_of.items()):
            if len({entries[number].split for number in numbers}) > 1:
                if {entries[number].label for number in numbers} == {label}:
                    plain.append((label, numbers))
                else:
                    yield self._hidden_leak(label, numbers)
        if plain:
            yield self._open_leaks(plain)

    def _hidden_leak(self, label: str, numbers: list[int]) -> Finding:
        """A person in several splits under different labels."""
        entries = self.audit.dataset.entries
        labels = tuple(dict.fromkeys(entries[number].label for number in numbers))
        splits = sorted({entries[number].split for number in numbers})
        sides = [
            self._photo_side(split or "no split", [n for n in numbers if entries[n].split == split])
            for split in splits
        ]
        reason = f"Their photos lie in {' and '.join(splits)} under {', '.join(labels)}."
        return Finding(
            PERSON_IN_SPLITS,
            f"{label}: {' and '.join(splits)}",
            reason,
            min(self.sure.get(number, 1.0) for number in numbers),
            labels,
            tuple(sides),
            tuple(self._actions(numbers, REVIEW, label)),
        )

    def _open_leaks(self, people: list[tuple[str, list[int]]]) -> Finding:
        """People who are in several splits under one label, which may be meant."""
        labels = tuple(label for label, _ in people)
        numbers = [number for _, own in people for number in own]
        title = f"{counted(len(people), 'label')} in more than one split"
        reason = (
            "Each has photos in several splits under one label: meant where the same people are to be "
            "recognised again, a leak where the splits are to hold different people."
        )
        return Finding(
            PERSON_IN_SPLITS, title, reason, 1.0, labels, (), tuple(self._actions(numbers, REVIEW, ""))
        )

    # -- parts ----------------------------------------------------------------------------------------

    def _actions(self, numbers: list[int], action: str, proposed: str) -> list[Action]:
        entries = (self.audit.dataset.entries[number] for number in numbers)
        return [Action(one.uri, one.label, one.split, action, proposed) for one in entries]

    def _correct(self, numbers: list[int], label: str, confidence: float) -> None:
        for number in numbers:
            self.corrected[number] = label
            self.sure[number] = confidence

    def _side(self, label: int, rows: np.ndarray) -> Side:
        uris = tuple(self.audit.dataset.entries[self.audit.entries[row][0]].uri for row in rows.tolist())
        faces = tuple(int(self.audit.rows[row]) for row in rows.tolist())
        return Side(self.audit.labels[label], counted(len(rows), "photo"), uris, faces)

    def _copy_side(self, number: int) -> Side:
        entry = self.audit.dataset.entries[number]
        return Side(entry.label, entry.split, (entry.uri,), (self._face_of.get(number, -1),))

    def _photo_side(self, title: str, numbers: list[int]) -> Side:
        uris = tuple(self.audit.dataset.entries[number].uri for number in numbers)
        faces = tuple(self._face_of.get(number, -1) for number in numbers)
        return Side(title, counted(len(numbers), "photo"), uris, faces)

    @cached_property
    def _face_of(self) -> dict[int, int]:
        """Row of the face of each entry."""
        pairs = zip(self.audit.entries, self.audit.rows.tolist(), strict=True)
        return {number: row for numbers, row in pairs for number in numbers}
