"""Findings being written: what is proposed for each photo so far, and what was refused before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from photoclust.report.dedupe.actions import ActionRow
from photoclust.report.dedupe.findings import FIRM, REVIEW, Action, Finding, Side
from photoclust.workflows.dedupe.answers import topic_of
from photoclust.workflows.dedupe.auditing import Audit
from photoclust.workflows.dedupe.wording import counted

Plan = tuple[int, str, str]
"""Number of an entry, what is proposed for it, and the label that it would have then."""


@dataclass
class Draft:
    """What is proposed so far.

    Attributes
    ----------
    audit
        The data set and what its faces say of it.
    refused
        Number of an entry and topic of the finding, for what is not to be proposed again.
    rows
        What is proposed for each entry, by its number.
    corrected
        Label of each entry after all of that; ``""`` where it is left out.
    taken
        Labels that are in use.
    sure
        How sure that was, of the entries with another label.
    """

    audit: Audit
    refused: frozenset[tuple[int, str]]
    rows: dict[int, ActionRow] = field(default_factory=dict[int, ActionRow])
    sure: dict[int, float] = field(default_factory=dict[int, float])

    def __post_init__(self) -> None:
        self.corrected = [entry.label for entry in self.audit.dataset.entries]
        self.taken = set(self.corrected)

    def kept(self, finding: Finding, plans: Sequence[Plan]) -> Finding | None:
        """The finding with what is proposed for each photo; None where that was refused before."""
        left = [plan for plan in plans if (plan[0], topic_of(finding.kind, plan[2])) not in self.refused]
        firm = any(action in FIRM for _, action, _ in plans)
        if not left or (firm and not any(action in FIRM for _, action, _ in left)):
            return None
        for plan in left:
            self._record(finding, plan)
        entries = self.audit.dataset.entries
        actions = (
            Action(entries[n].uri, entries[n].label, entries[n].split, action, proposed)
            for n, action, proposed in left
        )
        return replace(finding, actions=tuple(actions))

    def _record(self, finding: Finding, plan: Plan) -> None:
        """Note what is proposed for a photo: of two proposals the later, which builds on the first."""
        number, action, proposed = plan
        row = self.rows.get(number) or self._untouched(number, finding.confidence)
        kinds = tuple(dict.fromkeys([*row.findings, finding.kind]))
        row = replace(row, findings=kinds, reason=f"{row.reason} {finding.reason}".strip())
        if action in FIRM:
            self.corrected[number], self.sure[number] = proposed, finding.confidence
            row = replace(row, accept="yes", action=action, proposed=proposed, confidence=finding.confidence)
        elif not row.accept and proposed:
            row = replace(row, proposed=proposed)
        self.rows[number] = row

    def _untouched(self, number: int, confidence: float) -> ActionRow:
        one = self.audit.dataset.entries[number]
        return ActionRow(one.uri, one.label, one.split, (), "", REVIEW, one.label, confidence, "")

    # -- faces to look at -----------------------------------------------------------------------------

    def numbers(self, rows: np.ndarray) -> list[int]:
        """Entries behind some faces."""
        return [number for row in rows.tolist() for number in self.audit.entries[row]]

    def side(self, label: int, rows: np.ndarray) -> Side:
        """Some faces under a label."""
        uris = tuple(self.audit.dataset.entries[self.audit.entries[row][0]].uri for row in rows.tolist())
        faces = tuple(int(self.audit.rows[row]) for row in rows.tolist())
        return Side(self.audit.labels[label], counted(len(rows), "photo"), uris, faces)

    def copy_side(self, number: int) -> Side:
        """One of several copies."""
        entry = self.audit.dataset.entries[number]
        return Side(entry.label, entry.split, (entry.uri,), (self._face_of.get(number, -1),))

    def photo_side(self, title: str, numbers: list[int]) -> Side:
        """Some entries, with their faces where they have one."""
        uris = tuple(self.audit.dataset.entries[number].uri for number in numbers)
        faces = tuple(self._face_of.get(number, -1) for number in numbers)
        return Side(title, counted(len(numbers), "photo"), uris, faces)

    def likeness(self, left: int, right: int) -> float:
        """Cosine similarity of two labelled faces."""
        embeddings = self.audit.faces.embeddings
        return float(embeddings[left] @ embeddings[right])

    @cached_property
    def item_of(self) -> dict[int, int]:
        """Labelled face of each entry that has one."""
        return {number: item for item, numbers in enumerate(self.audit.entries) for number in numbers}

    @cached_property
    def _face_of(self) -> dict[int, int]:
        """Row of the face of each entry, among all faces of the index."""
        rows = self.audit.rows.tolist()
        return {number: rows[item] for number, item in self.item_of.items()}
