"""Findings about the labels of a data set, in words."""

from __future__ import annotations

from photoclust.dedupe.findings import MislabelledFace
from photoclust.dedupe.odds import times
from photoclust.workflows.dedupe.copies import Copies


def title_of(found: MislabelledFace, label: str, home: str) -> str:
    """Who is under the wrong label; `home` is the label of their own, empty where there is none."""
    if found.mixes:
        return f"{label} holds two people"
    if home:
        verb = "shows" if len(found.faces) == 1 else "show"
        return f"{counted(len(found.faces), 'face')} under {label} {verb} {home}"
    return f"1 face under {label} is somebody else"


def reason_of(found: MislabelledFace, home: str) -> str:
    """Why faces are not of the person of their label."""
    own, rival = found.evidence
    fits = "fits" if len(found.faces) == 1 else "fit"
    text = f"{times(own)} likelier of somebody else than of the person of the label"
    if own > 0:
        text = f"Only {times(own)} likelier of the person of the label than of somebody else"
    if home:
        text += f"; {times(rival)} likelier of {home}"
    else:
        text += f", and no other label {fits}"
    if found.undecided:
        text += ". Which of the two the label means cannot be told from the faces"
    if found.unclear:
        text += ". Nobody has half of the photos of this label, so that nothing is taken from it without you"
    return text + "."


def why_copies(found: Copies, labels: tuple[str, ...], splits: set[str]) -> str:
    """Why files are one picture, and what is wrong with where they lie."""
    text = (
        "The files hold the same picture"
        if found.identical
        else f"Laid over each other the pictures correlate by {found.likeness:.3f}"
    )
    if len(labels) > 1:
        text += f"; they lie under {len(labels)} labels, which can all be right only of several faces"
    if len(splits) > 1:
        text += f"; they lie in {' and '.join(sorted(split or 'no split' for split in splits))}"
    return text + "."


def counted(number: int, word: str) -> str:
    """A number of things."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
