"""``index.json``: the format of an index, the model whose vectors it holds, the settings of its stages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from photoclust import __version__
from photoclust.config import IndexSettings
from photoclust.errors import IndexCorruptError, IndexFormatError, IndexMismatchError, IndexMissingError
from photoclust.index import files

FORMAT = 1


def head_file(folder: Path) -> Path:
    """Where it lies; a folder without one is no index."""
    return folder / "index.json"


def write_head(folder: Path, settings: IndexSettings, model_sha256: str) -> None:
    """Make a folder an index."""
    head = {
        "format": FORMAT,
        "photoclust": __version__,
        "model": {"name": settings.embed.model, "sha256": model_sha256},
        "settings": settings.to_dict(),
    }
    files.write_json(head_file(folder), head)


def read_head(folder: Path) -> tuple[IndexSettings, str]:
    """Settings, and sha256 of the model.

    Raises
    ------
    IndexMissingError
        When there is none.
    IndexFormatError
        When a newer photoclust made it.
    IndexCorruptError
        When it cannot be understood.
    """
    file = head_file(folder)
    if not file.is_file():
        raise IndexMissingError(
            f"There is no index at {folder}.",
            python="Make one with photoclust.create.",
            cli=f"Make one with `photoclust run PHOTOS --index {folder}`.",
        )
    head = files.read_json(file, checked=False)
    if not isinstance(head.get("format"), int):
        raise IndexFormatError(f"{file} does not say its format; {folder} is no photoclust index.")
    if head["format"] > FORMAT:
        raise IndexFormatError(
            f"{file} has format {head['format']}, made by a newer photoclust "
            f"({head.get('photoclust', 'unknown')}); this one ({__version__}) reads up to format "
            f"{FORMAT}. Update photoclust."
        )
    head = files.read_json(file)  # checked last: a newer format may count its checksum in another way
    try:
        return IndexSettings.from_dict(head["settings"]), head["model"]["sha256"]
    except (KeyError, TypeError) as error:
        raise IndexCorruptError(
            f"{file} is damaged: {error} is missing or unknown. Restore it, or start a new index."
        ) from error


def require_same(folder: Path, made: tuple[IndexSettings, str], asked: tuple[IndexSettings, str]) -> None:
    """Make sure that settings and model asked for are those that the index in `folder` was made with.

    Limits on decoding may differ: they decide which photos fail, not what a face looks like.

    Raises
    ------
    IndexMismatchError
        Naming both.
    """
    mine, theirs = asdict(made[0]), asdict(asked[0])
    if (mine["embed"]["model"], made[1]) != (theirs["embed"]["model"], asked[1]):
        raise IndexMismatchError(
            f"{folder} was made with the model {mine['embed']['model']} "
            f"({made[1][:12]}) and cannot take faces of {theirs['embed']['model']} "
            f"({asked[1][:12]}); choose a new folder for the index."
        )
    for stage in ("detect", "crop", "embed"):
        for name, value in mine[stage].items():
            if value != theirs[stage][name]:
                raise IndexMismatchError(
                    f"{folder} was made with {stage} {name} = {value}, not {theirs[stage][name]}; "
                    "leave the setting out, or choose a new folder for the index."
                )
