"""Vectors in a file, grouped into people: ``photoclust cluster --embeddings``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from photoclust.config import ClusterConfig
from photoclust.errors import OutputError, UsageError
from photoclust.people.embeddings import EmbeddingGroups, group_embeddings, one_of_several
from photoclust.report.output import output_file

EMBEDDING = "embedding"
_BOX = ("x0", "y0", "x1", "y1")
_NAMES = ("face_id", "photo_id")  # what the outcome repeats, where it is there


@dataclass(frozen=True)
class EmbeddingTable:
    """Vectors read from a file.

    Attributes
    ----------
    vectors
        Real, shape (n, d).
    columns
        What else is known of each: ``photo_id``, ``face_id``, ``quality``, ``x0``, ``y0``, ``x1``, ``y1``,
        as far as the file has it.
    """

    vectors: npt.NDArray[Any]
    columns: dict[str, npt.NDArray[Any]]

    def group(self, model: str | None, threshold: float | None, config: ClusterConfig) -> EmbeddingGroups:
        """Group them; see `photoclust.people.embeddings.group_embeddings`."""
        known = self.columns
        boxes = np.column_stack([known[side] for side in _BOX]) if set(_BOX) <= set(known) else None
        return group_embeddings(
            self.vectors,
            known.get("photo_id"),
            known.get("quality"),
            boxes,
            model=model,
            threshold=threshold,
            config=config,
        )

    def outcome(self, groups: EmbeddingGroups) -> pa.Table:
        """A row for each vector.

        ``row``, ``face_id`` and ``photo_id`` where they are known, ``label``, ``probability`` and ``status``.
        """
        names = {name: self.columns[name].tolist() for name in _NAMES if name in self.columns}
        return pa.table(
            {
                "row": np.arange(len(groups)),
                **names,
                "label": groups.labels,
                "probability": groups.probabilities,
                "status": groups.status.tolist(),
            }
        )


def read_embeddings(file: Path) -> EmbeddingTable:
    """Read vectors from a Parquet file, of a column ``embedding``, or from a NumPy file.

    Raises
    ------
    UsageError
        The file is neither, or holds fewer than two vectors.
    """
    table = _read_npy(file) if file.suffix.lower() in (".npy", ".npz") else _read_parquet(file)
    if len(table.vectors) < 2:
        count = "one vector" if len(table.vectors) else "no vectors"
        raise UsageError(f"{file} holds {count}; it takes two or more to group.")
    return table


def _read_npy(file: Path) -> EmbeddingTable:
    try:
        vectors = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{file} is no array that NumPy has written: {error}") from error
    if isinstance(vectors, np.lib.npyio.NpzFile):
        with vectors:
            raise UsageError(f"{one_of_several(str(file), vectors.files)} Save it as .npy.")
    if vectors.ndim != 2:
        raise UsageError(f"{file} must hold an array of 2 dimensions; its shape is {vectors.shape}.")
    return EmbeddingTable(vectors, {})


def _read_parquet(file: Path) -> EmbeddingTable:
    wanted = (EMBEDDING, "quality", *_NAMES, *_BOX)
    try:
        there = pq.read_schema(file).names
        if EMBEDDING not in there:
            raise UsageError(
                f"{file} has no column {EMBEDDING!r}; it has {', '.join(map(repr, there[:20]))}."
            )
        table = pq.read_table(file, columns=[name for name in wanted if name in there])
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{file} is no Parquet file: {error} Give one with a column {EMBEDDING!r}, or a .npy file."
        ) from error
    vectors = _matrix(table[EMBEDDING], file)
    columns = {name: table[name].to_numpy() for name in table.column_names if name != EMBEDDING}
    return EmbeddingTable(vectors, columns)


def _matrix(column: pa.ChunkedArray, file: Path) -> npt.NDArray[Any]:
    """Lists of equally many numbers, as rows."""
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(is_kind(column.type) for is_kind in kinds):
        raise UsageError(f"The column {EMBEDDING!r} of {file} holds {column.type}, not lists of numbers.")
    sizes = pc.unique(pc.list_value_length(column)).to_pylist()  # pyright: ignore[reportAttributeAccessIssue]
    if len(sizes) > 1 or None in sizes:
        raise UsageError(f"The embeddings in {file} differ in length, or some are missing.")
    numbers = pc.list_flatten(column).to_numpy()  # pyright: ignore[reportAttributeAccessIssue]
    return numbers.reshape(len(column), sizes[0] if sizes else 0)


def write_outcome(outcome: pa.Table, file: Path, force: bool = False) -> None:
    """Write the outcome as CSV or Parquet, whichever the name of the file says; `force` replaces a file.

    Raises
    ------
    UsageError
        The name says neither.
    OutputError
        It cannot be written, or is there already.
    """
    require_output(file, force)
    with output_file(file.resolve()) as stream:
        if file.suffix.lower() == ".parquet":
            pq.write_table(outcome, stream)
        else:
            pyarrow.csv.write_csv(outcome, stream)


def require_output(file: Path, force: bool = False) -> None:
    """Refuse before the work what would fail after it; see `write_outcome`."""
    if file.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"The outcome cannot be written to {file}: its name must end with .csv or .parquet.")
    if not file.absolute().parent.is_dir():
        raise OutputError(f"The outcome cannot be written to {file}: its folder does not exist.")
    if file.exists() and not force:
        raise OutputError(
            f"{file} exists already; choose another name.",
            python="force=True replaces it.",
            cli="--force replaces it.",
        )
