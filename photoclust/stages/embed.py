"""The second stage: crops of faces to embeddings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from photoclust.config import IndexSettings
from photoclust.records import PHOTO_SCHEMA, STAGES, face_schema, indexed_schema
from photoclust.timing import Stopwatch

GPU_BATCH = 128  # crops embedded at once, each with its mirror image; not measured yet


class EmbedFaces:
    """Turn crops into unit vectors: from FOUND_SCHEMA to INDEXED_SCHEMA."""

    def __init__(self, settings: IndexSettings, device: str = "cpu") -> None:
        import torch

        from photoclust.models.embedder import CPU_BATCH, load

        torch.set_num_threads(1)
        self.size, embed = settings.crop.size, settings.embed
        self.schema, self.faces = indexed_schema(embed.dimension), face_schema(embed.dimension)
        batch = CPU_BATCH if device == "cpu" else GPU_BATCH
        self.embedder = load(
            embed.model, device=device, batch_size=batch, flip=embed.flip, precision=embed.precision
        )

    @property
    def batch_size(self) -> int:
        """Faces embedded at once; fewer cost as much."""
        return self.embedder.batch_size

    def __call__(self, found: pa.Table) -> pa.Table:
        """Embed every face of `found`."""
        lists = found["faces"].combine_chunks()
        faces = lists.flatten()
        counts = face_counts(found)
        watch = Stopwatch()
        vectors = self.embedder.embed(self._pixels(faces.field("crop")))
        embedding = pa.FixedSizeListArray.from_arrays(vectors.astype(np.float16).ravel(), vectors.shape[1])
        columns = [embedding if f.name == "embedding" else faces.field(f.name) for f in self.faces]
        structs = pa.StructArray.from_arrays(columns, fields=list(self.faces))
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
        seconds = watch.total * counts / max(1, counts.sum())
        photos = [found[name] for name in PHOTO_SCHEMA.names]
        cost = [
            _with_embed(found["seconds"].combine_chunks(), seconds),
            self._gpu_seconds(found, counts),
            self._note(found),
            found["retries"],
            found["credentials_expired"],
        ]
        rows = [*photos, pa.ListArray.from_arrays(offsets, structs), *cost]
        return pa.Table.from_arrays(rows, names=self.schema.names).cast(self.schema)

    def _gpu_seconds(self, found: pa.Table, counts: npt.NDArray[np.int64]) -> pa.Array:
        """Those of the stage before and those of embedding, by faces; null where there were none."""
        mine = self.embedder.gpu_seconds()
        seconds = pc.fill_null(found["gpu_seconds"], 0.0).to_numpy() + mine * counts / max(1, counts.sum())
        return pa.array(seconds, pa.float32(), mask=seconds == 0)

    def _note(self, found: pa.Table) -> pa.Array:
        """What there is to say of the stage before, or of this."""
        note, self.embedder.note = self.embedder.note, None
        return pc.fill_null(found["note"].combine_chunks(), pa.scalar(note, pa.string()))

    def _pixels(self, crops: pa.Array) -> npt.NDArray[np.uint8]:
        flat = b"".join(crops.to_pylist())
        return np.frombuffer(flat, np.uint8).reshape(-1, self.size, self.size, 3)


def _with_embed(seconds: pa.StructArray, embed: npt.NDArray[np.float64]) -> pa.StructArray:
    """The seconds of each stage, those of embedding put in."""
    columns = [pa.array(embed, pa.float32()) if s == "embed" else seconds.field(s) for s in STAGES]
    return pa.StructArray.from_arrays(columns, names=list(STAGES))


def face_counts(found: pa.Table) -> npt.NDArray[np.int64]:
    """How many faces each photo of a table of FOUND_SCHEMA has; int64, shape (n,)."""
    lengths = found["faces"].combine_chunks().value_lengths().fill_null(0)
    return lengths.to_numpy(zero_copy_only=False).astype(np.int64)
