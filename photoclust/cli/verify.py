"""``photoclust verify``: whether two photos show the same person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._types import Output, Share

if TYPE_CHECKING:
    from photoclust.workflows.verify import Verification

_SHOWN = 10  # pairs of faces on a terminal
DIFFERENT = 3  # exit code
RAREST = 1.0001e-5  # least false match rate that was measured


@click.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option(
    "--fmr",
    "false_match_rate",
    type=float,
    default=1e-3,
    show_default=True,
    metavar="RATE",
    help="False match rate, from 1e-5 to 0.1: how often photos of two people may be taken for one person. "
    "It gives the threshold.",
)
@click.option(
    "--threshold",
    type=float,
    metavar="DISTANCE",
    help="Greatest distance of one person, instead of --fmr; needed for a model that was not calibrated.",
)
@click.option(
    "--prior",
    type=Share(),
    default="50%",
    show_default=True,
    metavar="PERCENTAGE",
    help="How likely it was, before looking, that the two are one person.",
)
@click.option(
    "--face",
    "faces",
    type=click.IntRange(1),
    multiple=True,
    metavar="N",
    help="Look at face N of A alone, counted from the clearest; given twice, at the second of B.",
)
@click.option("--model", default=None, metavar="NAME", help="Embedding model; see `photoclust models`.")
@click.option(
    "--picture",
    type=Output(dir_okay=False),
    metavar="OUT.png",
    help="Write a picture of both photos, with boxes and the verdict.",
)
@_options.json_option
@click.pass_context
def verify(
    ctx: click.Context,
    one: str,
    other: str,
    faces: tuple[int, ...],
    model: str | None,
    picture: str | None,
    as_json: bool,
    **values: float,
) -> None:
    """Say whether two photos show the same person.

    Faces are found and embedded as `photoclust index` does it. Of photos with several faces every pair is
    looked at, and the closest decides: each pair gets its share of the false match rate. The verdict follows
    from a distance and a threshold, which stands for a false match rate; beside it stands how likely it is
    that the two are one person, with the interval in which that lies for other people than those it was
    measured on.

    The exit code is 0 for the same person and 3 for different people, 1 for a failure, 2 for a mistake in the
    command.

    \b
    Examples:
      photoclust verify passport.jpg visitor.jpg
      photoclust verify a.jpg b.jpg --fmr 1e-4 --picture verdict.png
      photoclust verify ada.jpg party.jpg --json
    """
    from photoclust.config import EmbedConfig
    from photoclust.workflows.verify import VerifyOptions
    from photoclust.workflows.verify import verify as workflow

    if len(faces) > 2:
        raise click.UsageError("--face is given once for A, and once more for B.")
    mine, theirs = (*faces, None, None)[:2]
    options = VerifyOptions(**values, model=model or EmbedConfig.model, face=mine, other_face=theirs)
    found = workflow(one, other, options, Path(picture) if picture else None)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
    else:
        _say(found)
    ctx.exit(0 if found.verified else DIFFERENT)


def _say(found: Verification) -> None:
    from photoclust.report.verdict import one_in

    for line in found.lines():
        click.echo(line)
    if found.best.false_match_rate is not None:
        rarest = " or fewer" if found.best.false_match_rate <= RAREST else ""
        click.echo(f"Of the pairs of two people {one_in(found.best.false_match_rate)}{rarest} are as close.")
    if found.same_picture:
        click.echo("Both files hold the same picture.")
    for note in found.notes:
        click.echo(f"Note: {note}")
    if len(found.pairs) > 1:
        _say_pairs(found)


def _say_pairs(found: Verification) -> None:
    """Which faces were looked at, and what a verdict from several pairs is worth."""
    from photoclust.report.verdict import chance

    one, other = found.best.faces
    click.echo(
        f"\n{len(found.pairs)} pairs of faces, each with its share of the false match rate and of the prior; "
        f"face {one} of A and face {other} of B are closest. --face looks at one."
    )
    click.echo(f"{'A':>5} {'B':>4}  distance")
    for pair in found.pairs[:_SHOWN]:
        likely = "" if pair.probability is None else f"  {chance(pair)} likely the same"
        click.echo(f"{pair.faces[0]:>5} {pair.faces[1]:>4}  {pair.distance:8.3f}{likely}")
    if len(found.pairs) > _SHOWN:
        click.echo(f"and {len(found.pairs) - _SHOWN} more; --json lists them")
