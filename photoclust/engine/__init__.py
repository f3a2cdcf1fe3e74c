"""Where the work runs: in this process, in plain ones of this machine, or on Ray.

An engine maps photos to indexed rows and knows nothing of what the rows mean; `start` opens the one that
was asked for.
"""

from __future__ import annotations

import logging
import shutil
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
        yield _engine(config, stack)


def _engine(config: EngineConfig, stack: ExitStack) -> Engine:
    if config.kind == "local":
        return _local(config)
    if config.kind == "processes" or (config.kind == "auto" and not _wants_ray(config)):
        from photoclust.engine.processes import processes

        engine = stack.enter_context(processes(config))
        many = len(engine.workers)
        logging.getLogger("photoclust").info(
            f"{many} processes of this machine do the work." if many > 1 else "A process does the work."
        )
        return engine
    return _ray(config, stack)


def _wants_ray(config: EngineConfig) -> bool:
    """Whether there is a cluster, a GPU, or a division into actors, which plain processes know nothing of."""
    gpus = bool(shutil.which("nvidia-smi")) if config.num_gpus is None else config.num_gpus > 0
    return gpus or any((config.address, config.detect_actors, config.embed_actors))


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
    engine = RayEngine(config)
    if config.kind == "auto":
        detect, embed = engine.pools.detect.actors, engine.pools.embed.actors
        logging.getLogger("photoclust").info(
            f"Ray does the work: {detect} processes that detect and {embed} that embed."
        )
    return engine
