"""Questions about people as a page to look at: self-contained, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from photoclust.report.html import page_template
from photoclust.report.names import visible
from photoclust.report.output import write_page
from photoclust.report.sides import Side
from photoclust.report.tiles import tile

FACES_SHOWN = 8  # of each side

Thumbnails = Callable[[Sequence[str]], Mapping[str, bytes]]


@dataclass(frozen=True)
class QuestionRow:
    """One row of the page.

    Attributes
    ----------
    title
        The question, or what is said.
    odds
        The chance of a yes, in a few words.
    reasons
        What speaks for it, a sentence each.
    sides
        Whom it is about.
    commands
        What each answer is called, and the command that gives it.
    """

    title: str
    odds: str
    reasons: tuple[str, ...]
    sides: tuple[Side, ...]
    commands: tuple[tuple[str, str], ...] = ()


def write_questions(
    questions: Sequence[QuestionRow], brand: str, title: str, thumbnails: Thumbnails, file: Path
) -> None:
    """Write the page, whole or not at all, readable by its owner alone.

    Parameters
    ----------
    questions
        The rows, in order.
    brand
        Command that makes the page.
    title
        Name of the index.
    thumbnails
        Gives the JPEG of each of some faces.
    file
        Where to.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    write_page(file, lambda: questions_page(questions, brand, title, thumbnails))


def questions_page(questions: Sequence[QuestionRow], brand: str, title: str, thumbnails: Thumbnails) -> str:
    """HTML of the page; parameters as in `write_questions`."""
    shown = (face for one in questions for side in one.sides for face in side.faces[:FACES_SHOWN])
    pictures = thumbnails(sorted({face.face_id for face in shown}))
    template = page_template(
        "questions.html",
        "base.css",
        "review.css",
        "findings.css",
        visible=visible,
        tiles=lambda side: [tile(face.uri, pictures.get(face.face_id)) for face in side.faces[:FACES_SHOWN]],
    )
    return template.render(questions=questions, brand=brand, title=title, least=FACES_SHOWN)
