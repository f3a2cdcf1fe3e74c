"""``photoclust cluster --embeddings``: vectors of a file instead of an index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._nearby import WITHOUT_INDEX
from photoclust.cli._types import Output
from photoclust.errors import UsageError

if TYPE_CHECKING:
    from photoclust.config import ClusterConfig
    from photoclust.people.embeddings import EmbeddingGroups

_SHOWN = 20  # people on a terminal


def _no_index(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        ctx.meta[WITHOUT_INDEX] = True
    return value


def embeddings_options(command: _options.Command) -> _options.Command:
    """``--embeddings`` and what goes with it."""
    options = (
        click.option(
            "--embeddings",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE",
            is_eager=True,
            callback=_no_index,
            help="Group the vectors of this file instead of an index: a .npy file, or Parquet with a column "
            "embedding and, if you like, photo_id, quality, face_id, and x0, y0, x1, y1. Needs --model or "
            "--threshold.",
        ),
        click.option("--model", metavar="NAME", help="The model that made them, if it is casia-webface."),
        click.option(
            "--threshold",
            type=float,
            metavar="DISTANCE",
            help="Of any other model the cosine distance at which two faces are as likely one person as two.",
        ),
        click.option(
            "--output",
            type=Output(dir_okay=False),
            metavar="FILE",
            help="Write who each vector is, as .csv or .parquet.",
        ),
        click.option("--force", is_flag=True, default=None, help="Replace an existing --output FILE."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def take_embeddings(values: dict[str, Any]) -> dict[str, Any]:
    """Take the values of `embeddings_options` out of `values`.

    Raises
    ------
    UsageError
        Some are given without ``--embeddings``.
    """
    given = _options.take(values, "embeddings", "model", "threshold", "output", "force")
    if given and "embeddings" not in given:
        raise UsageError(f"--{next(iter(given))} goes with --embeddings FILE; an index knows its model.")
    return given


def cluster_embeddings(given: dict[str, Any], config: ClusterConfig, as_json: bool) -> None:
    """Group the vectors of a file and say who is who."""
    from photoclust.workflows.embeddings import read_embeddings, require_output, write_outcome

    output = Path(given["output"]) if "output" in given else None
    if output:
        require_output(output, "force" in given)
    table = read_embeddings(Path(given["embeddings"]))
    groups = table.group(given.get("model"), given.get("threshold"), config)
    if output:
        write_outcome(table.outcome(groups), output, "force" in given)
    if as_json:
        click.echo(json.dumps(_values(groups), indent=2))
        return
    _write(groups)
    click.echo(f"\nWrote {output}." if output else "\nNext: add --output FILE for the person of each vector")


def _values(groups: EmbeddingGroups) -> dict[str, Any]:
    return {
        "vectors": len(groups),
        "people": groups.people,
        "in_people": int((groups.labels >= 0).sum()),
        "labels": groups.labels.tolist(),
        "probabilities": [round(float(one), 4) for one in groups.probabilities],
        "status": groups.status.tolist(),
    }


def _write(groups: EmbeddingGroups) -> None:
    """The largest people, and how many there are."""
    import numpy as np

    from photoclust.report.facts import percent

    inside = groups.labels >= 0
    size = np.bincount(groups.labels[inside], minlength=groups.people)
    right = np.bincount(groups.labels[inside], groups.probabilities[inside], groups.people)
    click.echo(f"Vectors  {len(groups)}: {int(inside.sum())} in people")
    click.echo(f"People   {groups.people}")
    order = np.argsort(-size, kind="stable")
    if len(order):
        click.echo(f"\n{'label':>7}  {'vectors':>7}  expected right")
    for person in order[:_SHOWN].tolist():
        click.echo(f"{person:>7}  {size[person]:>7}  {percent(float(right[person] / size[person])):>14}")
    if len(order) > _SHOWN:
        click.echo(f"and {len(order) - _SHOWN} more people; --json and --output name all")
