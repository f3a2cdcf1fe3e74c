"""Parts of photos and faces: written by any number of writers, none of which takes another's for its own.

::

    INDEX/photos/part-00000012-TAG.parquet     names its part of faces and the digest of that
    INDEX/faces/part-00000012-TAG.parquet

The number orders parts: a later row for a photo replaces an earlier one. The tag is the writer's
(`photoclust.storage.writers`). Faces are written first; the photos are what makes them count.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from photoclust.errors import IndexCorruptError, IndexWriteError
from photoclust.index import files
from photoclust.index.latest import last_of_each
from photoclust.index.marks import FacesPart, faces_of, faces_said, marked
from photoclust.index.photo_rows import from_disk, to_disk
from photoclust.index.sealed import digest_of, metadata_of
from photoclust.records import PHOTO_SCHEMA
from photoclust.storage.writers import is_abandoned, writer_tag

_TRIES = 3


class Parts:
    """The parts of the index at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.photos, self.faces = folder / "photos", folder / "faces"

    def marks(self) -> list[Path]:
        """Parts of photos, the oldest first."""
        return sorted(self.photos.glob("part-*.parquet"))

    # -- writing ----------------------------------------------------------------------------------------

    def append(self, photos: pa.Table, faces: pa.Table) -> None:
        """Write rows of photos and their faces; the photos count when both are there."""
        for folder in (self.photos, self.faces):
            files.make_folder(folder)
        for _ in range(_TRIES):
            name = self._new_name()
            written = self._write_faces(name, faces)
            mark = self.photos / name
            self._commit(mark, photos, written)
            if written.path.is_file():
                return
            mark.unlink()  # another writer, of an earlier photoclust, took the faces for a leftover
        raise IndexWriteError(
            f"Another photoclust writes to {self.photos.parent} and removes what this one writes; stop it."
        )

    def _new_name(self) -> str:
        marks = self.marks()
        number = int(marks[-1].name[5:13]) + 1 if marks else 0
        return f"part-{number:08d}-{writer_tag()}.parquet"

    def _write_faces(self, name: str, faces: pa.Table) -> FacesPart:
        path = self.faces / name
        return FacesPart(path, files.write_table(path, faces, new=True))

    def _commit(self, mark: Path, photos: pa.Table, faces: FacesPart) -> None:
        try:
            files.write_table(mark, marked(to_disk(photos), faces), new=True)
        except BaseException:
            faces.path.unlink(missing_ok=True)
            raise

    def replace_faces(self, mark: Path, faces: pa.Table) -> Path:
        """Give a part of photos other faces, in one step for whoever reads; gives their new file."""
        before = faces_of(mark).path
        after = self._write_faces(f"{mark.name[:13]}-{writer_tag()}.parquet", faces)
        files.write_table(mark, marked(files.read_table(mark), after))
        before.unlink(missing_ok=True)
        return after.path

    def remove_orphans(self) -> None:
        """Remove faces whose photos were never written, unless somebody may be about to."""
        for orphan in self.orphans():
            if is_abandoned(orphan):
                orphan.unlink(missing_ok=True)

    def orphans(self) -> list[Path]:
        """Parts of faces that no part of photos stands for."""
        there = set(self.faces.glob("part-*.parquet"))
        return sorted(there - {faces_said(mark, _metadata(mark)).path for mark in self.marks()})

    # -- reading ----------------------------------------------------------------------------------------

    def read_photos(self) -> Iterator[pa.Table]:
        """Rows of every part of photos, the oldest first.

        Raises
        ------
        IndexCorruptError
            A part is damaged, or its faces are not there.
        """
        there = {path.name for path in self.faces.glob("part-*.parquet")}
        for mark in self.marks():
            table = files.read_table(mark)
            faces = faces_said(mark, table.schema.metadata)
            if faces.path.name not in there and not faces_of(mark).path.is_file():  # not replaced meanwhile
                raise _missing(faces.path, mark)
            yield from_disk(table)

    def known_photos(self) -> pa.Table:
        """Read the row in force for every photo ever seen, ordered by uri; those that are missing too."""
        table = pa.concat_tables([PHOTO_SCHEMA.empty_table(), *self.read_photos()])
        return last_of_each(table, "uri").combine_chunks()

    def read_faces(self, mark: Path, columns: list[str] | None = None) -> pa.Table:
        """Faces of a part of photos.

        Raises
        ------
        IndexCorruptError
            They are damaged, missing, or not those that the photos were written with.
        """
        faces = self.faces_of(mark)
        return files.read_table(faces, columns)

    def faces_of(self, mark: Path) -> Path:
        """File of the faces of a part of photos; see `read_faces`."""
        faces = faces_said(mark, _metadata(mark))
        if not faces.path.is_file():
            faces = faces_said(mark, _metadata(mark))  # an erasure may have replaced both meanwhile
        if not faces.path.is_file():
            raise _missing(faces.path, mark)
        if faces.digest and _digest(faces.path) != faces.digest:
            raise IndexCorruptError(
                f"{faces.path} is not the file that {mark} was written with. {files.cure(mark)}"
            )
        return faces.path


def _missing(faces: Path, mark: Path) -> IndexCorruptError:
    return IndexCorruptError(f"{faces} is missing. {files.cure(mark)}")


def _metadata(mark: Path) -> dict[bytes, bytes]:
    return files.reading(mark, metadata_of)


def _digest(faces: Path) -> str:
    return files.reading(faces, digest_of)
