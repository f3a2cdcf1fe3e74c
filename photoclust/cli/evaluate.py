"""``photoclust evaluate``: the clustering in force, and its confidence, held against labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_argument_or_option
from photoclust.cli._protocols import say_identification, say_verification
from photoclust.cli._types import Output

if TYPE_CHECKING:
    from photoclust.evaluate.confidence import ConfidenceCheck
    from photoclust.evaluate.evaluation import Evaluation, Part
    from photoclust.evaluate.nearness import Tenth
    from photoclust.evaluate.reliability import Bin, Reliability
    from photoclust.index.place import Location
    from photoclust.workflows.snapshot.labelled import LabelledFaces

_SHOWN = 20  # of the worst, on a terminal
_SURE_SHOWN = 5


@click.command()
@index_argument_or_option
@click.option(
    "--labels",
    default="folders",
    show_default=True,
    metavar="folders|CSV",
    help="Who is who: the name of the folder a photo lies in, or a CSV with the columns photo and person. "
    "A photo is named by its path, by its path from the CSV's folder, or by its URI.",
)
@click.option(
    "--protocol",
    type=click.Choice(["grouping", "verification", "identification"]),
    default="grouping",
    show_default=True,
    help="Test the grouping; or the faces themselves: whether pairs are told apart (verification), whether "
    "people known by one photo are found (identification).",
)
@click.option(
    "--pairs",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="With --protocol verification: pairs in the format of LFW's pairs.txt; by default those of labels.",
)
@click.option(
    "--plots",
    type=Output(file_okay=False),
    metavar="DIR",
    help="With --protocol verification: write distances, ROC, DET and calibration as PNG and SVG.",
)
@click.option("--html", "html", type=Output(dir_okay=False), metavar="FILE", help="Write a page too.")
@_options.json_option
def evaluate(
    index_dir: Location,
    labels: str,
    protocol: str,
    pairs: str | None,
    plots: str | None,
    html: str | None,
    as_json: bool,
) -> None:
    """Say how well the people found agree with people known, and whether confidence is honest.

    A label means the main face of its photo: large, and near the centre; faces without a label are not
    counted. A face is right in its group if more than half of the labelled faces there are the same
    person, and confidence is honest if of the faces said to be 90 % sure nine in ten are right.

    The other protocols need no grouping. Errors are named as in ISO/IEC 19795-1: false match rate (FMR),
    false non-match rate (FNMR), false positive and false negative identification rate (FPIR, FNIR).

    \b
    Examples:
      photoclust evaluate ~/people --labels folders
      photoclust evaluate ~/people --labels truth.csv --html wrong.html
      photoclust evaluate ~/people --protocol verification --pairs pairs.txt --plots plots/
      photoclust evaluate ~/people --protocol identification --json
    """
    if protocol != "verification" and (pairs or plots):
        raise click.UsageError("--pairs and --plots belong to --protocol verification.")
    if protocol == "verification":
        say_verification(index_dir, labels, pairs, html, plots, as_json)
    elif protocol == "identification":
        say_identification(index_dir, labels, html, as_json)
    else:
        _grouping(index_dir, labels, html, as_json)


def _grouping(index_dir: Location, labels: str, html: str | None, as_json: bool) -> None:
    """Hold the grouping against labels, and write what was asked for."""
    from photoclust.workflows.evaluate import evaluate as workflow
    from photoclust.workflows.evaluate import write_evaluation_page

    report = workflow(index_dir, labels)
    if html is not None:
        write_evaluation_page(report, index_dir, Path(html))
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2))
        return
    found = report.labelled
    _say_scores(report.evaluation)
    _say_nearness(report.by_nearness)
    _say_confidence(report.confidence)
    _say_sure_but_wrong(report.confidence, found)
    _say_worst(report.evaluation, found)
    for note in found.notes:
        click.echo(f"\nNote: {_plain(note, 600)}")


def _say_scores(evaluation: Evaluation) -> None:
    people = _counted(evaluation.people, "person", "people")
    click.echo(
        f"{_counted(evaluation.faces, 'labelled face')} of {people}, "
        f"in {_counted(evaluation.groups, 'group')}; {evaluation.alone} alone"
    )
    if evaluation.people == 1:
        click.echo("All labels name one person, so that nothing can be said of people taken for one another.")
    for name, scores in (("Pairwise", evaluation.pairwise), ("BCubed", evaluation.bcubed)):
        click.echo(f"{name:9}F {scores.f:.3f}  precision {scores.precision:.3f}  recall {scores.recall:.3f}")
    click.echo(f"NMI      {evaluation.nmi:.3f}")
    click.echo(f"Split    {_counted(evaluation.split, 'person', 'people')} in more than one group")
    click.echo(f"Mixed    {_counted(evaluation.mixed, 'group')} of more than one person")


def _say_nearness(tenths: tuple[Tenth, ...]) -> None:
    if not tenths:
        return
    click.echo("\nBy how near the nearest other person is (cosine similarity of templates; BCubed)")
    click.echo(f"  {'similarity':>14}  people  faces  precision  recall")
    for one in tenths:
        near = f"{one.low:.2f} to {one.high:.2f}"
        click.echo(
            f"  {near:>14}  {one.people:>6}  {one.faces:>5}  {one.precision:>9.3f}  {one.recall:>6.3f}"
        )


def _say_confidence(check: ConfidenceCheck) -> None:
    click.echo("\nConfidence")
    if check.faces.overall is None:
        click.echo("  Nothing can be said: no labelled face is in a group with another labelled face.")
    for things, found in (("faces", check.faces), ("people", check.people)):
        if found.overall is not None:
            _say_reliability(things, found, found.overall)
    if check.unjudged:
        click.echo(f"  Not judged: {check.unjudged} in a group with no other labelled face")
    if check.decided:
        click.echo(f"  Not judged: {check.decided} whose place was decided by a person")


def _say_reliability(things: str, found: Reliability, overall: Bin) -> None:
    click.echo(f"  {'said':>12}  {things:>7}  mean said   right  95 % interval")
    for one in found.bins:
        click.echo(f"  {f'{one.low:4.0%} to {one.high:4.0%}':>12}  {_in_a_row(one)}")
    if len(found.bins) > 1:
        click.echo(f"  {'all':>12}  {_in_a_row(overall)}")
    chance = f"up to {found.calibration_error_by_chance:.3f} by chance alone"
    click.echo(
        f"  Expected calibration error {found.calibration_error:.3f} ({chance}), Brier {found.brier:.3f}\n"
    )


def _in_a_row(one: Bin) -> str:
    interval = f"{one.right_low:6.1%} to {one.right_high:6.1%}"
    verdict = "" if one.verdict == "honest" else f"  {one.verdict}"
    return f"{one.count:>7}  {one.said:>9.1%}  {one.right:>6.1%}  {interval}{verdict}"


def _say_sure_but_wrong(check: ConfidenceCheck, found: LabelledFaces) -> None:
    wrong = check.sure_but_wrong
    if check.faces.overall is not None:
        click.echo(f"Said to be sure, and wrong: {len(wrong)}")
    for one in wrong[:_SURE_SHOWN]:
        among = f"among faces of {_plain(one.mostly)}" if one.mostly else f"with {_plain(one.others[0])}"
        sure = f"{_percent(one.confidence):>4}"
        click.echo(f"  {sure} {_plain(one.person)}, {among}: {_plain(found.photos[one.row], 400)}")
    _say_more(len(wrong) - _SURE_SHOWN, "  ")


def _say_worst(evaluation: Evaluation, found: LabelledFaces) -> None:
    for offender in evaluation.worst[:_SHOWN]:
        name = _called(offender.name, found) if offender.kind == "mixed" else _plain(offender.name)
        click.echo(f"\n{offender.kind} {name}: {_counted(offender.wrong_pairs, 'wrong pair')}")
        for part in offender.parts:
            if part.name:
                _say_part(part, _called(part.name, found), found)
        alone = tuple(row for part in offender.parts if not part.name for row in part.rows)
        if alone:
            _say_part(type(offender.parts[0])("", alone), "alone", found)
    if len(evaluation.worst) > _SHOWN:
        click.echo("")
    _say_more(len(evaluation.worst) - _SHOWN, "")


def _say_part(part: Part, name: str, found: LabelledFaces) -> None:
    shown = ", ".join(_face(row, found) for row in part.rows[:3])
    click.echo(f"  {len(part.rows):4} {name}: {shown}{' ...' if len(part.rows) > 3 else ''}")


def _say_more(count: int, indent: str) -> None:
    if count > 0:
        click.echo(f"{indent}and {count} more; --html shows them, --json lists them")


def _face(row: int, found: LabelledFaces) -> str:
    sure = f" ({_percent(found.confidence[row])})" if found.groups[row] else ""
    return f"{_plain(found.photos[row], 400)}{sure}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _called(name: str, found: LabelledFaces) -> str:
    """A group by its name, where it has one, and its id."""
    known = found.names.get(name)
    return f"{_plain(known)} ({name})" if known else _plain(name)


def _percent(confidence: float) -> str:
    from photoclust.report.facts import percent

    return percent(confidence)


def _plain(text: str, most: int = 80) -> str:
    """Text that no terminal takes for a command."""
    from photoclust.report.names import visible

    return visible(text, most)
