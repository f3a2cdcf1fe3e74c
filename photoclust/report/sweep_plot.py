"""A plot of what a setting does to the people found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from photoclust.errors import UsageError

_MARKS = ("o-", "s-")


def require_plot(file: Path) -> None:
    """Refuse, before the work, a plot that could not be written after it.

    Raises
    ------
    UsageError
        There is no such format, or the folder is not there.
    """
    kinds, ending = Figure().canvas.get_supported_filetypes(), file.suffix[1:].lower()
    if ending and ending not in kinds:
        raise UsageError(f"A plot cannot be written as .{ending}; .png, .svg and .pdf can.")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"The plot cannot be written to {file}: its folder does not exist.")


def draw_sweep(
    parameter: str,
    values: Sequence[float],
    people: Sequence[int],
    scores: Mapping[str, Sequence[float]],
    in_force: Sequence[float],
    file: Path,
) -> None:
    """Draw people found, and scores where there are labels, against a setting.

    Parameters
    ----------
    parameter
        The setting.
    values
        What it was set to.
    people
        How many people that gives.
    scores
        Two scores at most by their names, each in [0, 1] for every value; empty without labels.
    in_force
        The value that is in force, if any.
    file
        PNG, SVG or PDF.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    left = figure.add_subplot()
    left.plot(values, people, "o--", color="tab:gray", label="people")
    left.set(xlabel=parameter, ylabel="people", xscale="log" if parameter == "false_join_rate" else "linear")
    if scores:
        right = left.twinx()
        for mark, (name, score) in zip(_MARKS, scores.items(), strict=False):
            right.plot(values, score, mark, label=name)
        right.set_ylabel("F")
    for value in in_force:
        left.axvline(value, color="tab:gray", linestyle=":", linewidth=1, label="in force")
    figure.legend(loc="outside upper center", ncols=4)
    try:
        figure.savefig(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"The plot cannot be written to {file}: {error}") from error
