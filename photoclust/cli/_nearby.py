"""The index that is meant where a command names none."""

from __future__ import annotations

from pathlib import Path

import click

from photoclust.cli import _environment
from photoclust.cli._progress import say

_NO_INDEX = "Name the index, set PHOTOCLUST_INDEX, or go to a folder with one index in it."


def index_nearby() -> str | None:
    """The index that is meant where none is named: ``PHOTOCLUST_INDEX``, or the one of the current folder.

    That is the folder itself, or the only folder in it that is an index.
    """
    named = _environment.index()
    if named:
        return named
    found = ["."] if _is_index(Path()) else [str(place) for place in _folders_here() if _is_index(place)]
    if len(found) != 1:
        return None
    say(f"Using the index {found[0] if found[0] != '.' else 'of this folder'}.")
    return found[0]


def _is_index(place: Path) -> bool:
    return (place / "index.json").is_file() and (place / "photos").is_dir()


def _folders_here() -> list[Path]:
    try:
        return sorted(place for place in Path().iterdir() if place.is_dir())
    except OSError:
        return []


WITHOUT_INDEX = "photoclust.without_index"
"""Set among the meta values of a context by an option that puts something in the place of an index."""


def named_or_nearby(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """Take the index that was named, or find the one that is meant; a callback of click."""
    if ctx.meta.get(WITHOUT_INDEX):
        return value or ""
    found = value or (None if ctx.resilient_parsing else index_nearby())
    if not found:
        raise click.MissingParameter(_NO_INDEX, ctx, parameter)
    return found
