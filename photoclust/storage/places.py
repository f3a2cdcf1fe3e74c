"""Where photoclust keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Where photoclust keeps what it can make again; ``PHOTOCLUST_CACHE`` overrides the platform's place.

    The variable is read here and not by the command line, as it says something about a machine and not about
    a call: nodes of a cluster have caches of their own. ``XDG_CACHE_HOME`` is read in the same way.
    """
    if chosen := os.environ.get("PHOTOCLUST_CACHE"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("photoclust", appauthor=False)
