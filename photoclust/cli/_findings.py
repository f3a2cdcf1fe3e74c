"""What `photoclust dedupe` says when it is done, to people and to programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from photoclust.workflows.dedupe import DedupeReport
    from photoclust.workflows.dedupe.answers import Answers

_SHOWN = 12  # findings of each kind, and problems, on a terminal


def say_findings(report: DedupeReport, as_json: bool) -> None:
    """Print findings and what to do next; `as_json` for programs."""
    if as_json:
        click.echo(json.dumps(_values(report), indent=2))
        return
    from photoclust.report.dedupe.findings import KINDS
    from photoclust.workflows.dedupe import labels, notes_on

    findings, counts = report.corrections.findings, _counts(report)
    click.echo(f"Looked at {len(report.audit.dataset.entries)} photos under {labels(report.audit)} labels")
    for kind, (heading, _) in KINDS.items():
        shown = [one for one in findings if one.kind == kind]
        click.echo(f"\n{heading}: {counts[kind]}")
        for one in shown[:_SHOWN]:
            click.echo(f"  {_percent(one.confidence):3d} %  {plain(one.title)}")
        if len(shown) > _SHOWN:
            click.echo(f"         and {len(shown) - _SHOWN} more")
    _say_notes([*report.answers.notes, *notes_on(report.audit)])
    _say_answers(report.answers)
    _say_written(report)


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


def _say_written(written: DedupeReport) -> None:
    if written.apply:
        moved, left_out = _changes(written)
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


def _changes(report: DedupeReport) -> tuple[int, int]:
    """Photos under another label, and photos left out, in the corrected data set."""
    pairs = zip(report.audit.dataset.entries, report.corrected, strict=True)
    changed = [label for entry, label in pairs if label != entry.label]
    return sum(label != "" for label in changed), sum(label == "" for label in changed)


def _counts(report: DedupeReport) -> dict[str, int]:
    from photoclust.report.dedupe.findings import KINDS

    return {kind: sum(one.kind == kind for one in report.corrections.findings) for kind in KINDS}


def _values(report: DedupeReport) -> dict[str, Any]:
    from photoclust.workflows.dedupe import labels

    moved, left_out = _changes(report)
    entries, unjudged = report.audit.dataset.entries, report.audit.unjudged
    applied = {"links": report.links, "moved": moved, "left_out": left_out}
    return {
        "photos": len(entries),
        "labels": labels(report.audit),
        "unjudged": {reason: len(numbers) for reason, numbers in unjudged.items()},
        "problems": [*report.answers.notes, *report.audit.dataset.problems],
        "refused": len(report.answers.refusals),
        "counts": _counts(report),
        "findings": [one.to_dict() for one in report.corrections.findings],
        "actions": [one.to_dict() for one in report.rows],
        "page": str(report.page.absolute()) if report.page else None,
        "applied": {"folder": str(report.apply.absolute())} | applied if report.apply else None,
    }


def _percent(confidence: float) -> int:
    """Rounded down: all but sure is not sure."""
    return min(int(confidence * 100), 99) if confidence < 1 else 100


def plain(text: str) -> str:
    """Text that no terminal takes for a command."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
