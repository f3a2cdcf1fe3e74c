"""Open-set identification: who of the people known a face is, or nobody of them.

Each person is one template, the direction of the mean of their centred embeddings. The logarithm of the
likelihood ratio of a face and a template (`photoclust.people.calibration.pairs`) makes of prior odds the
odds of everybody: a probe is somebody known with the prior probability, each of them alike, or nobody known,
for whom the likelihood ratio is 1. So the probabilities of all people and of nobody add up to 1, and among
many people it takes more to be found than among few.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from photoclust.people.calibration.evidence import Calibration
from photoclust.people.calibration.pairs import PairCalibration, Templates, templates
from photoclust.types import Doubles, Floats, Rows

_NEGLIGIBLE = 0.02  # likelihood ratio; less is taken for the least, which moves odds by 2 % at most


@dataclass(frozen=True)
class Candidate:
    """Somebody whom a face may be.

    Attributes
    ----------
    row
        Which person of the gallery.
    distance
        Score-normalised cosine distance to their template.
    probability, probability_low, probability_high
        That it is them, and the 95 % interval.
    """

    row: int
    distance: float
    probability: float
    probability_low: float
    probability_high: float


@dataclass(frozen=True)
class Identification:
    """Whom a face may be.

    Attributes
    ----------
    nobody
        Probability that it is nobody of the gallery.
    candidates
        The likeliest first.
    """

    nobody: float
    candidates: tuple[Candidate, ...]


class Gallery:
    """Templates of people, ready to be searched.

    Parameters
    ----------
    people
        Templates of n people, float32 rows contiguous in memory.
    faces
        int64, shape (n,): how many faces are behind each.
    known
        What a similarity says.
    """

    def __init__(self, people: Templates, faces: Rows, known: PairCalibration) -> None:
        self.vectors, self.faces, self.known = people.vectors, faces, known
        self._half_hubness = (people.hubness / 2).astype(np.float32)
        least = known.evidence(np.full(len(faces), -9.0), faces)  # the similarity of nobody
        self._least = np.exp(least)
        self._all_least = float(self._least.sum())
        intercept, slope, _ = known.regressions[:, 0].T
        self._cut = float(((np.log(_NEGLIGIBLE) - intercept) / slope).min())

    def __len__(self) -> int:
        return len(self.faces)

    def identify(self, probe: Templates, prior: float, most: int) -> Identification:
        """Say whom a face may be.

        Parameters
        ----------
        probe
            A single face.
        prior
            Probability, in (0, 1), that it is somebody of the gallery.
        most
            Candidates that are wanted, 1 or more.
        """
        if not len(self):
            return Identification(1.0, ())
        rows, similarity = self._alike(probe, most)
        each = prior / len(self)
        ratios = each * np.exp(self.known.evidence(similarity, self.faces[rows]))
        others = each * (self._all_least - float(self._least[rows].sum())) + 1 - prior
        total = float(ratios.sum()) + others
        best = np.lexsort((rows, -similarity, -ratios))[:most]
        _, *ends = self.known.evidence_interval(similarity[best], self.faces[rows[best]])
        low, high = (each * np.exp(end) / (total - ratios[best] + each * np.exp(end)) for end in ends)
        found = tuple(
            Candidate(
                int(rows[i]),
                float(1 - similarity[i]),
                float(ratios[i] / total),
                float(low[place]),
                float(high[place]),
            )
            for place, i in enumerate(best)
        )
        return Identification((1 - prior) / total, found)

    def _alike(self, probe: Templates, most: int) -> tuple[Rows, Doubles]:
        """Everybody whose likelihood ratio is more than its least value, and the nearest in any case."""
        similarity = self.vectors @ probe.vectors[0]
        similarity -= self._half_hubness
        similarity -= np.float32(probe.hubness[0] / 2)
        rows = np.flatnonzero(similarity > self._cut)
        if len(rows) < most:
            count = min(most, len(self))
            rows = np.sort(np.argpartition(-similarity, count - 1)[:count])
        return rows, similarity[rows].astype(np.float64)


def gallery_of(
    blocks: Iterable[tuple[Floats, Rows]], people: int, calibration: Calibration, known: PairCalibration
) -> Gallery:
    """Make a template of the faces of each person.

    Parameters
    ----------
    blocks
        Some faces at a time: float32, shape (n, c), unit rows from `Calibration.centred`; and int64, shape
        (n,), whose face each is, 0 to `people` − 1, everybody at least once.
    people
        How many people there are, 1 or more.
    calibration, known
        Those of the model.
    """
    sums, faces = np.zeros((people, 0), np.float32), np.zeros(people, np.int64)
    for centred, person in blocks:
        sums = sums if sums.shape[1] else np.zeros((people, centred.shape[1]), np.float32)
        order = np.argsort(person, kind="stable")
        there, begins, counts = np.unique(person[order], return_index=True, return_counts=True)
        sums[there] += np.add.reduceat(centred[order], begins, axis=0)
        faces[there] += counts
    sums /= np.sqrt(np.einsum("ij,ij->i", sums, sums))[:, None]
    return Gallery(templates(calibration, sums), faces, known)
