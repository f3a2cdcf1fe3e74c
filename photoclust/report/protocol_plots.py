"""Plots of a verification test: distances, ROC, DET, calibration and a map, as PNG and SVG."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy.stats import norm

from photoclust.records import printable
from photoclust.report.output import output_file, reported
from photoclust.types import Doubles, Floats

_LEAST = 1e-5  # rates that are shown
_TICKS = (1e-4, 1e-3, 1e-2, 0.1, 0.4)


class Pairs(Protocol):
    """What is shown of pairs; see `photoclust.evaluate.verification.ScoredPairs`."""

    @property
    def similarity(self) -> Doubles: ...  # noqa: D102
    @property
    def same(self) -> npt.NDArray[np.bool_]: ...  # noqa: D102
    @property
    def weight(self) -> Doubles: ...  # noqa: D102
    def weighted(self, same: bool) -> tuple[Doubles, Doubles]: ...  # noqa: D102


class Point(Protocol):
    """What is shown of an operating point; see `photoclust.evaluate.verification.OperatingPoint`."""

    @property
    def similarity(self) -> float | None: ...  # noqa: D102
    @property
    def false_match_rate(self) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class ShownPerson:
    """Somebody on the map: what they are called, and unit rows of their photos."""

    name: str
    vectors: Floats


@dataclass(frozen=True)
class Curves:
    """What the plots show.

    Attributes
    ----------
    pairs
        The pairs.
    thresholds, fmr, fnmr
        Of `photoclust.evaluate.verification.error_rates`.
    evidence
        float64, shape (n,): logarithms of likelihood ratios; None of a model without calibration.
    points
        Operating points.
    shown
        People for the map; it is left out where there are fewer than two.
    """

    pairs: Pairs
    thresholds: Doubles
    fmr: Doubles
    fnmr: Doubles
    evidence: Doubles | None
    points: Sequence[Point]
    shown: Sequence[ShownPerson] = ()


def write_plots(curves: Curves, folder: Path) -> list[Path]:
    """Write each plot as PNG and as SVG into a folder, which is made where it is not there.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    with reported(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written: list[Path] = []
    for name, draw in plots(curves).items():
        for kind in ("png", "svg"):
            written.append(folder / f"{name}.{kind}")
            with output_file(written[-1].resolve()) as stream:
                stream.write(image(draw, kind))
    return written


def plots(curves: Curves) -> dict[str, Callable[[Any], None]]:
    """What draws each plot, by its name."""
    found: dict[str, Callable[[Any], None]] = {
        "distances": lambda axes: _distances(axes, curves),
        "roc": lambda axes: _roc(axes, curves),
        "det": lambda axes: _det(axes, curves),
    }
    if curves.evidence is not None:
        found["calibration"] = lambda axes: _calibration(axes, curves.pairs, curves.evidence)
    if len(curves.shown) > 1:
        found["map"] = lambda axes: _map(axes, curves.shown)
    return found


def image(draw: Callable[[Any], None], kind: str) -> bytes:
    """A plot in a format; the same each time."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    draw(figure.add_subplot())
    content = io.BytesIO()
    figure.savefig(content, format=kind, metadata={"Date": None} if kind == "svg" else None, dpi=150)
    return content.getvalue()


def _distances(axes: Any, curves: Curves) -> None:
    pairs = curves.pairs
    bins = np.linspace(0, max(1.2, float(1 - pairs.similarity.min())), 80)
    for same, name in ((True, "genuine"), (False, "impostor")):
        values, weight = pairs.weighted(same)
        axes.hist(1 - values, bins, weights=weight, density=True, alpha=0.6, label=f"{name} pairs")
    for point in curves.points:
        if point.similarity is not None:
            axes.axvline(1 - point.similarity, color="black", linestyle=":", linewidth=1)
            where = (1 - point.similarity, 0.98)
            said = f"FMR {point.false_match_rate:g}"
            axes.annotate(
                said, where, (-3, 0), ("data", "axes fraction"), "offset points",
                rotation=90, va="top", ha="right", fontsize=8,
            )  # fmt: skip
    axes.set(xlabel="distance", ylabel="density of pairs")
    axes.legend()


def _roc(axes: Any, curves: Curves) -> None:
    axes.plot(np.maximum(curves.fmr, _LEAST), 1 - curves.fnmr, drawstyle="steps-post")
    axes.set(xscale="log", xlim=(_LEAST, 1), ylim=(0.5, 1.005))
    axes.set(xlabel="false match rate", ylabel="true accept rate (1 − FNMR)")
    axes.grid(alpha=0.3)


def _det(axes: Any, curves: Curves) -> None:
    clip = np.clip(curves.fmr, _LEAST, 0.6), np.clip(curves.fnmr, _LEAST, 0.6)
    axes.plot(norm.ppf(clip[0]), norm.ppf(clip[1]))
    places = norm.ppf(_TICKS)
    names = [f"{100 * tick:g} %" for tick in _TICKS]
    axes.set_xticks(places, names)
    axes.set_yticks(places, names)
    axes.set(xlabel="false match rate", ylabel="false non-match rate", xlim=norm.ppf((_LEAST, 0.6)))
    axes.set_ylim(norm.ppf((_LEAST, 0.6)))
    axes.grid(alpha=0.3)


def _calibration(axes: Any, pairs: Pairs, evidence: Doubles | None) -> None:
    """Share of genuine pairs about each probability, both kinds counting the same."""
    if evidence is None:
        return
    weight = np.where(
        pairs.same,
        pairs.weight / pairs.weight[pairs.same].sum(),
        pairs.weight / pairs.weight[~pairs.same].sum(),
    )
    place = np.clip(np.digitize(evidence, np.linspace(-6, 6, 13)), 0, 13)
    total, same, said = (
        np.bincount(place, weight * values, 14) for values in (1.0, pairs.same, 1 / (1 + np.exp(-evidence)))
    )
    there = total > 0
    axes.plot([0, 1], [0, 1], color="gray", linestyle="--", linewidth=1)
    axes.plot(said[there] / total[there], same[there] / total[there], "o-")
    axes.set(xlabel="probability said", ylabel="share of genuine pairs")
    axes.grid(alpha=0.3)


def _map(axes: Any, shown: Sequence[ShownPerson]) -> None:
    """People in two dimensions, by t-SNE: who is near is near, but widths and distances mean nothing."""
    from sklearn.manifold import TSNE  # slow to import, for this alone

    rows = np.concatenate([one.vectors for one in shown])
    perplexity = max(1.0, min(12.0, (len(rows) - 1) / 4))
    flat = TSNE(2, perplexity=perplexity, init="pca", random_state=0).fit_transform(rows)
    ends = np.cumsum([len(one.vectors) for one in shown])
    for number, (one, own) in enumerate(zip(shown, np.split(flat, ends[:-1]), strict=True)):
        name, marker = printable(one.name)[:30], "o^s"[number // 10 % 3]
        axes.scatter(*own.T, s=14, color=f"C{number % 10}", marker=marker, alpha=0.8, label=name)
    axes.set(xticks=[], yticks=[])
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
