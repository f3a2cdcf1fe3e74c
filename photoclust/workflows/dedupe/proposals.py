"""From the audit of a data set to findings in words, and to the label that each photo should have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np

from photoclust.dedupe.audited import NOBODY
from photoclust.dedupe.findings import MislabelledFace, OnePerson, mislabelled_faces, one_person
from photoclust.dedupe.odds import times
from photoclust.report.dedupe.actions import ActionRow
from photoclust.report.dedupe.findings import (
    DROP,
    KINDS,
    MERGE,
    MIXED_LABEL,
    MOVE,
    NO_FACE,
    PERSON_IN_SPLITS,
    PHOTO_IN_SPLITS,
    REVIEW,
    SAME_PERSON,
    SAME_PHOTO,
    SET_ASIDE,
    SPLIT,
    WRONG_LABEL,
    Finding,
    Side,
)
from photoclust.workflows.dedupe.answers import Answers, labels_after, topic_of
from photoclust.workflows.dedupe.auditing import Audit, Copies
from photoclust.workflows.dedupe.drafting import Draft, Plan
from photoclust.workflows.dedupe.wording import counted, reason_of, title_of, why_copies

_TRAINING = frozenset({"train", "training"})
_ONE_FACE = 0.7  # cosine similarity above which copies show one face; of two people one pair in 1,000 has 0.5
_SIDES_SHOWN = 40  # labels of a finding that is about many


@dataclass(frozen=True)
class LabelCorrections:
    """Findings, by kind and then the surest first, and what would become of each entry.

    Attributes
    ----------
    findings
        In the order of `KINDS`.
    rows
        What is proposed for each entry that a finding touches, once for each, with its number.
    corrected
        Label of each entry of the data set after all proposals; ``""`` where it is left out.
    """

    findings: list[Finding]
    rows: list[tuple[int, ActionRow]]
    corrected: list[str]


def propose(audit: Audit, min_confidence: float, answers: Answers | None = None) -> LabelCorrections:
    """Put what was found into words, and say what to do about it.

    Parameters
    ----------
    audit
        The data set and what its faces say of it.
    min_confidence
        Findings less probable than this are left out, in [0, 1).
    answers
        What was refused is left out too.
    """
    writer = _Writer(audit, (answers or Answers()).refused)
    found = [writer.one_person(one) for one in one_person(audit.faces, audit.judgement)]
    found += [
        writer.mislabelled_face(one)
        for one in mislabelled_faces(audit.faces, audit.judgement, min_confidence)
    ]
    found += [writer.copies(one) for one in audit.copies]
    found += list(writer.people_in_splits())
    found += list(writer.without_faces())
    findings = [one for one in found if one is not None]
    order = list(KINDS)
    findings.sort(key=lambda one: (order.index(one.kind), -one.confidence, one.title))
    rows = sorted(writer.rows.items(), key=lambda row: (order.index(row[1].findings[0]), row[0]))
    labels = [entry.label for entry in audit.dataset.entries]
    return LabelCorrections(findings, rows, labels_after(labels, rows))


@dataclass
class _Writer(Draft):
    """Writes findings, in the order in which corrections build on one another."""

    merged: dict[str, str] = field(default_factory=dict[str, str])

    # -- labels ---------------------------------------------------------------------------------------

    def one_person(self, found: OnePerson) -> Finding | None:
        """Labels of one person: the one with most photos takes the others in."""
        size = Counter(self.corrected)
        names = [self.audit.labels[label] for label in found.labels]
        names.sort(key=lambda name: (-size[name], name))
        names = [names[0], *(name for name in names[1:] if not self._are_two(name, names[0]))]
        numbers = {name: self._entries_of[name] for name in names[1:]}
        strongest = max(pair.evidence for pair in found.pairs)
        pairs = "" if len(names) == 2 else f", the least certain of {len(found.pairs)} links between them"
        reason = (
            f"Faces this alike are {times(strongest)} likelier of one person than of two; among "
            f"{len(self.audit.labels):,} labels some are alike by chance{pairs}."
        )
        shown = [label for label in found.labels if self.audit.labels[label] in names]
        sides = tuple(self.side(label, np.flatnonzero(self.audit.faces.label == label)) for label in shown)
        title = " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])
        finding = Finding(SAME_PERSON, title, reason, found.confidence, tuple(names), sides, ())
        finding = self.kept(finding, [(n, MERGE, names[0]) for name in names[1:] for n in numbers[name]])
        self.merged |= dict.fromkeys(names[1:], names[0]) if finding else {}
        return finding

    def _are_two(self, name: str, other: str) -> bool:
        """Whether somebody said that two labels are not one person: refused for all photos of either."""
        return any(
            all((number, topic_of(SAME_PERSON, into)) in self.refused for number in self._entries_of[label])
            for label, into in ((name, other), (other, name))
        )

    @cached_property
    def _entries_of(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, entry in enumerate(self.audit.dataset.entries):
            found.setdefault(entry.label, []).append(number)
        return found

    def mislabelled_face(self, found: MislabelledFace) -> Finding | None:
        """Faces under a label that is not theirs."""
        label = self.audit.labels[found.label]
        home = self._home(found, label)
        action = MOVE if found.home != NOBODY else SPLIT if found.mixes else SET_ASIDE
        action = REVIEW if found.unclear else action
        plans = [(number, action, home) for number in self.numbers(found.faces)]
        if found.undecided:
            plans += [(number, REVIEW, label) for number in self.numbers(found.owners)]
        owner = self.audit.labels[found.home] if found.home != NOBODY else ""
        sides = [self.side(found.label, found.owners), self._strangers(found, label)]
        if found.home != NOBODY:
            sides.append(self.side(found.home, np.flatnonzero(self.audit.faces.label == found.home)))
        finding = Finding(
            MIXED_LABEL if found.mixes else WRONG_LABEL,
            title_of(found, label, owner),
            reason_of(found, owner),
            found.confidence * (found.home_confidence if found.home != NOBODY else 1),
            (label, home) if home else (label,),
            tuple(sides),
            (),
        )
        return self.kept(finding, plans)

    def _home(self, found: MislabelledFace, label: str) -> str:
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

    def _strangers(self, found: MislabelledFace, label: str) -> Side:
        note = "not the same person" if found.mixes or found.home == NOBODY else "labelled so, but"
        side = self.side(found.label, found.faces)
        return Side(f"{counted(len(found.faces), 'face')} under {label}", note, side.uris, side.faces)

    # -- copies and splits ----------------------------------------------------------------------------

    def copies(self, found: Copies) -> Finding | None:
        """One picture several times: all but the best of a label are superfluous."""
        entries = self.audit.dataset.entries
        splits = {entries[number].split for number in found.entries}
        labels = tuple(dict.fromkeys(entries[number].label for number in found.entries))
        title = f"{len(found.entries)} files, {' and '.join(labels[:3])}{' ...' if len(labels) > 3 else ''}"
        finding = Finding(
            PHOTO_IN_SPLITS if len(splits) > 1 else SAME_PHOTO,
            title,
            why_copies(found, labels, splits),
            found.confidence,
            labels,
            tuple(self.copy_side(number) for number in found.entries),
            (),
        )
        return self.kept(finding, list(self._spare(found)))

    def _spare(self, found: Copies) -> Iterator[Plan]:
        by_label: dict[str, list[int]] = {}
        for number in found.entries:
            by_label.setdefault(self.corrected[number], []).append(number)
        splits = {self.audit.dataset.entries[number].split for number in found.entries}
        undecided = len([label for label in by_label if label]) > 1
        undecided = undecided and (len(splits) > 1 or self._one_face(found.entries))
        for label, numbers in by_label.items():
            best = min(numbers, key=self._preference)
            for number in numbers:
                if label and number != best:
                    yield number, DROP, ""
                elif undecided or number != best:
                    yield number, REVIEW, label

    def _one_face(self, numbers: tuple[int, ...]) -> bool:
        """Whether two labels of one picture mean the same face: of several people each may have their own."""
        for a, b in combinations(numbers, 2):
            if self.corrected[a] != self.corrected[b] and self.corrected[a] and self.corrected[b]:
                left, right = self.item_of.get(a), self.item_of.get(b)
                if left is None or right is None or self.likeness(left, right) > _ONE_FACE:
                    return True
        return False

    def _preference(self, number: int) -> tuple[bool, int, bool, str]:
        """Kept first: what is not for training, the largest file, what lies in its place, then by name."""
        entry = self.audit.dataset.entries[number]
        moved = self.corrected[number] != entry.label
        return entry.split.casefold() in _TRAINING, -self._sizes[entry.uri], moved, entry.uri

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return {ref.uri: ref.size for ref in self.audit.dataset.refs}

    def people_in_splits(self) -> Iterator[Finding | None]:
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

    def _hidden_leak(self, label: str, numbers: list[int]) -> Finding | None:
        """A person in several splits under different labels."""
        entries = self.audit.dataset.entries
        labels = tuple(dict.fromkeys(entries[number].label for number in numbers))
        splits = sorted({entries[number].split for number in numbers})
        sides = [
            self.photo_side(split or "no split", [n for n in numbers if entries[n].split == split])
            for split in splits
        ]
        finding = Finding(
            PERSON_IN_SPLITS,
            f"{label}: {' and '.join(splits)}",
            f"Their photos lie in {' and '.join(splits)} under {', '.join(labels)}.",
            min(self.sure.get(number, 1.0) for number in numbers),
            labels,
            tuple(sides),
            (),
        )
        return self.kept(finding, [(number, REVIEW, label) for number in numbers])

    def _open_leaks(self, people: list[tuple[str, list[int]]]) -> Finding | None:
        """People who are in several splits under one label, which may be meant."""
        labels = tuple(label for label, _ in people)
        title = f"{counted(len(people), 'label')} in more than one split"
        reason = (
            "Each has photos in several splits under one label: meant where the same people are to be "
            "recognised again, a leak where the splits are to hold different people."
        )
        finding = Finding(PERSON_IN_SPLITS, title, reason, 1.0, labels, (), ())
        return self.kept(finding, [(number, REVIEW, label) for label, own in people for number in own])

    def without_faces(self) -> Iterator[Finding | None]:
        """Photos that show no face, or none that is clear enough to say whose it is."""
        words = {"no_face": "no face", "low_quality": "no face that is clear enough to judge by"}
        for reason, what in words.items():
            numbers = self.audit.unjudged[reason]
            if not numbers:
                continue
            by_label: dict[str, list[int]] = {}
            for number in numbers:
                by_label.setdefault(self.audit.dataset.entries[number].label, []).append(number)
            verb = "shows" if len(numbers) == 1 else "show"
            sides = [self.photo_side(label, own) for label, own in sorted(by_label.items())]
            finding = Finding(
                NO_FACE,
                f"{counted(len(numbers), 'photo')} {verb} {what}",
                f"Under {counted(len(by_label), 'label')}. They stay there unless you say otherwise.",
                1.0,
                tuple(sorted(by_label)),
                tuple(sides[:_SIDES_SHOWN]),
                (),
            )
            yield self.kept(finding, [(n, REVIEW, label) for label, own in by_label.items() for n in own])
