"""What `suggest` and `explain` share: paths of photos, and the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from photoclust.cli._types import Output

if TYPE_CHECKING:
    from photoclust.index.store import IndexStore
    from photoclust.report.questions_page import QuestionRow
    from photoclust.report.sides import Side

Command = TypeVar("Command", bound=Callable[..., Any])

FACES_LISTED = 5


def html_option(command: Command) -> Command:
    """``--html FILE``."""
    where = Output(dir_okay=False)
    return click.option("--html", type=where, metavar="FILE", help="Write a page with the pictures too.")(
        command
    )


def path_lines(side: Side) -> list[str]:
    """A line with the path of a photo for the cover of a person, or for each of some faces in question."""
    if side.person:
        return [f"{side.called}: {path(side.faces[0].uri)}"] if side.faces else []
    lines = [f"face {face.face_id[:8]}: {path(face.uri)}" for face in side.faces[:FACES_LISTED]]
    more = len(side.faces) - FACES_LISTED
    return [*lines, *([f"and {more} more"] if more > 0 else [])]


def path(uri: str) -> str:
    """A photo as the terminal shows it: its path where it is a local file."""
    from photoclust.records import local_path, printable

    return printable(local_path(uri))


def write_page(store: IndexStore, brand: str, questions: Sequence[QuestionRow], file: str) -> None:
    """Write the page of some questions."""
    from pathlib import Path

    from photoclust.report.questions_page import write_questions
    from photoclust.workflows.snapshot.sides import thumbnails_of_faces

    title = Path(store.called.partition("?")[0]).name
    write_questions(questions, brand, title, lambda faces: thumbnails_of_faces(store, faces), Path(file))
