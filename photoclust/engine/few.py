"""An engine that is wanted again and again: few photos are done by this process, its models kept loaded."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cached_property

from photoclust.config import EngineConfig
from photoclust.engine import start
from photoclust.stages import Engine

FEW = 100
"""Photos that this process does itself, its models being loaded already."""


class StartForSome:
    """Starts the engine that `config` asks for; for few photos, without a cluster to join, this process."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config

    def __call__(self, photos: int) -> AbstractContextManager[Engine]:
        """Start an engine for about so many photos."""
        here = self.config.kind == "local" or (photos < FEW and self.config.address is None)
        return nullcontext(self._local) if here else start(self.config)

    @cached_property
    def _local(self) -> Engine:
        from photoclust.engine.local import LocalEngine

        return LocalEngine(self.config)
