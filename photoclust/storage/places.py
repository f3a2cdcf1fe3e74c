"""Where photoclust keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Where photoclust keeps what it can make again; ``PHOTOCLUST_CACHE`` overrides the platform's place."""
    if chosen := os.environ.get("PHOTOCLUST_CACHE"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("photoclust", appauthor=False)
