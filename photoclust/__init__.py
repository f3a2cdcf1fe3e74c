"""photoclust: find the faces in a photo collection and group them into people.

What is named here is the public interface, and stays as it is within a major version. It is imported when it
is first used: ``import photoclust`` alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from photoclust import errors
from photoclust.errors import PhotoclustError

if TYPE_CHECKING:
    from photoclust.api.estimator import FaceGrouping
    from photoclust.config import ClusterConfig
    from photoclust.people.embeddings import EmbeddingGroups, group_embeddings

__version__ = "0.1.0"

__all__ = [
    "ClusterConfig",
    "EmbeddingGroups",
    "FaceGrouping",
    "PhotoclustError",
    "__version__",
    "errors",
    "group_embeddings",
]

_HOMES = {
    "ClusterConfig": "photoclust.config",
    "EmbeddingGroups": "photoclust.people.embeddings",
    "FaceGrouping": "photoclust.api.estimator",
    "group_embeddings": "photoclust.people.embeddings",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for; see `module.__getattr__` in PEP 562."""
    if name not in _HOMES:
        raise AttributeError(f"module 'photoclust' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
