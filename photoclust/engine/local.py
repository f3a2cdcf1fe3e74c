"""The engine for debugging: the same stages in this process, one photo after another unless on a GPU."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import torch

from photoclust.config import EngineConfig, IndexSettings
from photoclust.engine.batching import photos_per_batch
from photoclust.engine.gathering import Gathered
from photoclust.errors import ResourceError
from photoclust.machine import usable_processors
from photoclust.stages import EmbedFaces, FindFaces, FindFacesTogether


class LocalEngine:
    """Runs both stages in this process."""

    def __init__(self, config: EngineConfig) -> None:
        wanted, found = config.num_gpus or 0, torch.cuda.device_count()
        if wanted > found:
            raise ResourceError(
                f"{wanted} GPUs were asked for, but torch sees {found}.",
                python="Leave num_gpus out.",
                cli="Leave --num-gpus out.",
            )
        self.config = config
        self.loaded: tuple[IndexSettings, FindFaces, EmbedFaces] | None = None
        self.device = "cuda" if found and config.num_gpus != 0 else "cpu"
        self.threads = usable_processors() if self.device == "cuda" else 1

    def stream(
        self, refs: pa.Table, settings: IndexSettings, photos_at_once: int | None = None
    ) -> Iterator[pa.Table]:
        """Yield tables of INDEXED_SCHEMA for all of `refs`."""
        find, embed = self._stages(settings)
        size = photos_at_once or self.config.photos_per_batch or photos_per_batch(refs, 1, self.threads)
        gathered = Gathered(embed)
        for start in range(0, len(refs), size):
            for found in find(refs.slice(start, size)):
                yield from gathered.add(found)
        yield from gathered.rest()

    def _stages(self, settings: IndexSettings) -> tuple[FindFaces, EmbedFaces]:
        """Both stages, their models loaded once for all the work that this engine is given."""
        if self.loaded is None or self.loaded[0] != settings:
            gpu = self.device == "cuda"
            find = FindFacesTogether(settings, device=self.device) if gpu else FindFaces(settings)
            self.loaded = settings, find, EmbedFaces(settings, self.device)
        return self.loaded[1:]
