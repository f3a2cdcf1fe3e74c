"""``photoclust people suggest``: the questions whose answers put most faces right."""

from __future__ import annotations

import json
from typing import Any

import click

from photoclust.cli import options


@click.command()
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="Questions to ask."
)
@click.option(
    "--min-chance",
    type=options.Share(),
    default="1%",
    show_default=True,
    metavar="PERCENTAGE",
    help="Least chance of a yes that is worth a question.",
)
@options.index_option
@options.json_option
def suggest(most: int, min_chance: float, index_dir: str, as_json: bool) -> None:
    """Ask what is most worth asking: people who may be one, faces that may be somebody's, doubtful faces.

    A question is about 20 faces of a person at most, the most doubtful.

    Ordered by the faces that an answer is expected to put right. With each question stand the commands for
    yes and for no; what is answered is not asked again.

    \b
    Examples:
      photoclust people suggest --index ~/people
      photoclust people suggest --most 100 --json --index ~/people
    """
    from photoclust.cli.progress import say
    from photoclust.index.store import IndexStore
    from photoclust.suggesting import suggest as questions

    say("Weighing people against one another.")
    found = questions(IndexStore.open(index_dir), most, min_chance)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found:
        click.echo("There is nothing to ask.")
    for number, one in enumerate(found, 1):
        click.echo(f"{number}. {_question(one)}\n   yes: {one['yes']}\n   no:  {one['no']}")


def _question(one: dict[str, Any]) -> str:
    from photoclust.report.facts import percent

    who = " and ".join(one["called"])
    sure = f"{percent(one['chance'])} likely"
    if one["kind"] == "merge":
        return f"Are {who} one person? {sure}; {_faces(one['affected'])} would move."
    if one["kind"] == "join":
        return f"Is face {one['faces'][0]} {who}? {sure}."
    return (
        f"{'Is' if one['affected'] == 1 else 'Are'} {_faces(one['affected'])} of {who} somebody else? {sure}."
    )


def _faces(number: int) -> str:
    return f"{number} {'face' if number == 1 else 'faces'}"
