"""What `photoclust dedupe` says when it is done, to people and to programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from photoclust.report.dedupe.actions import ActionRow
    from photoclust.workflows.dedupe.answers import Answers
    from photoclust.workflows.dedupe.auditing import Audit
    from photoclust.workflows.dedupe.proposals import LabelCorrections

_SHOWN = 12  # findings of each kind, and problems, on a terminal


@dataclass(frozen=True)
class Written:
    """What ``dedupe`` has written, and after which answers.

    Attributes
    ----------
    answers
        What was answered to the report before.
    rows
        What is done with each photo that a finding touches.
    corrected
        Label of each entry in the corrected data set; ``""`` where it is left out.
    page, apply
        The page and the folder of the corrected data set, where they were asked for.
    links
        How many links that holds.
    """

    answers: Answers
    rows: list[ActionRow]
    corrected: list[str]
    page: Path | None
    apply: Path | None
    links: int


def labels(audit: Audit) -> int:
    """How many labels the data set has."""
    return len({entry.label for entry in audit.dataset.entries})


def notes_on(audit: Audit) -> list[str]:
    """What could not be judged or used."""
    failed = len(audit.unjudged["failed"])
    photos = "1 photo" if failed == 1 else f"{failed:,} photos"
    notes = [f"{photos} could not be read; they are kept as they are."] if failed else []
    return [*notes, *audit.dataset.problems]


def say_findings(audit: Audit, proposals: LabelCorrections, written: Written, as_json: bool) -> None:
    """Print findings and what to do next.

    Parameters
    ----------
    audit, proposals
        What was looked at and what came out.
    written
        What was written, and what was answered before.
    as_json
        For programs.
    """
    if as_json:
        click.echo(json.dumps(_values(audit, proposals, written), indent=2))
        return
    from photoclust.report.dedupe.findings import KINDS

    counts = _counts(proposals)
    click.echo(f"Looked at {len(audit.dataset.entries)} photos under {labels(audit)} labels")
    for kind, (heading, _) in KINDS.items():
        shown = [one for one in proposals.findings if one.kind == kind]
        click.echo(f"\n{heading}: {counts[kind]}")
        for one in shown[:_SHOWN]:
            click.echo(f"  {_percent(one.confidence):3d} %  {plain(one.title)}")
        if len(shown) > _SHOWN:
            click.echo(f"         and {len(shown) - _SHOWN} more")
    _say_notes([*written.answers.notes, *notes_on(audit)])
    _say_answers(written.answers)
    _say_written(audit, written)


def _say_notes(notes: list[str]) -> None:
    if notes:
        click.echo("")
    for note in notes[:_SHOWN]:
        click.echo(f"Note: {plain(note)}")
    if len(notes) > _SHOWN:
        click.echo(f"      and {len(notes) - _SHOWN} more")


def _say_answers(answers: Answers) -> None:
    from photoclust.workflows.dedupe.answers import REFUSED

    told = [
        f"{count:,} {what}"
        for count, what in (
            (len(answers.edits), "proposals with your changes"),
            (answers.new, "refused since the last run"),
            (len(answers.refusals), f"refused in all, see {REFUSED}"),
        )
        if count
    ]
    if told:
        click.echo(f"\nYour answers: {', '.join(told)}")


def _say_written(audit: Audit, written: Written) -> None:
    if written.apply:
        moved, left_out = _changes(audit, written.corrected)
        click.echo(
            f"\nWrote {written.links:,} links to {written.apply}: {moved:,} "
            f"{'photo' if moved == 1 else 'photos'} under another label, {left_out:,} left out."
        )
    if written.page:
        table = written.page.parent / "actions.csv"
        add = "" if written.apply else ", and add --apply DIR for what you accept"
        click.echo(f"\nNext: open {written.page}, say yes or no in {table}{add}")
    else:
        click.echo("\nNext: add --output DIR for a page to look at and a table of what to do")


def _changes(audit: Audit, corrected: list[str]) -> tuple[int, int]:
    """Photos under another label, and photos left out, in the corrected data set."""
    pairs = zip(audit.dataset.entries, corrected, strict=True)
    changed = [label for entry, label in pairs if label != entry.label]
    return sum(label != "" for label in changed), sum(label == "" for label in changed)


def _counts(proposals: LabelCorrections) -> dict[str, int]:
    from photoclust.report.dedupe.findings import KINDS

    return {kind: sum(one.kind == kind for one in proposals.findings) for kind in KINDS}


def _values(audit: Audit, proposals: LabelCorrections, written: Written) -> dict[str, Any]:
    moved, left_out = _changes(audit, written.corrected)
    return {
        "photos": len(audit.dataset.entries),
        "labels": labels(audit),
        "unjudged": {reason: len(numbers) for reason, numbers in audit.unjudged.items()},
        "problems": [*written.answers.notes, *audit.dataset.problems],
        "refused": len(written.answers.refusals),
        "counts": _counts(proposals),
        "findings": [one.to_dict() for one in proposals.findings],
        "actions": [one.to_dict() for one in written.rows],
        "page": str(written.page.absolute()) if written.page else None,
        "applied": (
            {
                "folder": str(written.apply.absolute()),
                "links": written.links,
                "moved": moved,
                "left_out": left_out,
            }
            if written.apply
            else None
        ),
    }


def _percent(confidence: float) -> int:
    """Rounded down: all but sure is not sure."""
    return min(int(confidence * 100), 99) if confidence < 1 else 100


def plain(text: str) -> str:
    """Text that no terminal takes for a command."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
