"""How a model comes to be on this machine: fetched, imported from a file, or installed by what trained it."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from photoclust.errors import ModelCardError, VectorError, WeightsError
from photoclust.models.cards import FACENET, HEAD, MODELS, Card
from photoclust.models.download import DownloadProgress, download
from photoclust.models.state_dict import check_state_dict, is_safetensors, read_state_dict
from photoclust.models.weights import (
    cached,
    calibration_file,
    card_file,
    card_of,
    check_name,
    list_models,
    own_card,
    promised_sha256,
    sha256_of,
    state_dict_content,
    store,
    temporary_file,
    weights_path,
)

_MAX_FILE_BYTES = 1 << 30  # four times the largest file known to hold a model of faces


def fetch(name: str, progress: DownloadProgress | None = None) -> Path:
    """Make a known model ready, from its release page if need be; does nothing where it is ready.

    Parameters
    ----------
    name
        A name in `MODELS`.
    progress
        Called with the bytes received so far and the bytes expected.

    Returns
    -------
    Path
        A file in the cache directory.

    Raises
    ------
    WeightsError
        No such model, the network or the disk failed, or the file received is not the one expected.
    """
    card = MODELS.get(name)
    if card is None:
        raise WeightsError(f"There is no model {name!r} to fetch; choose from {', '.join(_fetchable())}.")
    path = cached(name)
    if card.is_installed or (path is not None and sha256_of(path) == promised_sha256(path)):
        return weights_path(name)
    if not card.is_fetchable:
        raise WeightsError(f"{name} is not published as a file that can be fetched: import {card.source}.")
    with temporary_file() as file:
        download(card, file, progress)
        return install(card, file)


def import_file(name: str, path: Path) -> Path:
    """Take weights of InceptionResnetV1 that come without a card, under a name.

    Parameters
    ----------
    name
        What ``--model`` will take. A name in `MODELS` is given only to the very file it stands for.
    path
        PyTorch's ``.pt`` (never unpickled freely) or safetensors; a classification layer is dropped.

    Returns
    -------
    Path
        A file in the cache directory.

    Raises
    ------
    WeightsError
        As `install`.
    """
    check_name(name)
    return install(MODELS.get(name) or own_card(name), path)


def install(card: Card, path: Path) -> Path:
    """Keep a model: its file, checked, and its card.

    Parameters
    ----------
    card
        Its ``sha256``, or ``source_sha256`` for a file that the model's is made from, is that of the file.
        Where it has neither, the name stands from now on for this file.
    path
        The file: safetensors or PyTorch's ``.pt`` (never unpickled freely) of InceptionResnetV1, ONNX, a
        head, or a zip archive that the card names a member of.

    Returns
    -------
    Path
        A file in the cache directory.

    Raises
    ------
    WeightsError
        The file is unreadable, not the one the card is of, does not fit it, or the name stands for another
        model already.
    """
    if not path.is_file():
        raise WeightsError(f"There is no file {path}.")
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise WeightsError(f"{path} is larger than 1 GiB and cannot be a model of faces.")
    sha256, promised = sha256_of(path), {card.sha256, card.source_sha256} - {None}
    if promised and sha256 not in promised:
        raise WeightsError(
            f"{path} is not the file that {card.name} stands for: its sha256 is {sha256}, not "
            f"{' or '.join(sorted(map(str, promised)))}. Take the right file, or give this another name."
        )
    content = _content(card, path, is_source=sha256 == card.source_sha256)
    if card.name not in MODELS:
        card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    return store(card, content)


def remove(name: str) -> None:
    """Delete the file, the card and all else of a model that is on this machine.

    Raises
    ------
    WeightsError
        It is not here, or a head needs it.
    """
    path, card = cached(name), card_file(name)
    if path is None and not card.is_file():
        raise WeightsError(f"There is nothing of a model {name!r} on this machine.")
    heads = [
        state.name
        for state in list_models()
        if state.card and state.card.format == HEAD and state.card.parent == name
    ]
    if heads:
        raise WeightsError(f"{name} is what {', '.join(heads)} is a head of; remove that first.")
    for file in (path, card, calibration_file(name)):
        if file is not None:
            file.unlink(missing_ok=True)


def require_sha256(card: Card, path: Path, where: str) -> None:
    """Refuse a card that does not say which file it is of.

    Raises
    ------
    ModelCardError
        Naming the hash of the file.
    """
    if card.sha256 is None and card.source_sha256 is None and card.name not in MODELS:
        raise ModelCardError(
            f'{where} has no sha256: add sha256 = "{sha256_of(path)}", which {path} has, if that is the file '
            "its author means."
        )


def _content(card: Card, path: Path, is_source: bool) -> bytes:
    """Bytes of the model's file, after everything that can be checked was."""
    if is_source and card.member is not None:
        return _checked(card, _member(path, card.member))
    if card.format != FACENET:
        return _checked(card, path.read_bytes())
    state = read_state_dict(path)
    check_state_dict(state, path)
    # what is kept already is kept to the byte: its hash is known to others
    keep = card.sha256 is not None and not is_source and is_safetensors(path)
    return path.read_bytes() if keep else state_dict_content(state)


def _checked(card: Card, content: bytes) -> bytes:
    """Run a network or a head once, and give its bytes back."""
    from photoclust.models.embedder import Embedder, network_of
    from photoclust.models.head import read_head

    with temporary_file() as file:
        file.write_bytes(content)
        try:
            if card.format == HEAD:
                head = read_head(file)
                _require_parent(card, head.takes, head.gives)
            else:
                noise = np.random.default_rng(0).integers(0, 256, (2, card.size, card.size, 3), np.uint8)
                Embedder(network_of(card, file), card).embed(noise)
        except (ValueError, VectorError) as error:
            raise WeightsError(
                f"The file gives no embeddings of {card.dimension} numbers, as the card of {card.name} says."
            ) from error
        except WeightsError as error:
            raise WeightsError(str(error).replace(str(file), f"The file of {card.name}")) from error
    return content


def _require_parent(card: Card, takes: int, gives: int) -> None:
    parent = card_of(str(card.parent))
    if takes != parent.dimension or gives != card.dimension or parent.sha256 != card.parent_sha256:
        raise WeightsError(
            f"{card.name} takes {takes} numbers of {str(card.parent_sha256)[:12]} and gives {gives}; its card"
            f" says {card.dimension}, and {parent.name} ({str(parent.sha256)[:12]}) gives {parent.dimension}."
        )


def _member(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > _MAX_FILE_BYTES:
                raise WeightsError(f"{name} in {path} is larger than 1 GiB and cannot be a model of faces.")
            return archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path} is no zip archive with {name} in it.") from error


def _fetchable() -> list[str]:
    return [name for name, card in MODELS.items() if card.is_fetchable]
