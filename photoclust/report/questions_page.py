"""Questions about people as a page to look at: self-contained, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photoclust.errors import OutputError
from photoclust.report.html import image_source, page_template
from photoclust.report.names import file_link, file_name, visible
from photoclust.report.output import whole_file

FACES_SHOWN = 8  # of each side

Thumbnails = Callable[[Sequence[str]], Mapping[str, bytes]]


@dataclass(frozen=True)
class Question:
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
        As ``--json`` writes them: ``called``, and ``faces`` with ``face_id`` and ``uri``.
    commands
        What each answer is called, and the command that gives it.
    """

    title: str
    odds: str
    reasons: tuple[str, ...]
    sides: tuple[Mapping[str, Any], ...]
    commands: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Tile:
    image: str
    file: str
    path: str
    link: str | None


def write_questions(
    questions: Sequence[Question], brand: str, title: str, thumbnails: Thumbnails, file: Path
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
    if file.exists() and not file.is_file():
        raise OutputError(f"{file} is no file that a page can be written to; choose another name.")
    page = questions_page(questions, brand, title, thumbnails)
    with whole_file(file.resolve()) as stream:
        stream.write(page.encode("utf-8", "replace"))


def questions_page(questions: Sequence[Question], brand: str, title: str, thumbnails: Thumbnails) -> str:
    """HTML of the page; parameters as in `write_questions`."""
    shown = (face for one in questions for side in one.sides for face in side["faces"][:FACES_SHOWN])
    pictures = thumbnails(sorted({face["face_id"] for face in shown}))
    template = page_template(
        "questions.html",
        "review.css",
        "findings.css",
        visible=visible,
        tiles=lambda side: [_tile(face, pictures) for face in side["faces"][:FACES_SHOWN]],
    )
    return template.render(questions=questions, brand=brand, title=title, least=FACES_SHOWN)


def _tile(face: Mapping[str, str], pictures: Mapping[str, bytes]) -> _Tile:
    uri, image = face["uri"], image_source(pictures.get(face["face_id"]))
    return _Tile(image, visible(file_name(uri)), visible(uri, 400), file_link(uri))
