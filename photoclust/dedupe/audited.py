"""Faces that are said to be somebody's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photoclust.dedupe.templates import WeightedTemplates
from photoclust.types import Doubles, Floats, Rows

NOBODY = -1


@dataclass(frozen=True)
class AuditedFaces:
    """What is known of n labelled faces.

    Attributes
    ----------
    embeddings
        float32, shape (n, d), unit rows, centred.
    quality
        float64, shape (n,), in [0, 1]: probability that the face is recognised.
    label
        int64, shape (n,): from 0 without gaps.
    part
        int64, shape (n,): verified group inside the label, from 0 without gaps.
    weight
        float64, shape (n,), in (0, 1]: faces that are near-identical count as one together.
    copy
        int64, shape (n,): equal for faces of one picture, negative for those without a copy.
    """

    embeddings: Floats
    quality: Doubles
    label: Rows
    part: Rows
    weight: Doubles
    copy: Rows

    @property
    def label_of_part(self) -> Rows:
        """Label of each part."""
        return self.label[np.unique(self.part, return_index=True)[1]]

    @property
    def labels(self) -> int:
        """Number of labels."""
        return int(self.label.max()) + 1

    def part_templates(self) -> WeightedTemplates:
        """Templates of the parts."""
        return WeightedTemplates.of(self.embeddings, self.weight, self.part, int(self.part.max()) + 1)

    def label_templates(self, label: Rows) -> WeightedTemplates:
        """Templates of the labels, from the faces that `label` still leaves under one."""
        return WeightedTemplates.of(self.embeddings, self.weight, label, self.labels)

    def template(self, rows: Rows) -> WeightedTemplates:
        """One template of some faces."""
        one = np.zeros(len(rows), np.int64)
        return WeightedTemplates.of(self.embeddings[rows], self.weight[rows], one, 1)
