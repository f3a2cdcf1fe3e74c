"""What is written down after each epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Epoch:
    """One pass over the training photos; epoch 0 is what the run begins with.

    Attributes
    ----------
    epoch
        From 0.
    loss
        Mean over batches; None at epoch 0.
    genuine, impostor
        Mean Euclidean distance, in [0, 2], of the pairs of one person and of two in the batches; None at 0.
    active
        Mean share of triplets, or pairs, that cost something; None at 0.
    validation_genuine, validation_impostor
        Mean distances of the pairs of validation people.
    validation_tar
        True accept rate of these at a false match rate of 1e-3.
    """

    epoch: int
    loss: float | None
    genuine: float | None
    impostor: float | None
    active: float | None
    validation_genuine: float
    validation_impostor: float
    validation_tar: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Epoch:
        """From plain values."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})


def best_epoch(curves: Sequence[Epoch]) -> Epoch:
    """The epoch with the best validation, the first of equals."""
    return max(curves, key=lambda epoch: (epoch.validation_tar, -epoch.epoch))


def is_over(curves: Sequence[Epoch], epochs: int, patience: int) -> bool:
    """Tell whether all epochs are done, or validation has not become better for `patience` of them."""
    last = curves[-1].epoch
    return last >= epochs or last - best_epoch(curves).epoch >= patience


def as_csv(curves: Sequence[Epoch]) -> str:
    """A line for each epoch; numbers in full, so that equal curves are equal files."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in curves)
    return text.getvalue()
