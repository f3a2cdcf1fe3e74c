"""``photoclust evaluate``: the clustering in force held against labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photoclust.cli import options

if TYPE_CHECKING:
    from photoclust.evaluate.evaluation import Evaluation


@click.command()
@options.index_argument_or_option
@click.option(
    "--labels",
    default="folders",
    show_default=True,
    metavar="folders|CSV",
    help="Who is who: the name of the folder a photo lies in, or a CSV with the columns photo and person.",
)
@click.option("--html", "html", type=options.Output(dir_okay=False), metavar="FILE", help="Write a page too.")
@options.json_option
def evaluate(index_dir: str, labels: str, html: str | None, as_json: bool) -> None:
    """Say how well the people found agree with people known.

    A label means the main face of its photo: large, and near the centre.

    \b
    Examples:
      photoclust evaluate ~/people --labels folders
      photoclust evaluate ~/people --labels truth.csv --html wrong.html
    """
    import json
    from pathlib import Path

    from photoclust.evaluate.evaluation import evaluate_groups
    from photoclust.evaluate.page import evaluation_page
    from photoclust.labelled import labelled_faces

    found = labelled_faces(index_dir, labels, thumbnails=html is not None)
    evaluation = evaluate_groups(found.people, found.groups)
    if html is not None:
        Path(html).write_text(evaluation_page(evaluation, found.photos, found.thumbnails), "utf-8")
    if as_json:
        click.echo(json.dumps(evaluation.to_dict() | {"photos": found.photos}, indent=2))
    else:
        _write(evaluation, found.photos)


def _write(evaluation: Evaluation, photos: list[str]) -> None:
    click.echo(
        f"{evaluation.faces} labelled faces of {evaluation.people} people, in {evaluation.groups} groups; "
        f"{evaluation.alone} alone"
    )
    for name, scores in (("Pairwise", evaluation.pairwise), ("BCubed", evaluation.bcubed)):
        click.echo(f"{name:9}F {scores.f:.3f}  precision {scores.precision:.3f}  recall {scores.recall:.3f}")
    click.echo(f"NMI      {evaluation.nmi:.3f}")
    click.echo(f"Split    {evaluation.split} people in more than one group")
    click.echo(f"Mixed    {evaluation.mixed} groups of more than one person")
    for offender in evaluation.worst:
        click.echo(f"\n{offender.kind} {_plain(offender.name)}: {offender.wrong_pairs} wrong pairs")
        for part in offender.parts:
            shown = ", ".join(_plain(photos[row]) for row in part.rows[:3])
            click.echo(
                f"  {len(part.rows):4} {_plain(part.name)}: {shown}{' ...' if len(part.rows) > 3 else ''}"
            )


def _plain(text: str) -> str:
    """Text that no terminal takes for a command."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
