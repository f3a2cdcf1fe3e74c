"""The index on disk: what has been seen, what was found, and which clustering is in force.

::

    INDEX/
      index.json                  format, model and settings: see `photoclust.index.head`
      photos/part-*.parquet       see `photoclust.index.parts`: each the commit mark of a faces part
      faces/part-*.parquet
      neighbours/graph.parquet    see `photoclust.index.graph`
      neighbours/blocks/          while a long search lasts: see `photoclust.index.blocks`
      prepared/                   what corrections need again: see `photoclust.index.prepared`
      unfinished.json             since when a run of indexing is at work, or was killed
      runs/TIME.json              what a run of indexing did: counts, rates, seconds of each stage
      clusterings/, current.json  see `photoclust.index.clusterings`
      ids.parquet                 every person id that was ever given: see `photoclust.index.identities`
      migration/                  the same faces by another model: see `photoclust.index.migration`
      decisions.csv               the user's own

Faces are written first and their photos second: faces without that photos part do not exist. Work may
therefore be repeated, but nothing is ever read twice or half. Every file carries a checksum, and what is read
is verified: see `photoclust.index.sealed` and `photoclust.index.files`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock, Timeout

from photoclust import __version__
from photoclust.config import IndexSettings
from photoclust.errors import IndexFormatError, IndexLockedError, IndexMismatchError
from photoclust.index import decisions, files, migration
from photoclust.index.blocks import SearchBlocks
from photoclust.index.clusterings import Clustering, Clusterings
from photoclust.index.columns import Piece, pieces
from photoclust.index.decided import in_force, said_of
from photoclust.index.erasure import erase
from photoclust.index.erasure.keep_out import without_kept_out
from photoclust.index.graph import StoredGraph, read_graph, write_graph
from photoclust.index.head import head_file, read_head, require_same, write_head
from photoclust.index.latest import last_of_each
from photoclust.index.parts import Parts
from photoclust.index.place import IndexPlace, Location
from photoclust.index.scratch import Scratch
from photoclust.index.successors import Followed, Pairs, add_successors, read_successors
from photoclust.people.decisions.which_faces import WhichFaces
from photoclust.records import MISSING, OK, PHOTO_SCHEMA, face_schema

MOMENT = 0.5  # seconds; a reader of a working copy tries the lock for an instant


class IndexStore:
    """An index folder. Make one with `create` or `open`."""

    def __init__(self, place: IndexPlace, settings: IndexSettings, model_sha256: str) -> None:
        self.place = place
        self.folder = folder = place.folder
        self.settings = settings
        self.model_sha256 = model_sha256
        self.clusterings = Clusterings(folder)
        self.parts = Parts(folder)
        self.scratch = Scratch(folder)

    @property
    def face_schema(self) -> pa.Schema:
        """FACE_SCHEMA for embeddings of this index's model."""
        return face_schema(self.settings.embed.dimension)

    @property
    def called(self) -> str:
        """How the user names this index: its absolute path, or the URI that it is a working copy of."""
        return self.place.called

    # -- making and opening ---------------------------------------------------------------------------

    @classmethod
    def exists(cls, location: Location) -> bool:
        """Tell whether there is an index at `location`."""
        return head_file(IndexPlace.of(location).folder).is_file()

    @classmethod
    def create(cls, location: Location, settings: IndexSettings, model_sha256: str) -> IndexStore:
        """Make a new, empty index.

        Raises
        ------
        IndexFormatError
            When the folder holds something else.
        IndexWriteError
            When it cannot be written.
        """
        place = IndexPlace.of(location)
        folder = place.folder
        if folder.exists() and not folder.is_dir():
            raise IndexFormatError(f"{folder} is a file; an index is a folder.")
        files.make_folder(folder)
        with files.writing(folder):
            strangers = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
        if strangers:
            raise IndexFormatError(
                f"{folder} holds no index but other files, {strangers[0]!r} for one; "
                "choose a new folder for the index."
            )
        write_head(folder, settings, model_sha256)
        return cls(place, settings, model_sha256)

    @classmethod
    def open(cls, location: Location) -> IndexStore:
        """Open an index that exists.

        Raises
        ------
        IndexMissingError
            When there is none.
        IndexFormatError
            When a newer photoclust made it.
        IndexCorruptError
            When ``index.json`` cannot be understood.
        """
        place = IndexPlace.of(location)
        return cls(place, *read_head(place.folder))

    def with_settings(self, settings: IndexSettings) -> IndexStore:
        """The same index, to be written with `settings`; see `require`."""
        return IndexStore(self.place, settings, self.model_sha256)

    def require(self, settings: IndexSettings, model_sha256: str) -> None:
        """Make sure that `settings` are those this index was made with: see `photoclust.index.head`."""
        made = self.settings, self.model_sha256
        require_same(self.folder, made, (settings, model_sha256))

    @contextmanager
    def lock(self, patience: float = MOMENT) -> Generator[None]:
        """Be the only writer; the operating system lets go when the process dies, however it dies.

        Parameters
        ----------
        patience
            Seconds to wait for another writer.

        Raises
        ------
        IndexLockedError
            When another process is writing.
        """
        lock = FileLock(self.folder / ".lock", mode=0o600)
        with files.writing(self.folder):
            try:
                lock.acquire(timeout=patience)
            except Timeout as error:
                raise IndexLockedError(
                    f"Another photoclust is writing to {self.folder}; wait until it has finished, or stop it."
                ) from error
        try:
            with self.place.held():
                self._clean_up()
                migration.finish(self.folder)
                erase.finish(self.place)
                self._require_unchanged()
                yield
        finally:
            lock.release()

    def _require_unchanged(self) -> None:
        """Make sure that the index is still of the model that it was opened with."""
        settings, sha256 = read_head(self.folder)
        made, now = ((one.crop, one.embed) for one in (self.settings, settings))
        if (made, self.model_sha256) != (now, sha256):
            raise IndexMismatchError(
                f"{self.folder} was migrated to the model {settings.embed.model} meanwhile; give the command "
                "again."
            )

    def _clean_up(self) -> None:
        """Remove what a killed run left: temporary files, and faces whose photos were never written."""
        for name in ("", "photos", "faces", "neighbours", "prepared", "runs"):
            files.remove_leftovers(self.folder / name)
        self.parts.remove_orphans()

    # -- photos and faces -----------------------------------------------------------------------------

    def append(self, photos: pa.Table, faces: pa.Table) -> None:
        """Add rows for photos and their faces: both, or neither.

        Parameters
        ----------
        photos, faces
            Of PHOTO_SCHEMA and FACE_SCHEMA. A later row for a uri replaces an earlier one. What was forgotten
            and is to stay so is left out.
        """
        photos, faces = without_kept_out(self.folder, photos, faces)
        self.parts.append(photos.cast(PHOTO_SCHEMA), faces.cast(self.face_schema))
        self.place.written()

    def photos(self) -> pa.Table:
        """Read the row in force for every photo that is there, ordered by uri."""
        return self.known_photos().filter(pc.field("status") != MISSING).combine_chunks()

    def known_photos(self) -> pa.Table:
        """Read the row in force for every photo ever seen, ordered by uri; those that are missing too."""
        return self.parts.known_photos()

    def faces(
        self, columns: list[str] | None = None, photos: pa.Table | None = None, left_out: bool = False
    ) -> pa.Table:
        """Read the faces of the photos in force, ordered by face_id, each once.

        Findings that are no faces as the user said, and drawings that were taken back, are left out.

        Parameters
        ----------
        columns
            Which to read besides ``face_id`` and ``photo_id``; all by default. Of many faces what is large is
            better read with `column`.
        photos
            What `photos` gives, where that has been read.
        left_out
            Whether to give those that are left out too.
        """
        seen = self.photos() if photos is None else photos
        alive = seen.filter(pc.field("status") == OK)["photo_id"].unique()
        wanted = [
            f.name for f in self.face_schema if columns is None or f.name in ("face_id", "photo_id", *columns)
        ]
        needed = list(dict.fromkeys([*wanted, "detection_score"]))
        schema = pa.schema([self.face_schema.field(name) for name in needed])
        parts = (self.parts.read_faces(mark, needed) for mark in self.parts.marks())
        written = pa.concat_tables([schema.empty_table(), *parts])
        kept = written.filter(pc.field("photo_id").isin(alive))  # at once: each filter hashes all of `alive`
        kept = kept if left_out else in_force(kept, self.which_faces())
        return last_of_each(kept.select(wanted), "face_id").combine_chunks()

    def which_faces(self) -> WhichFaces:
        """What the user has decided about which faces there are; see `photoclust.index.decided`."""
        return said_of(self.folder, self.decisions_file)

    def faces_of_photos(self, photo_ids: Collection[str], columns: list[str]) -> pa.Table:
        """Read columns, ``photo_id`` among them, of the faces of photos in force or not; each once."""
        wanted: Any = pc.field("photo_id").isin(pa.array(sorted(photo_ids), pa.string()))
        found = [pa.schema([self.face_schema.field(name) for name in columns]).empty_table()]
        for mark in self.parts.marks():
            if len(self.parts.read_faces(mark, ["photo_id"]).filter(wanted)):
                found.append(self.parts.read_faces(mark, columns).filter(wanted))
        return last_of_each(pa.concat_tables(found), "face_id").combine_chunks()

    def missing_faces(self) -> frozenset[str]:
        """Ids of the faces of photos that are missing, as far as these are under no other name."""
        photos = set(self.known_photos().filter(pc.field("status") == MISSING)["photo_id"].to_pylist())
        return frozenset(self.faces_of_photos(photos, ["face_id", "photo_id"])["face_id"].to_pylist())

    def add_successors(self, pairs: Pairs) -> None:
        """Keep what faces are now; see `photoclust.index.successors`."""
        add_successors(self.folder, pairs)

    def followed(self) -> Callable[[str], list[str]] | None:
        """What follows ids of faces to those that are in the index; None where none has become another."""
        successors = read_successors(self.folder)
        return Followed(successors, self.faces([])["face_id"].to_pylist()) if successors else None

    def column(self, name: str, face_ids: pa.ChunkedArray) -> Iterator[Piece]:
        """Read a large column of some of the `faces`, part by part; see `photoclust.index.columns`."""
        return pieces(list(map(self.parts.faces_of, self.parts.marks())), name, face_ids)

    # -- neighbours -----------------------------------------------------------------------------------

    def write_graph(self, graph: StoredGraph) -> None:
        """Replace the stored neighbour graph; see `photoclust.index.graph`."""
        write_graph(self.folder, graph)
        self.place.written()

    def read_graph(self) -> StoredGraph | None:
        """Read the stored neighbour graph, if there is one that this version can use."""
        return read_graph(self.folder, self.scratch)

    def search_blocks(self, fingerprint: str) -> SearchBlocks:
        """Give the blocks of one comparison that are kept; see `photoclust.index.blocks`."""
        return SearchBlocks(self.place, fingerprint)

    # -- clusterings ----------------------------------------------------------------------------------

    @property
    def decisions_file(self) -> Path:
        """Where the user's own decisions lie."""
        return self.folder / "decisions.csv"

    def decisions_text(self) -> str:
        """Read the text of the user's decisions, in whichever encoding a program saved it.

        Raises
        ------
        DecisionsError
            When it is no text.
        """
        return decisions.read_text(self.decisions_file)

    @contextmanager
    def deciding(self) -> Generator[None]:
        """Be the only one who changes ``decisions.csv``; a grouping at work, which only reads it, goes on.

        Raises
        ------
        IndexLockedError
            When another process keeps it for too long.
        """
        with decisions.alone(self.folder):
            yield

    def add_decisions(self, lines: str) -> None:
        """Append text to the user's decisions, whole or not at all; what is there stays byte for byte.

        A link, as to a file kept elsewhere, stays one. The caller is `deciding`.
        """
        decisions.append_text(self.decisions_file, lines)

    def mark_decisions(self, lines: Collection[int], mark: str, held: bool) -> None:
        """Take a mark from the beginning of some lines of the user's decisions, or put one there.

        Parameters
        ----------
        lines
            Their numbers.
        mark
            What a line that does not hold begins with.
        held
            Whether the lines hold from now on.
        """
        decisions.mark_lines(self.decisions_file, lines, mark, held)

    def write_run(self, run: dict[str, Any]) -> None:
        """Keep what a run of indexing did, as ``runs/TIME.json``."""
        created = datetime.now(UTC)
        head = {"created": created.isoformat(timespec="seconds"), "photoclust": __version__}
        files.make_folder(self.folder / "runs")
        files.write_json(self.folder / "runs" / f"{created:%Y%m%dT%H%M%S%f}Z.json", head | run)

    def current_clustering(self) -> Clustering | None:
        """Read the clustering in force, if there is one."""
        run_id = self.clusterings.current()
        return None if run_id is None else self.clusterings.read(run_id)
