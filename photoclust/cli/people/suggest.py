"""``photoclust people suggest``: the questions whose answers put most faces right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option
from photoclust.cli._questions import html_option, path_lines, write_page
from photoclust.cli._types import Share

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.report.questions_page import QuestionRow
    from photoclust.workflows.people.suggest import Question


@click.command()
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="Questions to ask."
)
@click.option(
    "--min-chance",
    type=Share(),
    default="1%",
    show_default=True,
    metavar="PERCENTAGE",
    help="Least chance of a yes that is worth a question.",
)
@html_option
@index_option
@_options.json_option
def suggest(most: int, min_chance: float, html: str | None, index_dir: Location, as_json: bool) -> None:
    """Ask what is most worth asking: people and faces that may be one, and doubtful faces.

    A question is about 20 faces of a person at most, the most doubtful.

    Ordered by the faces that an answer is expected to put right. With each question stand the commands for
    yes and for no; what is answered is not asked again.

    \b
    Examples:
      photoclust people suggest --index ~/people
      photoclust people suggest --html questions.html --index ~/people
      photoclust people suggest --most 100 --json --index ~/people
    """
    from photoclust.cli._progress import say
    from photoclust.index.store import IndexStore
    from photoclust.workflows.people.suggest import suggest as questions

    say("Weighing people against one another.")
    store = IndexStore.open(index_dir)
    found = questions(store, most, min_chance)
    if html is not None:
        write_page(store, "people suggest", [_shown(one) for one in found], html)
    if as_json:
        click.echo(json.dumps([one.to_dict() for one in found], indent=2))
        return
    if not found:
        click.echo("There is nothing to ask.")
    for number, one in enumerate(found, 1):
        paths = [line for side in one.sides for line in path_lines(side)]
        lines = [_question(one), *paths, f"yes: {one.yes}", f"no:  {one.no}"]
        click.echo(f"{number}. " + "\n   ".join(lines))


def _shown(one: Question) -> QuestionRow:
    """A question as the page shows it."""
    from photoclust.report.facts import percent
    from photoclust.report.questions_page import QuestionRow

    reason = "The chance is the mean of how unsure each of the faces is of this person."
    if one.evidence is not None:
        reason = f"The evidence that they are one person is {one.evidence:.1f} (log-likelihood ratio)."
    reasons = reason, f"A yes is expected to put {one.gain:.1f} faces right."
    commands = ("yes", one.yes), ("no", one.no)
    return QuestionRow(_question(one), f"{percent(one.chance)} likely", reasons, one.sides, commands)


def _question(one: Question) -> str:
    from photoclust.report.facts import percent

    who = " and ".join(one.called)
    sure = f"{percent(one.chance)} likely"
    if one.kind == "merge":
        return f"Are {who} one person? {sure}; {_faces(one.affected)} would move."
    if one.kind == "join":
        return f"Is face {one.faces[0]} {who}? {sure}."
    if one.kind == "pair":
        return f"Are faces {' and '.join(one.faces)} one person? {sure}."
    verb = "Is" if one.affected == 1 else "Are"
    return f"{verb} {_faces(one.affected)} of {who} somebody else? {sure}."


def _faces(number: int) -> str:
    return f"{number} {'face' if number == 1 else 'faces'}"
