"""What decisions do not change about the faces of an index, kept from one grouping to the next.

So a correction costs what decisions cost, and ends as grouping from nothing would.
"""

from __future__ import annotations

from dataclasses import asdict
from hashlib import blake2b

from photoclust import __version__
from photoclust.config import ClusterConfig
from photoclust.index.prepared import drop_prepared, key_of
from photoclust.index.store import IndexStore
from photoclust.people.calibration.evidence import Calibration
from photoclust.workflows.snapshot.grouping import calibration_in_bytes

_PARTS = 2  # goes up when other parts are kept


def key_of_parts(store: IndexStore, config: ClusterConfig, calibration: Calibration) -> str:
    """Sum up what the parts follow from: stored rows, which of them count, settings, calibration, version."""
    constants = blake2b(b"".join(calibration_in_bytes(calibration)), digest_size=16).hexdigest()
    said = store.which_faces()
    which = sorted(said.not_faces), sorted(said.drawn)
    settings = {"photoclust": __version__, "parts": _PARTS, "calibration": constants, **asdict(config)}
    settings |= {"which": which} if any(which) else {}
    return key_of(store.folder, settings)


def discard(store: IndexStore, config: ClusterConfig, n_faces: int) -> None:
    """Remove what is kept, and an approximate graph where the settings ask for an exact one."""
    # imported when needed: a correction needs no graph from the index
    from photoclust.index.graph import drop_approximate_graph

    drop_prepared(store.folder)
    if config.approximate_from is None or n_faces < config.approximate_from:
        drop_approximate_graph(store.folder)
