"""What can be set, one frozen dataclass for each stage, checked when built.

`IndexSettings` is what an index is made with: it is written into ``index.json`` and an index never mixes
two of them. `ClusterConfig` is written beside each clustering, `AuditConfig` says what is expected of
labels. `EngineConfig` says where the work runs and changes no result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from photoclust.errors import UsageError

Points: TypeAlias = tuple[tuple[float, float], ...]
"""Places of landmarks in a crop: x and y in pixels, in the order of `photoclust.records.Detections`."""


FLOAT32, BFLOAT16, INT8 = "float32", "bfloat16", "int8"


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise UsageError(message)


@dataclass(frozen=True)
class DecodeConfig:
    """Limits on what a photo may ask of the machine that opens it.

    Parameters
    ----------
    max_pixels
        Width times height above which a photo is refused before its pixels are decoded.
        100 megapixels are 300 MB of RGB, and more than any full-frame camera makes.
    max_bytes
        File size above which a photo is refused before it is read.
    """

    max_pixels: int = 100_000_000
    max_bytes: int = 512 * 1024 * 1024

    def __post_init__(self) -> None:
        _check(self.max_pixels > 0, f"max_pixels must be positive, not {self.max_pixels}.")
        _check(self.max_bytes > 0, f"max_bytes must be positive, not {self.max_bytes}.")


@dataclass(frozen=True)
class DetectConfig:
    """Settings of the MTCNN cascade.

    Parameters
    ----------
    min_face_size
        Side in pixels of the smallest face looked for. Cost falls with its square.
    thresholds
        Least face probability that P-Net, R-Net and O-Net let through, each in (0, 1).
        The defaults are those of facenet-pytorch's ``MTCNN``.
    factor
        Ratio of neighbouring scales in the image pyramid, in (0, 1).
    """

    min_face_size: int = 40
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    factor: float = 0.709

    def __post_init__(self) -> None:
        _check(self.min_face_size >= 12, f"min_face_size must be 12 or more, not {self.min_face_size}.")
        _check(len(self.thresholds) == 3, "thresholds must be three numbers.")
        inside = all(0 < t < 1 for t in self.thresholds)
        _check(inside, f"thresholds must lie in (0, 1), not {self.thresholds}.")
        _check(0 < self.factor < 1, f"factor must lie in (0, 1), not {self.factor}.")


@dataclass(frozen=True)
class CropConfig:
    """How a face is cut from its photo for the embedder.

    Parameters
    ----------
    size
        Side of the square crop in pixels. InceptionResnetV1 was trained on 160.
    margin
        Pixels of the crop that lie outside the detected box, both sides together. With casia-webface
        94.8 % of the genuine pairs of LFW's development people are accepted at a false match rate of
        1 in 1,000 at a margin of 32, 93.4 % at 14, 93.9 % at 44, and fewer when faces are turned upright by
        their landmarks.
    template
        Where the first two to five landmarks belong in the crop; the photo is turned, scaled and moved
        accordingly, and the margin means nothing. None cuts the box.
    """

    size: int = 160
    margin: int = 32
    template: Points | None = None

    def __post_init__(self) -> None:
        _check(self.size >= 80, f"crop size must be 80 or more, not {self.size}.")
        _check(0 <= self.margin < self.size, f"margin must lie in [0, {self.size}), not {self.margin}.")
        points = self.template
        _check(points is None or 2 <= len(points) <= 5, "template must have two to five points.")
        inside = all(0 <= value < self.size for point in points or () for value in point)
        _check(inside, f"points of the template must lie in [0, {self.size}).")
        _check(points is None or len(set(points)) > 1, "points of the template must not be all one place.")


@dataclass(frozen=True)
class EmbedConfig:
    """Which embedder turns a crop into a vector.

    Parameters
    ----------
    model
        A name that ``photoclust models list`` knows.
    flip
        Average the embedding with that of the mirrored crop; doubles the cost. Accepts 95.3 % where the
        crop alone accepts 94.8 % (see `CropConfig`), and a grouping of them finds 0.5 % more pairs.
    dimension
        Numbers of an embedding.
    precision
        Of the network: ``float32``, or where processors have instructions for it ``bfloat16``, which takes
        half the time, or ``int8``, which takes a third. A new index takes what is quickest on the machine
        that makes it, of what its model may; a processor without the instructions continues it in float32, a
        GPU in bfloat16 where it has tensor cores for that. An index of float32 stays with it.
    """

    model: str = "casia-webface"
    flip: bool = True
    dimension: int = 512
    precision: str = FLOAT32

    def __post_init__(self) -> None:
        known = self.precision in (FLOAT32, BFLOAT16, INT8)
        _check(known, f"precision must be {FLOAT32}, {BFLOAT16} or {INT8}, not {self.precision}.")
        _check(self.dimension >= 1, f"dimension must be 1 or more, not {self.dimension}.")


@dataclass(frozen=True)
class IndexSettings:
    """Everything that decides what a photo's rows look like."""

    decode: DecodeConfig = field(default_factory=DecodeConfig)
    detect: DetectConfig = field(default_factory=DetectConfig)
    crop: CropConfig = field(default_factory=CropConfig)
    embed: EmbedConfig = field(default_factory=EmbedConfig)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for ``index.json``, as earlier versions wrote them unless what is new is used."""
        values = asdict(self)
        if self.crop.template is None:
            del values["crop"]["template"]
        if self.embed.dimension == EmbedConfig.dimension:
            del values["embed"]["dimension"]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> IndexSettings:
        """Settings from ``index.json``; inverse of `to_dict`."""
        detect = dict(values["detect"])
        detect["thresholds"] = tuple(detect["thresholds"])
        crop = dict(values["crop"])
        if points := crop.get("template"):
            crop["template"] = tuple((x, y) for x, y in points)
        return cls(
            decode=DecodeConfig(**values["decode"]),
            detect=DetectConfig(**detect),
            crop=CropConfig(**crop),
            embed=EmbedConfig(**values["embed"]),
        )


@dataclass(frozen=True)
class CollectionConfig:
    """What a run of indexing may take for granted about the collection.

    Parameters
    ----------
    folders
        What uris in the folders that were searched begin with: of those, and of photos given by name, a run
        may say that they are missing.
    missing
        What becomes of photos that are no longer there: ``check`` takes them out of the grouping unless so
        many are missing that a drive may be unplugged, ``drop`` even then, ``keep`` never.
    retry_failed
        Try photos again that failed before and have not changed.
    """

    folders: tuple[str, ...] = ()
    missing: str = "check"
    retry_failed: bool = False

    def __post_init__(self) -> None:
        known = self.missing in ("check", "drop", "keep")
        _check(known, f"missing must be check, drop or keep, not {self.missing}.")


@dataclass(frozen=True)
class ClusterConfig:
    """How embeddings become people.

    Parameters
    ----------
    k
        Neighbours kept for each face.
    min_cluster_size, min_samples
        HDBSCAN's: least faces of a cluster, and the neighbour whose distance is a face's core distance.
    min_quality
        Least quality, in [0, 1], of a face that may found a group or bridge two: by default, one more likely
        to be recognised than not. On the 4,381 faces of LFW's development people 0 to 0.7 give the same
        pairwise F of 0.984, with 2,400 to 2,380 faces in people, bystanders making the difference
        (``photoclust sweep INDEX --parameter min_quality``). Where faces are small it matters: of 36 photos
        of crowds, in which hardly anybody is twice, 0.3 and 0.5 make 22 and 13 of 814 faces people.
    false_join_rate
        Chance accepted that a person is joined with somebody else, in (0, 1).
    photo_copies
        Two faces of one photo are two people, but one where the one is a copy of the other: a mirror, a
        collage, a screen. False keeps those apart too.
    approximate_from
        Faces from which on neighbours are looked for approximately, see
        `photoclust.people.graph.approximate`; None for never.
    max_component
        Faces of a collection from which on its graph is cut into components of at most so many faces, which
        can be clustered apart; see `photoclust.people.clustering.components`. Memory of a process that
        clusters some of them grows with their number: 2.9 GiB where two share a million
        (``benchmarks/grouping_scale.py 1000000 --workers 2``).
    """

    k: int = 40
    min_cluster_size: int = 2
    min_samples: int = 2
    min_quality: float = 0.5
    false_join_rate: float = 0.01
    photo_copies: bool = True
    approximate_from: int | None = None
    max_component: int = 200_000

    def __post_init__(self) -> None:
        _check(self.k >= 2, f"k must be 2 or more, not {self.k}.")
        least, sample = self.min_cluster_size, self.min_samples
        _check(least >= 2, f"min_cluster_size must be 2 or more, not {least}.")
        _check(1 <= sample <= self.k, f"min_samples must lie in 1..{self.k}, not {sample}.")
        _check(0 <= self.min_quality <= 1, f"min_quality must lie in [0, 1], not {self.min_quality}.")
        rate = self.false_join_rate
        _check(0 < rate < 1, f"false_join_rate must lie in (0, 1), not {rate}.")
        begin = self.approximate_from
        _check(begin is None or begin >= 1, f"approximate_from must be 1 or more, not {begin}.")
        _check(self.max_component >= 2, f"max_component must be 2 or more, not {self.max_component}.")


@dataclass(frozen=True)
class AuditConfig:
    """What is expected of a labelled data set before it is looked at, and what is worth reporting.

    Parameters
    ----------
    wrong_faces
        Share of faces expected under a wrong label, in (0, 1). Most labels are right.
    split_labels
        Share of labels whose person is expected to have another label too, in (0, 1).
    strangers
        Share of wrong faces expected to be nobody who has a label, in (0, 1).
    bystanders
        Share of photos with several people whose label means one who is not in front, in (0, 1).
    min_confidence
        Findings less probable than this are not reported, in [0, 1).
    """

    wrong_faces: float = 0.02
    split_labels: float = 0.02
    strangers: float = 0.5
    bystanders: float = 0.2
    min_confidence: float = 0.5

    def __post_init__(self) -> None:
        for name in ("wrong_faces", "split_labels", "strangers", "bystanders"):
            value = getattr(self, name)
            _check(0 < value < 1, f"{name} must lie in (0, 1), not {value}.")
        least = self.min_confidence
        _check(0 <= least < 1, f"min_confidence must lie in [0, 1), not {least}.")


SWEEP_VALUES: dict[str, tuple[float, ...]] = {
    "false_join_rate": (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "min_quality": (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "min_cluster_size": (2, 3, 4, 5),
    "min_samples": (1, 2, 3, 5),
}
"""Settings of `ClusterConfig` that a sweep varies, and a sensible range of each."""

ENGINES = ("auto", "processes", "ray", "local")


@dataclass(frozen=True)
class EngineConfig:
    """Where the work runs and how much of the machine it takes; None chooses from what there is.

    Parameters
    ----------
    kind
        ``processes``: plain ones of this machine, which use no GPU; ``ray``: actors; ``local``: this process
        alone; ``auto``: Ray where there is an address, a GPU or a number of actors, else plain processes.
        Where there is no address and Ray does not start, ``auto`` is this process.
    address
        Ray cluster to join; None starts an embedded Ray.
    num_cpus, num_gpus
        What the job may use. Of plain processes there are as many as processors.
    detect_actors, embed_actors
        Processes of each kind.
    photos_per_batch
        Photos handed to a process at once; None chooses by the size of their files.
    photo_seconds
        How long a process may take over one photo before it is ended and the photo, if that happens again,
        fails alone. The local engine waits for ever.
    divide_search_from
        Faces to be compared with one another from which on the neighbour search is divided into blocks, done
        on the cluster where there is one, and each kept when it is done. Below, this process searches by
        itself and in one go: in half the time, since it multiplies each pair once.
    owns_output
        Whether stdout and stderr of this process are photoclust's own, as those of the command line are. Then
        what Ray writes while it is joined is kept out of stdout, and what its C++ core writes out of stderr.
    debug
        Leave what Ray's core writes on stderr in any case.
    job
        Id of the job of a Ray cluster that this is, for metrics; empty outside of jobs.
    """

    kind: str = "auto"
    address: str | None = None
    num_cpus: int | None = None
    num_gpus: int | None = None
    detect_actors: int | None = None
    embed_actors: int | None = None
    photos_per_batch: int | None = None
    photo_seconds: float = 300.0
    divide_search_from: int = 500_000
    owns_output: bool = False
    debug: bool = False
    job: str = ""

    def __post_init__(self) -> None:
        _check(self.photo_seconds > 0, f"photo_seconds must be positive, not {self.photo_seconds}.")
        _check(self.kind in ENGINES, f"engine must be one of {', '.join(ENGINES)}, not {self.kind}.")
        for name in ("num_cpus", "detect_actors", "embed_actors", "photos_per_batch", "divide_search_from"):
            value = getattr(self, name)
            _check(value is None or value >= 1, f"{name} must be 1 or more, not {value}.")
        gpus = self.num_gpus
        _check(gpus is None or gpus >= 0, f"num_gpus must be 0 or more, not {gpus}.")
