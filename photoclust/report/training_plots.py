"""Plots of a training run as PNG: curves, distances before and after, a map of some people, triplets."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image
from sklearn.manifold import TSNE

from photoclust.report.names import visible
from photoclust.report.training_page import ShownTriplet
from photoclust.types import Doubles, Floats, Rows

_OWN, _OTHER, _PLAIN, _SOFT = "#1d7a46", "#b3401a", "#2f5d8a", "#8a8a94"


class Epoch(Protocol):
    """What is drawn of an epoch; see `photoclust.learn.curves.Epoch`."""

    @property
    def epoch(self) -> int: ...  # noqa: D102
    @property
    def loss(self) -> float | None: ...  # noqa: D102
    @property
    def genuine(self) -> float | None: ...  # noqa: D102
    @property
    def impostor(self) -> float | None: ...  # noqa: D102
    @property
    def active(self) -> float | None: ...  # noqa: D102
    @property
    def validation_genuine(self) -> float: ...  # noqa: D102
    @property
    def validation_impostor(self) -> float: ...  # noqa: D102
    @property
    def validation_tar(self) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class Distances:
    """Euclidean distances of test pairs, of one person and of two, by the vectors before and after."""

    before: tuple[Doubles, Doubles]
    after: tuple[Doubles, Doubles]


def curves(epochs: Sequence[Epoch], best: int, active: str) -> bytes:
    """Loss, distances, what is active and validation, epoch by epoch.

    Parameters
    ----------
    epochs
        What was measured.
    best
        The epoch that was kept.
    active
        What there is a share of, ``triplets`` or ``pairs``.
    """
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots(2, 2)
    number = [epoch.epoch for epoch in epochs]
    trained = [epoch for epoch in epochs if epoch.loss is not None]
    later = [epoch.epoch for epoch in trained]
    axes[0, 0].plot(later, [epoch.loss for epoch in trained], "o-", ms=3, color=_PLAIN)
    axes[0, 0].set(ylabel="loss of training batches", ylim=(0, None))
    for colour, name in ((_OWN, "genuine"), (_OTHER, "impostor")):
        axes[0, 1].plot(
            later, [getattr(epoch, name) for epoch in trained], "--", color=colour, label=f"{name}, training"
        )
        values = [getattr(epoch, f"validation_{name}") for epoch in epochs]
        axes[0, 1].plot(number, values, "o-", ms=3, color=colour, label=f"{name}, validation")
    axes[0, 1].set(ylabel="mean distance of pairs", ylim=(0, 1.5))
    axes[0, 1].legend(fontsize=8, loc="lower right")
    axes[1, 0].plot(later, [100 * (epoch.active or 0) for epoch in trained], "o-", ms=3, color=_PLAIN)
    axes[1, 0].set(ylabel=f"{active} that cost something, %", ylim=(0, None))
    axes[1, 1].plot(number, [epoch.validation_tar for epoch in epochs], "o-", ms=3, color=_PLAIN)
    axes[1, 1].axhline(epochs[0].validation_tar, color=_SOFT, linestyle=":", label="before training")
    axes[1, 1].axvline(best, color=_OWN, linestyle=":", label="kept")
    axes[1, 1].set(ylabel="validation: TAR at FMR 0.001")
    axes[1, 1].legend(fontsize=8)
    for one in axes.flat:
        one.set(xlabel="epoch", xlim=(0, max(1, number[-1])))
        one.xaxis.set_major_locator(MaxNLocator(integer=True))
        one.grid(alpha=0.3)
    return _png(figure)


def distances(found: Distances, titles: tuple[str, str]) -> bytes:
    """Distances of test pairs by the parent and by what was learned, which `titles` name."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    bins = np.linspace(0, 1.8, 73)
    for one, title, (own, other) in (
        (axes[0], titles[0], found.before),
        (axes[1], titles[1], found.after),
    ):
        for values, colour, name in ((own, _OWN, "one person"), (other, _OTHER, "two people")):
            one.hist(values, bins, density=True, color=colour, alpha=0.6, label=f"pairs of {name}")
        one.set(title=title, xlabel="distance", xlim=(0, 1.8))
    axes[0].set_ylabel("density of pairs")
    axes[0].legend(fontsize=8)
    return _png(figure)


def maps(vectors: Mapping[str, Floats], person: Rows) -> bytes:
    """Some people in two dimensions at several moments: t-SNE, each begun where the one before ended.

    Parameters
    ----------
    vectors
        Unit rows by what the moment is called, in the order of time.
    person
        int64, shape (n,): whose each row is, from 0.
    """
    figure = Figure(figsize=(3.3 * len(vectors), 3.5), layout="constrained")
    axes = figure.subplots(1, len(vectors), squeeze=False)[0]
    place: Any = "pca"
    for one, (name, rows) in zip(axes, vectors.items(), strict=True):
        perplexity = max(2.0, min(12.0, (len(rows) - 1) / 4))
        flat = TSNE(2, perplexity=perplexity, init=place, random_state=0).fit_transform(rows)
        place = (flat / max(float(flat[:, 0].std()), 1e-9) * 1e-2).astype(np.float32)
        for who in range(int(person.max()) + 1):
            chosen: npt.NDArray[np.bool_] = person == who
            one.scatter(*flat[chosen].T, s=14, color=f"C{who % 10}", marker="o^s"[who // 10 % 3], alpha=0.8)
        one.set(title=name, xticks=[], yticks=[])
    return _png(figure)


def triplets(shown: Sequence[ShownTriplet]) -> bytes:
    """Triplets with their faces, two in a row; those of whom a face is not at hand are left out."""
    whole = [(one, faces) for one in shown if (faces := [face for face in one.pictures if face])[2:]]
    rows = max(1, -(-len(whole) // 2))
    figure = Figure(figsize=(9, 2.1 * rows), layout="constrained")
    axes = figure.subplots(rows, 6, squeeze=False)
    for one in axes.flat:
        one.set_axis_off()
    for number, (one, faces) in enumerate(whole):
        row, first = divmod(number, 2)
        for column, (face, words) in enumerate(zip(faces, _captions(one), strict=True)):
            place = axes[row, 3 * first + column]
            place.imshow(Image.open(io.BytesIO(face)))
            place.set_title(words, fontsize=7)
    return _png(figure)


def _captions(one: ShownTriplet) -> tuple[str, str, str]:
    own, other = (
        f"{before:.2f} before, {after:.2f} after" for before, after in zip(one.before, one.after, strict=True)
    )
    name, stranger = (visible(person, 24).replace("$", r"\$") for person in one.people)
    return name, f"same person\n{own}", f"{stranger}\n{other}"


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()
