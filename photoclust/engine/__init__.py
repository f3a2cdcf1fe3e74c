"""Where the work runs: in this process, or on Ray.

An engine maps photos to indexed rows and knows nothing of what the rows mean; `start` opens the one that
was asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from photoclust.config import EngineConfig
from photoclust.errors import RayStartError

if TYPE_CHECKING:
    from photoclust.stages import Engine


@contextmanager
def start(config: EngineConfig) -> Generator[Engine]:
    """Start the engine that `config` asks for, and stop it afterwards.

    Raises
    ------
    ResourceError
        When it asks for more than there is.
    EngineError
        When Ray was asked for and cannot be started or joined.
    """
    with ExitStack() as stack:
        yield _local(config) if config.kind == "local" else _ray(config, stack)


def _local(config: EngineConfig) -> Engine:
    from photoclust.engine.local import LocalEngine

    return LocalEngine(config)


def _ray(config: EngineConfig, stack: ExitStack) -> Engine:
    try:
        try:
            from photoclust.engine.ray import RayEngine, runtime
        except Exception as error:  # a broken installation, or a memory limit, fails in any way it likes
            raise RayStartError(f"it cannot be loaded ({type(error).__name__}: {error})") from error
        stack.enter_context(runtime(config))
    except RayStartError as error:
        if config.kind == "ray":
            raise
        logging.getLogger("photoclust").warning(
            f"Ray does not start on this machine ({error.reason}); this process does the work alone, which "
            "takes longer."
        )
        return _local(config)
    return RayEngine(config)
