"""``photoclust explain``: why two faces are, or are not, one person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option
from photoclust.cli._questions import html_option, path, path_lines, write_page

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.report.questions_page import QuestionRow
    from photoclust.workflows.explain import Explanation, FaceWay

RAREST = 1e-5  # least rate of false matches that calibration measures


@click.command()
@click.argument("one", metavar="FACE|PERSON")
@click.argument("other", metavar="FACE|PERSON")
@html_option
@index_option
@_options.json_option
def explain(one: str, other: str, html: str | None, index_dir: Location, as_json: bool) -> None:
    """Explain why two faces, or two people, are or are not one person.

    For a person their cover stands. Says how far apart the two faces are and how often strangers are as
    close, the way between them in the neighbour graph and its weakest step, what speaks for their people
    being one against what a join needs, and the decisions that speak of both.

    \b
    Examples:
      photoclust explain "Ada Lovelace" 77a0 --index ~/people
      photoclust explain 5e0cf1 90bd6e --html why.html --index ~/people
      photoclust explain 5e0cf1 90bd6e --json --index ~/people
    """
    from photoclust.cli._progress import say
    from photoclust.index.store import IndexStore
    from photoclust.workflows.explain import explain as reasons

    say("Looking for the way between them.")
    store = IndexStore.open(index_dir)
    found = reasons(store, one, other)
    if html is not None:
        write_page(store, "explain", _shown(found), html)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
        return
    for line in _lines(found):
        click.echo(line)
    if found.faces[0] == found.faces[1]:
        return
    for side in found.sides:
        click.echo(f"{side.called}: {path(side.faces[0].uri)}")
    for line in (line for side in found.weakest for line in path_lines(side)):
        click.echo(f"Weakest step, {line}")


def _shown(found: Explanation) -> list[QuestionRow]:
    """The two faces and their people as the page shows them, and the weakest step between them."""
    from photoclust.report.questions_page import QuestionRow

    title, *reasons = _lines(found)
    pairs = [QuestionRow(title, _odds(found), tuple(reasons), found.sides)]
    if found.way and found.weakest:
        odds = f"distance {found.way.steps[found.way.weakest]:.3f}"
        title = "The weakest step of the strongest way between them"
        pairs.append(QuestionRow(title, odds, (), found.weakest))
    return pairs


def _odds(found: Explanation) -> str:
    from photoclust.report.facts import percent

    if found.chance is None:
        return "kept apart" if found.kept_apart else ""
    return f"{percent(found.chance)} likely one person"


def _lines(found: Explanation) -> list[str]:
    """The same in words."""
    from photoclust.report.names import visible

    if found.faces[0] == found.faces[1]:
        return [f"Both are face {found.faces[0]}; name another face, or another person."]
    verdict = "They are one person." if found.same_person else "They are not one person, as it stands."
    rate = found.false_match_rate
    often = _often(rate)
    needed, there = found.required_evidence, found.group_evidence
    enough = "enough" if there > needed and not found.too_poor else "not enough"
    lines = [
        verdict,
        f"Cosine distance {found.cosine_distance:.3f}, evidence {found.evidence:.1f}: as close as {often}.",
        f"Between their people the evidence is {there:.1f}; a join needs {needed:.1f}: {enough}.",
    ]
    if found.same_person:
        lines[2] = f"For the first face with the others of that person the evidence is {there:.1f}."
    if found.too_poor:
        lines[2] += " No evidence joins them: faces of low quality join people with better ones alone."
    if found.same_photo:
        lines.append("Both are in one photo.")
    if found.kept_apart:
        lines.append("A photo that both are in, or a decision, keeps them apart.")
    lines.append(_way(found.way))
    met = found.meeting_distance
    lines.append(
        f"They meet in one density cluster at distance {met:.3f}."
        if met
        else "No density cluster holds both."
    )
    lines += [
        f"Decision, line {said.line}: {said.kind} {visible(said.value)}".rstrip() for said in found.decisions
    ]
    return lines


def _often(rate: float) -> str:
    """How often strangers are as close, as far as that was measured."""
    if rate < RAREST:
        return f"fewer than one pair of strangers in {1 / RAREST:,.0f}"
    return f"one pair of strangers in {1 / rate:,.0f}" + ("" if rate < 0.01 else ", or more often")


def _way(way: FaceWay | None) -> str:
    if not way:
        return "No way leads from one to the other in the neighbour graph."
    steps, faces, number = way.steps, way.faces, way.weakest
    count = f"{len(steps)} {'step' if len(steps) == 1 else 'steps'}"
    return (
        f"The strongest way between them has {count}; the weakest, "
        f"from {faces[number][:8]} to {faces[number + 1][:8]}, has distance {steps[number]:.3f}."
    )
