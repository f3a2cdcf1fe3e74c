"""A process of `photoclust.engine.processes`: tables of photos come by stdin, their rows go to stdout.

Both are pickled. What a decoder prints cannot get among the rows: file descriptor 1 is another one here.
"""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from photoclust.config import IndexSettings
from photoclust.engine.gathering import Gathered
from photoclust.errors import PhotoclustError
from photoclust.limits import TimeLimits
from photoclust.stages import EmbedFaces, FindFaces


@dataclass(frozen=True)
class Request:
    """Photos (REF_SCHEMA) and what to do with them.

    Parameters
    ----------
    settings
        Those of the index.
    photo_seconds
        How long one photo may take.
    limits
        How long to wait for a file.
    last
        Hold no photo back for others whose faces would be embedded with its own.
    """

    refs: pa.Table
    settings: IndexSettings
    photo_seconds: float
    limits: TimeLimits
    last: bool = False


class Stages:
    """Both stages, their models loaded once for all requests with the same settings."""

    def __init__(self) -> None:
        self._made_for: tuple[IndexSettings, float, TimeLimits] | None = None

    @property
    def limits(self) -> TimeLimits | None:
        """Those that photos are read under; None before the first request."""
        return self._made_for[2] if self._made_for else None

    def rows(self, request: Request) -> list[pa.Table]:
        """Give tables of INDEXED_SCHEMA, of photos held back before as well."""
        wanted = request.settings, request.photo_seconds, request.limits
        if self._made_for != wanted:
            self._find, self._gathered = FindFaces(*wanted), Gathered(EmbedFaces(request.settings))
            self._made_for = wanted
        rows = [row for found in self._find(request.refs) for row in self._gathered.add(found)]
        return rows + self._gathered.rest() if request.last else rows


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more; an error that photoclust has words for is an answer, too."""
    stages = Stages()
    while True:
        try:
            request: Request = pickle.load(requests)  # noqa: S301 (from the process that started this one)
        except EOFError:
            return
        answer: Any
        try:
            answer = stages.rows(request)
        except PhotoclustError as error:
            answer = error
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def main() -> None:
    """Serve stdin and stdout."""
    answers = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
