"""`Index`: everything that can be done with an index; its other parts are `Questions` and `Exchange`."""

from __future__ import annotations

import os
from collections.abc import Iterable

from photoclust.api.context import ProgressCallback, context_of
from photoclust.api.corrections import Corrections
from photoclust.api.exchange import Exchange
from photoclust.api.questions import PathOrUri, paths_of
from photoclust.config import ClusterConfig, EngineConfig
from photoclust.limits import TimeLimits
from photoclust.workflows.calibrate import CalibrationReport, calibrate
from photoclust.workflows.cluster import group, put_in_force
from photoclust.workflows.enroll import Enrolled, enroll
from photoclust.workflows.forget import Receipt, forget
from photoclust.workflows.index import index as index_photos
from photoclust.workflows.migrate import MigrationReport, abandon, migrate
from photoclust.workflows.opening import PhotoOptions
from photoclust.workflows.run_stats import GroupReport, IndexReport


class Index(Exchange):
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

    def migrate(
        self,
        model: str | None = None,
        *,
        margin: int | None = None,
        max_named_churn: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> MigrationReport:
        """Embed all faces by another model and group them; names, corrections and ids of people stay.

        Photos are read, but no face is searched for. What an earlier call that was stopped has embedded is
        not embedded again. The model there is stays in force until the new people are accepted: by
        `max_named_churn`, or by `use` with the ``run_id`` of the report; `diff` tells what becomes of them.

        Parameters
        ----------
        model
            The new model; with a `margin`, None is the present one.
        margin
            Pixels of the crop outside of the face's box; the model's by default.
        max_named_churn
            Accept at once if no greater share, in [0, 1], of the faces of people with a name leave their
            person.
        progress
            Called as ``progress("index", done, total)``.

        Raises
        ------
        UsageError
            Neither model nor margin is given, the index has these already, or another migration is under way.
        WeightsError
            The model is not known, or not here.
        ChurnError
            More faces would leave their person; the new grouping is stored and not in force.
        IndexLockedError
            Another process is writing to the index.

        Examples
        --------
        >>> report = index.migrate("sface", max_named_churn=0.01)        # doctest: +SKIP
        >>> report.accepted, report.named_moved                          # doctest: +SKIP
        (True, 2)
        """
        with self._store() as store:
            return migrate(store, model, context_of("local", progress), margin, max_named_churn)

    def abandon_migration(self) -> None:
        """Drop what `migrate` embedded and grouped, where that was not accepted; the model in force stays.

        Raises
        ------
        UsageError
            No migration is under way.
        IndexLockedError
            Another process is writing to the index.
        """
        with self._store() as store:
            abandon(store)

    def calibrate(
        self, labels: PathOrUri | None = None, *, progress: ProgressCallback | None = None
    ) -> CalibrationReport:
        """Measure what distances of the index's model mean, and keep that beside the model.

        Every index of that model is grouped by it from then on. It goes before the calibration that is
        shipped.

        Parameters
        ----------
        labels
            ``"folders"``, the path of a CSV, or ``"people"``: those of the index with a name. None makes do
            with what photos tell alone; probabilities are then too sure.
        progress
            Called as ``progress("index", done, total)`` while some faces are embedded in small.

        Raises
        ------
        UsageError
            The labels cannot be used, or there are too few people or faces.
        IndexMissingError
            ``"people"`` are asked for, and none has a name.
        WeightsError
            The model is not here any more, or is another of the same name.

        Examples
        --------
        >>> found = index.calibrate("folders")                           # doctest: +SKIP
        >>> found.people, found.rates[2]                                 # doctest: +SKIP
        (1711, {'false_match_rate': 0.001, 'distance': 0.67, 'true_accept_rate': 0.966})
        """
        said = None if labels is None else os.fspath(labels)
        with self._store() as store:
            return calibrate(store, context_of("local", progress), said)

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
