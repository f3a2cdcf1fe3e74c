"""`Index`: everything that can be done with an index; what only looks at it is in `Questions`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from photoclust.api.context import ProgressCallback, context_of
from photoclust.api.corrections import Corrections
from photoclust.api.questions import PathOrUri, Questions, paths_of
from photoclust.config import ClusterConfig, EngineConfig
from photoclust.limits import TimeLimits
from photoclust.workflows.cluster import group, put_in_force
from photoclust.workflows.enroll import Enrolled, enroll
from photoclust.workflows.export import ExportReport, export
from photoclust.workflows.export_xmp import XmpPlace, XmpReport, export_xmp
from photoclust.workflows.forget import Receipt, forget
from photoclust.workflows.index import index as index_photos
from photoclust.workflows.opening import PhotoOptions
from photoclust.workflows.people.import_names import NamesImport, import_names
from photoclust.workflows.run_stats import GroupReport, IndexReport


class Index(Questions):
    """An index: photos, the faces in them, and the people they are grouped into.

    Made by `photoclust.open` and `photoclust.create`. It holds no file open and no state: each method reads
    what is there, so that several programs can use one index; one at a time can change it.

    Attributes
    ----------
    location
        Folder or URI.
    correct
        Says who is who: see `Corrections`.
    """

    def __init__(self, location: PathOrUri, limits: TimeLimits | None = None) -> None:
        super().__init__(location, limits)
        self.correct = Corrections(self._store)

    def __repr__(self) -> str:
        return f"photoclust.open({self.location!r})"

    def add(
        self,
        photos: PathOrUri | Iterable[PathOrUri],
        *,
        engine: str | EngineConfig = "auto",
        options: PhotoOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> IndexReport:
        """Find and embed the faces of new and changed photos.

        Parameters
        ----------
        photos
            Folders (searched with all that is in them), files, ``s3://``, ``gs://`` or ``az://`` URIs, tar
            and Parquet files of photos, ``@LIST``: a text file with one of these on each line.
        engine
            ``"local"``: this process; ``"processes"``: one for each processor; ``"ray"``: actors of Ray;
            ``"auto"``: Ray where there is a cluster or a GPU, else processes. The result is the same. An
            `EngineConfig` says more.
        options
            What to leave out, what becomes of missing photos, and more.
        progress
            Called as ``progress(stage, done, total)``.

        Raises
        ------
        NoPhotosError
            There are none.
        IndexLockedError
            Another process is writing to the index.
        MissingPhotosError
            So many known photos are not there that a drive may be unplugged.
        SourceLostError
            What photos are read from went out of reach; what was finished is kept.
        EngineError
            Ray was asked for and does not start.

        Examples
        --------
        >>> report = index.add("photos/", engine="local")                # doctest: +SKIP
        >>> report.found, report.faces                                   # doctest: +SKIP
        (129, 149)
        """
        sources = [photos] if isinstance(photos, str | os.PathLike) else photos
        with self._store() as store:
            return index_photos(
                [os.fspath(source) for source in sources],
                store.place,
                options or PhotoOptions(),
                context_of(engine, progress),
            )

    def enroll(
        self,
        name: str,
        photos: PathOrUri | Iterable[PathOrUri],
        *,
        face: int | None = None,
        join_named: bool = False,
    ) -> Enrolled:
        """Put a person in by name, known from one photo or a few; they are found in photos from then on.

        Parameters
        ----------
        name
            Who has it already gets the photos.
        photos
            Path or URI of each; they are indexed.
        face
            Number of the face that is meant in each photo, from 1, best first; None where there is one.
        join_named
            Let somebody who has another name become one with them.

        Raises
        ------
        UsageError
            The name is none, a photo shows several faces and none was chosen, or shows somebody who has
            another name.
        ProbeError
            A photo cannot be used or shows no face, or the index keeps it out.
        IndexLockedError
            Another process is writing to the index.
        """
        with self._store() as store:
            return enroll(store, name, paths_of(photos), context_of("local"), face, join_named)

    def group(
        self,
        config: ClusterConfig | None = None,
        *,
        max_named_churn: float = 1.0,
        engine: str | EngineConfig = "auto",
        progress: ProgressCallback | None = None,
    ) -> GroupReport:
        """Group all faces into people, put that in force and write the review page.

        Parameters
        ----------
        config
            How to group.
        max_named_churn
            Share, in [0, 1], of the faces of people with a name that may leave their person.
        engine
            Where half a million faces and more are compared; see `add`.
        progress
            Called as ``progress(stage, done, total)``.

        Raises
        ------
        ChurnError
            More faces would leave; the grouping before stays in force.
        DecisionsError
            ``decisions.csv`` cannot be understood.
        IndexLockedError
            Another process is writing to the index.

        Examples
        --------
        >>> index.group(photoclust.ClusterConfig(min_cluster_size=3)).people    # doctest: +SKIP
        5
        """
        with self._store() as store:
            return group(store, config or ClusterConfig(), context_of(engine, progress), max_named_churn)

    def use(self, run_id: str) -> None:
        """Put an earlier grouping in force again, or one that was refused.

        Parameters
        ----------
        run_id
            Id of one of `groupings`, the beginning of one, or ``"previous"``; a `ChurnError` or a
            `DecisionsLostError` names the one that was refused.

        Raises
        ------
        IndexMissingError
            There is no such grouping.
        UsageError
            More than one is meant.
        IndexLockedError
            Another process is writing to the index.
        """
        with self._store() as store:
            put_in_force(store, run_id)

    def export(
        self, output: PathOrUri, format: str = "csv", *, embeddings: bool = False, force: bool = False
    ) -> ExportReport:
        """Write faces and people as a table, as folders of links to the photos, or as a data set.

        Parameters
        ----------
        output
            File or folder on this machine.
        format
            ``"csv"``, ``"json"``, ``"parquet"``, ``"folders"``; ``"coco"`` or ``"fiftyone"``, one JSON that
            names photos; ``"webdataset"`` or ``"huggingface"``, folders of faces cut from their photos.
        embeddings
            Add each face's vector to a table.
        force
            Replace an existing file.

        Raises
        ------
        OutputError
            There is something already, or it cannot be written.
        IndexMissingError
            Nobody has grouped the faces yet.
        UsageError
            There is no such format.
        """
        with self._store() as store:
            return export(store, format, Path(output), embeddings, force)

    def export_xmp(
        self,
        output: PathOrUri | None = None,
        *,
        beside_photos: bool = False,
        embed: bool = False,
        by_stem: bool = False,
        keywords: bool = False,
    ) -> XmpReport:
        """Write names and face regions of people as XMP for other programs; what these wrote there stays.

        Parameters
        ----------
        output
            Folder of sidecars, each at the whole path of its photo. This, `beside_photos` or `embed`.
        beside_photos
            Sidecars beside the photos.
        embed
            Into the photos themselves, by exiftool.
        by_stem
            Call a new sidecar ``photo.xmp`` and not ``photo.jpg.xmp``.
        keywords
            Make keywords of the names as well.

        Raises
        ------
        UsageError
            No place is given, or more than one.
        OutputError
            The folder is a file, or there is no exiftool.
        IndexMissingError
            Nobody has grouped the faces yet.
        """
        place = XmpPlace(Path(output) if output else None, beside_photos, embed, by_stem)
        with self._store() as store:
            return export_xmp(store, place, keywords)

    def import_names(self, paths: PathOrUri | Iterable[PathOrUri], *, dry_run: bool = False) -> NamesImport:
        """Take over names that were given in other programs, as decisions; names that are here stay.

        Parameters
        ----------
        paths
            Files, and folders with all that is in them: XMP sidecars, photos with XMP, ``.picasa.ini`` and
            ``contacts.xml``, JSON of Google Takeout, exiftool or osxphotos, CSV.
        dry_run
            Only say what would be done.

        Raises
        ------
        UsageError
            A path is not there.
        IndexMissingError
            Nobody has grouped the faces yet.
        """
        with self._store() as store:
            return import_names(store, paths_of(paths), context_of(), dry_run)

    def forget(
        self,
        people: str | Iterable[str] = (),
        *,
        photos: PathOrUri | Iterable[PathOrUri] = (),
        keep_out: bool = False,
    ) -> Receipt:
        """Erase people, or photos, for good: embeddings, thumbnails, graph, pages, older groupings.

        Parameters
        ----------
        people
            Ids or names of people, or ids of single faces. A name stands for everybody who bears it.
        photos
            Paths or URIs of photos, as they were indexed; every face in them goes.
        keep_out
            Keep keyed hashes, so that the faces stay out even if the photos are indexed anew.

        Raises
        ------
        UsageError
            Nobody, or nobody who is there, is to be forgotten.
        """
        who = [people] if isinstance(people, str) else list(people)
        places = [photos] if isinstance(photos, str | os.PathLike) else photos
        with self._store() as store:
            return forget(store, who, [os.fspath(place) for place in places], keep_out)
