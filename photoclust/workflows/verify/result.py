"""What comes of holding two photos against each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from photoclust.report.verdict import verdict_lines

NORMALISED, COSINE = "score-normalised cosine", "cosine"
"""What `Verification.distance` measures: of a calibrated model, and of any other."""


@dataclass(frozen=True)
class VerifiedFace:
    """A face of one of the photos.

    Attributes
    ----------
    number
        Its number in the photo, from 1, best first.
    box
        x0, y0, x1, y1 in pixels of the upright photo.
    landmarks
        Left eye, right eye, nose, left and right corner of the mouth, x and y, as seen in the picture.
    quality
        In [0, 1].
    """

    number: int
    box: tuple[float, ...]
    landmarks: tuple[tuple[float, float], ...]
    quality: float


@dataclass(frozen=True)
class FacePair:
    """A face of one photo held against a face of the other.

    Attributes
    ----------
    faces
        Numbers of the two.
    verified
        The distance is at most the threshold.
    distance
        Score-normalised cosine distance, which decides; of a model without calibration the cosine distance.
    cosine_distance, euclidean_distance
        1 − cos and √(2 − 2 cos) of the centred embeddings.
    false_match_rate
        Share of the pairs of two people that are as close, as far as it was measured; None without
        calibration.
    probability, probability_low, probability_high
        That they are one person, and the 95 % interval; None without calibration.
    """

    faces: tuple[int, int]
    verified: bool
    distance: float
    cosine_distance: float
    euclidean_distance: float
    false_match_rate: float | None
    probability: float | None
    probability_low: float | None
    probability_high: float | None


@dataclass(frozen=True)
class Verification:
    """What came out.

    Attributes
    ----------
    verified
        The closest pair of faces is one person, at the threshold.
    photos
        Path or URI of the two.
    faces
        Faces of either photo.
    pairs
        Every pair of faces that was looked at, closest first.
    threshold, false_match_rate
        The greatest distance of one person, and the share of single pairs of two people that lie below it, as
        far as that was measured; None of a model without calibration.
    prior
        Probability of one person that was taken for granted.
    model, similarity_metric
        What embedded the faces, and what `FacePair.distance` measures.
    notes
        What should make careful, a sentence each.
    same_picture
        Both files hold the same picture.
    seconds
        How long it took.
    """

    verified: bool
    photos: tuple[str, str]
    faces: tuple[tuple[VerifiedFace, ...], tuple[VerifiedFace, ...]]
    pairs: tuple[FacePair, ...]
    threshold: float
    false_match_rate: float | None
    prior: float
    model: str
    similarity_metric: str
    notes: tuple[str, ...]
    same_picture: bool
    seconds: float

    @property
    def best(self) -> FacePair:
        """The closest pair."""
        return self.pairs[0]

    def lines(self) -> tuple[str, ...]:
        """Verdict, distances and threshold in words."""
        return verdict_lines(self.best, self.threshold, self.false_match_rate, self.similarity_metric)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; where deepface's ``verify`` has the same, under its name."""
        areas = {
            f"img{side + 1}": _area(faces[number - 1])
            for side, (faces, number) in enumerate(zip(self.faces, self.best.faces, strict=True))
        }
        best = asdict(self.best)
        own = {"pairs": [asdict(pair) for pair in self.pairs], "photos": list(self.photos)}
        own |= {"faces": [[asdict(face) for face in side] for side in self.faces]}
        names = (
            "cosine_distance",
            "euclidean_distance",
            "probability",
            "probability_low",
            "probability_high",
        )
        return {
            "verified": self.verified,
            "distance": self.best.distance,
            "threshold": self.threshold,
            "model": self.model,
            "similarity_metric": self.similarity_metric,
            "facial_areas": areas,
            "time": round(self.seconds, 2),
            "false_match_rate": self.false_match_rate,
            "prior": self.prior,
            "same_picture": self.same_picture,
            "notes": list(self.notes),
            **{name: best[name] for name in names},
            **own,
        }


def _area(face: VerifiedFace) -> dict[str, Any]:
    """A face as deepface describes one; eyes are named by the person there, by the picture here."""
    left, top, right, bottom = (round(value) for value in face.box)
    eyes = [[round(value) for value in point] for point in face.landmarks[:2]]
    return {
        "x": left,
        "y": top,
        "w": right - left,
        "h": bottom - top,
        "left_eye": eyes[1],
        "right_eye": eyes[0],
    }
