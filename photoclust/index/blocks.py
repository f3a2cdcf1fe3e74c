"""Blocks of a neighbour search that are done: what a killed search need not do again.

::

    INDEX/neighbours/blocks/FINGERPRINT/part-00000012.parquet

A folder belongs to one comparison of exactly these embeddings, which its name follows from. All of them go
when the graph is whole and written.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from photoclust.index import files
from photoclust.index.place import IndexPlace

Block = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]


class SearchBlocks:
    """The finished blocks of one comparison.

    Parameters
    ----------
    place
        The index, whose lock the caller holds.
    fingerprint
        What the comparison is known by.
    """

    def __init__(self, place: IndexPlace, fingerprint: str) -> None:
        self._place = place
        self.folder = place.folder / "neighbours" / "blocks" / fingerprint
        files.make_folder(self.folder)
        files.remove_leftovers(self.folder)

    def _path(self, block: int) -> Path:
        return self.folder / f"part-{block:08d}.parquet"

    def __contains__(self, block: int) -> bool:
        return self._path(block).is_file()

    def write(self, block: int, indices: npt.NDArray[np.int32], distances: npt.NDArray[np.float32]) -> None:
        """Keep a block: int32 and float32, both of shape (queries, k)."""
        width = indices.shape[1]
        columns = {
            name: pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), width)
            for name, values in (("index", indices), ("distance", distances))
        }
        files.make_folder(self.folder)  # another writer that has finished may have removed it
        files.write_table(self._path(block), pa.table(columns))
        self._place.written()

    def read(self, block: int) -> Block:
        """Give a block back as it was written.

        Raises
        ------
        IndexCorruptError
            When it cannot be read.
        """
        table = files.read_table(self._path(block), ["index", "distance"]).combine_chunks()
        indices, distances = (table[name].combine_chunks() for name in ("index", "distance"))
        width = indices.type.list_size
        return tuple(column.flatten().to_numpy().reshape(-1, width) for column in (indices, distances))


def remove_blocks(index: Path) -> None:
    """Remove the blocks of all comparisons: the graph they were for is written."""
    shutil.rmtree(index / "neighbours" / "blocks", ignore_errors=True)
