"""Embedding models: their cards, their files, and how they turn crops of faces into vectors.

What other rooms and programs use is offered here and loaded when it is used; reading a card needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photoclust.models.cards import MODELS, Card
    from photoclust.models.embedder import Embedder, HeadEmbedder, load
    from photoclust.models.head import Head, read_head, write_head
    from photoclust.models.installing import fetch, install, remove
    from photoclust.models.weights import card_of, list_models, settings_of

_PLACES = {
    "cards": ("MODELS", "Card"),
    "embedder": ("Embedder", "HeadEmbedder", "load"),
    "head": ("Head", "read_head", "write_head"),
    "installing": ("fetch", "install", "remove"),
    "weights": ("card_of", "list_models", "settings_of"),
}
_PLACE_OF = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [
    "MODELS",
    "Card",
    "Embedder",
    "Head",
    "HeadEmbedder",
    "card_of",
    "fetch",
    "install",
    "list_models",
    "load",
    "read_head",
    "remove",
    "settings_of",
    "write_head",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACE_OF[name]}"), name)
