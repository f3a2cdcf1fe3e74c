"""Fetches weights from the page where their author released them, and believes nothing but their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TypeAlias
from urllib.request import urlopen

from photoclust.errors import WeightsError
from photoclust.models.cards import Card

DownloadProgress: TypeAlias = Callable[[int, int], None]

_STALL_SECONDS = 30.0
_CHUNK_BYTES = 1 << 18


def download(model: Card, target: Path, progress: DownloadProgress | None) -> None:
    """Write the file at ``model.source`` to `target`.

    Parameters
    ----------
    model
        One whose source is a URL.
    target
        A file to be.
    progress
        Called with the bytes received so far and the bytes expected.

    Raises
    ------
    WeightsError
        The network or the disk failed, or the file received is not the one expected.
    """
    advice = (
        f"try again, or get {model.source} another way and use `photoclust models import {model.name} FILE`"
    )
    received, content, expected = 0, hashlib.sha256(), model.source_bytes or 0
    try:
        with _open_url(model.source) as response, target.open("wb") as file:
            while chunk := response.read(_CHUNK_BYTES):
                received += len(chunk)
                if received > expected:
                    break
                file.write(chunk)
                content.update(chunk)
                if progress is not None:
                    progress(received, expected)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise WeightsError(
            f"The weights of {model.name} could not be fetched ({reason}); {advice}."
        ) from error
    if received != expected or content.hexdigest() != model.source_sha256:
        raise WeightsError(f"What {model.source} sent is not the file expected; {advice}.")


def _open_url(url: str) -> HTTPResponse:
    return urlopen(url, timeout=_STALL_SECONDS)  # noqa: S310  the URL is one of MODELS
