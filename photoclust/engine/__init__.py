"""Where the work runs: in this process, or on Ray.

An engine maps photos to indexed rows and knows nothing of what the rows mean; `start` opens the one that
was asked for.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from photoclust.config import EngineConfig

if TYPE_CHECKING:
    from photoclust.pipeline import Engine


@contextmanager
def start(config: EngineConfig) -> Generator[Engine]:
    """Start the engine that `config` asks for, and stop it afterwards.

    Raises
    ------
    ResourceError
        When it asks for more than there is.
    EngineError
        When Ray cannot be started or joined.
    """
    if config.kind == "local":
        from photoclust.engine.local import LocalEngine

        yield LocalEngine(config)
    else:
        from photoclust.engine.ray import RayEngine, runtime

        with runtime(config):
            yield RayEngine(config)
