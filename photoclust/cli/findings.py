"""What `photoclust dedupe` says when it is done, to people and to programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from photoclust.auditing import Audit
    from photoclust.proposals import Proposals

_SHOWN = 12  # findings of each kind, and problems, on a terminal


def labels(audit: Audit) -> int:
    """How many labels the data set has."""
    return len({entry.label for entry in audit.dataset.entries})


def notes_on(audit: Audit) -> list[str]:
    """What could not be judged or used."""
    words = {
        "failed": "could not be read",
        "no_face": "show no face",
        "low_quality": "show no face clear enough to judge",
    }
    counted = [
        f"{count} {'photo' if count == 1 else 'photos'} {words[reason]}"
        for reason, count in audit.unjudged.items()
        if count
    ]
    notes = [f"{', '.join(counted)}; they are kept as they are."] if counted else []
    return [*notes, *audit.dataset.problems]


def say_findings(audit: Audit, proposals: Proposals, written: dict[str, Any], as_json: bool) -> None:
    """Print findings and what to do next.

    Parameters
    ----------
    audit, proposals
        What was looked at and what came out.
    written
        ``page`` and ``apply``, paths or None, and the number of ``links``.
    as_json
        For programs.
    """
    if as_json:
        click.echo(json.dumps(_values(audit, proposals, written), indent=2))
        return
    from photoclust.report.findings import KINDS

    counts = _counts(proposals)
    click.echo(f"Looked at {len(audit.dataset.entries)} photos under {labels(audit)} labels")
    for kind, (heading, _) in KINDS.items():
        shown = [one for one in proposals.findings if one.kind == kind]
        click.echo(f"\n{heading}: {counts[kind]}")
        for one in shown[:_SHOWN]:
            click.echo(f"  {_percent(one.confidence):3d} %  {plain(one.title)}")
        if len(shown) > _SHOWN:
            click.echo(f"         and {len(shown) - _SHOWN} more")
    _say_notes(notes_on(audit))
    _say_written(audit, proposals, written)


def _say_notes(notes: list[str]) -> None:
    if notes:
        click.echo("")
    for note in notes[:_SHOWN]:
        click.echo(f"Note: {plain(note)}")
    if len(notes) > _SHOWN:
        click.echo(f"      and {len(notes) - _SHOWN} more")


def _say_written(audit: Audit, proposals: Proposals, written: dict[str, Any]) -> None:
    if written["apply"]:
        moved, left_out = _changes(audit, proposals)
        click.echo(
            f"\nWrote {written['links']} links to {written['apply']}: {moved} photos under another label, "
            f"{left_out} left out."
        )
    if written["page"]:
        click.echo(f"\nNext: open {written['page']}, then see {written['page'].parent / 'actions.csv'}")
    else:
        click.echo("\nNext: add --output DIR for a page to look at and a table of what to do")


def _changes(audit: Audit, proposals: Proposals) -> tuple[int, int]:
    """Photos under another label, and photos left out, in the corrected data set."""
    pairs = zip(audit.dataset.entries, proposals.corrected, strict=True)
    changed = [label for entry, label in pairs if label != entry.label]
    return sum(label != "" for label in changed), sum(label == "" for label in changed)


def _counts(proposals: Proposals) -> dict[str, int]:
    from photoclust.report.findings import KINDS

    return {kind: sum(one.kind == kind for one in proposals.findings) for kind in KINDS}


def _values(audit: Audit, proposals: Proposals, written: dict[str, Any]) -> dict[str, Any]:
    moved, left_out = _changes(audit, proposals)
    return {
        "photos": len(audit.dataset.entries),
        "labels": labels(audit),
        "unjudged": audit.unjudged,
        "problems": list(audit.dataset.problems),
        "counts": _counts(proposals),
        "findings": [one.to_dict() for one in proposals.findings],
        "page": str(written["page"].absolute()) if written["page"] else None,
        "applied": (
            {
                "folder": str(written["apply"].absolute()),
                "links": written["links"],
                "moved": moved,
                "left_out": left_out,
            }
            if written["apply"]
            else None
        ),
    }


def _percent(confidence: float) -> int:
    """Rounded down: all but sure is not sure."""
    return min(int(confidence * 100), 99) if confidence < 1 else 100


def plain(text: str) -> str:
    """Text that no terminal takes for a command."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
