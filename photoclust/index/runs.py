"""Records of runs of indexing, ``runs/TIME.json``, as `photoclust.index.store.IndexStore` writes them."""

from __future__ import annotations

from pathlib import Path

from photoclust.errors import IndexCorruptError
from photoclust.index import files

PassedOverCounts = dict[str, dict[str, int]]


def passed_over_before(index: Path) -> PassedOverCounts:
    """What the last run that is on record passed over; nothing where that is not known."""
    for path in sorted((index / "runs").glob("*.json"), reverse=True):
        try:
            return files.read_json(path).get("passed_over") or {}
        except (FileNotFoundError, IndexCorruptError):
            continue
    return {}
