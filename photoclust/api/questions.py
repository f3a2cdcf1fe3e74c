"""`Questions`: what can be asked of an index."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager

import pyarrow as pa

from photoclust.api.context import ProgressCallback, context_of
from photoclust.api.faces import Faces, faces_of
from photoclust.api.reading import label_scores, people_of
from photoclust.api.results import LabelScores, Person
from photoclust.index.remote.at import at
from photoclust.index.store import IndexStore
from photoclust.limits import TimeLimits, limited
from photoclust.workflows.check import Finding, check_index
from photoclust.workflows.diff import PeopleDiff, StoredGrouping, diff, stored_groupings
from photoclust.workflows.evaluate import evaluate
from photoclust.workflows.explain import Explanation, explain
from photoclust.workflows.find import FoundPhoto, find
from photoclust.workflows.identify import IdentifiedPhoto, IdentifyOptions, identify
from photoclust.workflows.people.people_index import PeopleIndex
from photoclust.workflows.people.suggest import Question, suggest
from photoclust.workflows.status import IndexStatus, status
from photoclust.workflows.sweep import Sweep, sweep

PathOrUri = str | os.PathLike[str]


class Questions:
    """What can be asked of an index; nothing in it is changed.

    Attributes
    ----------
    location
        Folder or URI.
    """

    def __init__(self, location: PathOrUri, limits: TimeLimits | None = None) -> None:
        self.location = os.fspath(location)
        self._limits = limits or TimeLimits()

    @contextmanager
    def _store(self) -> Generator[IndexStore]:
        """The index as the workflows know it; of one in an object store a copy, brought up to date."""
        with limited(self._limits), at(self.location) as place:
            yield IndexStore.open(place)

    @property
    def people(self) -> tuple[Person, ...]:
        """The people, most faces first; those who are ignored too. None where nothing is grouped yet."""
        with self._store() as store:
            return tuple(people_of(store))

    def person(self, who: str) -> Person:
        """The person of an id, the beginning of one, a name, or ``"Person 7"``.

        Raises
        ------
        UsageError
            Nobody, or more than one, is meant.
        IndexMissingError
            Nobody has grouped the faces yet.
        """
        with self._store() as store:
            wanted = PeopleIndex(store).person(who)
            return next(person for person in people_of(store) if person.id == wanted)

    @property
    def faces(self) -> Faces:
        """The faces of the photos that are there."""
        with self._store() as store:
            return faces_of(store, self._store)

    @property
    def photos(self) -> pa.Table:
        """A row for each photo that is there, ordered by ``uri``.

        ``photo_id``, ``uri``, ``size`` (bytes), ``version``, ``width``, ``height`` (pixels), ``orientation``,
        ``taken_at``, ``status`` (``ok``, ``no_face``, ``failed``, ``forgotten``), ``stage`` and ``error``
        (where and why it failed) and ``attempts``.
        """
        with self._store() as store:
            return store.photos()

    def status(self) -> IndexStatus:
        """What the index holds, and what is still to be done.

        Examples
        --------
        >>> found = index.status()                                       # doctest: +SKIP
        >>> found.photos.seen, found.photos.failed, found.faces          # doctest: +SKIP
        (129, 0, 149)
        """
        with self._store() as store:
            return status(store)

    @property
    def groupings(self) -> tuple[StoredGrouping, ...]:
        """The groupings that the index keeps, the oldest first."""
        with self._store() as store:
            return tuple(stored_groupings(store))

    def diff(self, before: str = "previous", after: str = "current") -> PeopleDiff:
        """What became of people from one grouping to another.

        Parameters
        ----------
        before, after
            ``run_id`` of one of `groupings`, the beginning of one, ``"current"`` or ``"previous"``.

        Raises
        ------
        IndexMissingError
            There is no such grouping.
        UsageError
            More than one is meant.

        Examples
        --------
        >>> for change in index.diff().changes:                          # doctest: +SKIP
        ...     print(change.kind, change.name or change.person_id)
        """
        with self._store() as store:
            return diff(store, (before, after))

    def suggest(self, most: int = 20, min_chance: float = 0.01) -> tuple[Question, ...]:
        """The questions about people whose answers put most faces right, at most so many.

        Parameters
        ----------
        most
            How many at most.
        min_chance
            Least probability, in [0, 1], of a yes.

        Raises
        ------
        IndexMissingError
            Some faces are not grouped yet.
        UsageError
            `most` is less than 1.
        """
        with self._store() as store:
            return tuple(suggest(store, most, min_chance))

    def explain(self, one: str, other: str) -> Explanation:
        """Why two faces, or two people, are or are not one person.

        Parameters
        ----------
        one, other
            A face's id, or a person's id or name, for whom the cover stands.

        Raises
        ------
        UsageError
            There is nobody, or more than one, of that id or name.
        """
        with self._store() as store:
            return explain(store, one, other)

    def identify(
        self,
        photos: PathOrUri | Iterable[PathOrUri],
        *,
        most: int = 3,
        prior: float = 0.5,
        min_probability: float = 0.5,
        face: int | None = None,
    ) -> Generator[IdentifiedPhoto]:
        """Who the people in photos are, of the people of the index, photo by photo; nothing is kept.

        Parameters
        ----------
        photos
            As for `Index.add`.
        most
            Candidates named of each face.
        prior
            Probability, in (0, 1), that a face is somebody of the index before it was looked at.
        min_probability
            Least probability, in (0, 1), of somebody who is known.
        face
            Number of the face that is meant in each photo, from 1, best first; None for all.

        Raises
        ------
        IndexMissingError
            There are no people.
        UsageError
            A photo does not exist, a number is out of range, or the model was not calibrated.
        ProbeError
            At the end, where no face was found in any photo.

        Examples
        --------
        >>> for photo in index.identify("visitor.jpg"):                  # doctest: +SKIP
        ...     print([face.candidates[0].called for face in photo.faces if face.known])
        ['Ada Lovelace']
        """
        options = IdentifyOptions(most, prior, min_probability, face)
        with self._store() as store:
            yield from identify(store, paths_of(photos), options)

    def find(self, people: str | Iterable[str], without: str | Iterable[str] = ()) -> tuple[FoundPhoto, ...]:
        """Photos in which all of some people are, and none of others.

        Parameters
        ----------
        people, without
            Names, ids, or ``"Person 7"``.

        Raises
        ------
        UsageError
            One of them is not in the index.
        IndexMissingError
            Nobody has grouped the faces yet.
        """
        with self._store() as store:
            return tuple(find(store, _several(people), _several(without)))

    def evaluate(self, labels: PathOrUri = "folders") -> LabelScores:
        """How well the people found agree with labels, and whether confidence is honest.

        Parameters
        ----------
        labels
            ``"folders"``: the name of the folder that a photo lies in; or a CSV with the columns ``photo``
            and ``person``. A label means the main face of its photo.

        Raises
        ------
        IndexMissingError
            Nobody has grouped the faces yet.
        UsageError
            The labels cannot be used, or fit no photo.

        Examples
        --------
        >>> index.evaluate("folders").scores.pairwise.f                  # doctest: +SKIP
        0.968
        """
        with self._store() as store:
            return label_scores(evaluate(store.place, os.fspath(labels)))

    def sweep(
        self,
        parameter: str = "false_join_rate",
        values: Iterable[float] = (),
        labels: PathOrUri | None = None,
        *,
        progress: ProgressCallback | None = None,
    ) -> Sweep:
        """Group the faces with one value of a setting after another, and compare; nothing is stored.

        All else is as in the grouping in force, corrections included.

        Parameters
        ----------
        parameter
            ``"false_join_rate"``, ``"min_quality"``, ``"min_cluster_size"`` or ``"min_samples"``; see
            `ClusterConfig`.
        values
            What it is set to; a sensible range by default.
        labels
            Score each grouping against these; see `evaluate`.
        progress
            Called as ``progress("group", done, total)``.

        Raises
        ------
        IndexMissingError
            There is no face in the index.
        UsageError
            There is no such setting, a value is out of range, or the labels cannot be used.

        Examples
        --------
        >>> found = index.sweep("min_cluster_size", [2, 3, 4])           # doctest: +SKIP
        >>> [(point.value, point.people) for point in found.points]      # doctest: +SKIP
        [(2, 9), (3, 6), (4, 5)]
        """
        who = os.fspath(labels) if labels is not None else None
        with self._store() as store:
            return sweep(store, parameter, tuple(values), who, context_of(progress=progress))

    def check(self) -> tuple[Finding, ...]:
        """What is wrong with the files of the index; nothing where all is well."""
        with self._store() as store:
            return tuple(check_index(store))


def paths_of(photos: PathOrUri | Iterable[PathOrUri]) -> list[str]:
    """Paths and URIs as text, of one or several."""
    return [os.fspath(one) for one in ([photos] if isinstance(photos, str | os.PathLike) else photos)]


def _several(people: str | Iterable[str]) -> list[str]:
    return [people] if isinstance(people, str) else list(people)
