"""What a training run is asked to do: one frozen dataclass, checked when built, kept with the run."""

from __future__ import annotations

from dataclasses import dataclass

from photoclust.errors import UsageError

WHATS = ("head", "network")
LOSSES = ("contrastive", "triplet", "supcon", "arcface")
MININGS = ("random", "semihard", "batch-hard")
HEADS = ("linear", "mlp")
ARCHITECTURES = ("small", "inception")
RANDOM = "random"
"""What a network is begun with that knows nothing."""


@dataclass(frozen=True)
class TrainConfig:
    """How a training run goes.

    Parameters
    ----------
    what
        ``head``: a small head on stored embeddings; ``network``: a network on crops of faces.
    head
        ``linear`` or ``mlp``; see `photoclust.learn.heads`.
    arch
        ``small`` or ``inception``; see `photoclust.learn.networks`.
    init
        Of a network, ``random`` or the name of a model whose weights it begins with.
    loss
        ``contrastive``, ``triplet``, ``supcon`` or ``arcface``; see `photoclust.learn.losses`.
    mining
        Which triplets of a batch count: ``random``, ``semihard`` or ``batch-hard``; of the triplet loss.
    margin
        Of the triplet loss: by how much the distance to another person must exceed that to one's own photo.
    positive_margin, negative_margin
        Of the contrastive loss: pairs of one person nearer than the first, and pairs of two people farther
        than the second, cost nothing.
    squared
        Whether distances are squared Euclidean distances, as FaceNet has them, or plain ones.
    temperature
        Of the SupCon loss.
    angle, scale
        Of the ArcFace loss: margin in degrees, and what cosines are multiplied by.
    people_per_batch, photos_per_person
        P and K of a batch of P x K photos.
    epochs, patience
        Passes over the training photos at most; and how many in a row may go without a better validation.
    learning_rate
        Of AdamW, falling to 0 along half a cosine; None for what suits what is trained.
    validation, test
        Shares of the people that are set aside, in (0, 1).
    augment
        Whether crops are varied from batch to batch; of networks.
    workers
        Processes that train a network together, each on batches of its own; their gradients are averaged.
    seed
        All chance follows from it.
    """

    what: str = "head"
    head: str = "linear"
    arch: str = "inception"
    init: str = "casia-webface"
    loss: str = "triplet"
    mining: str = "semihard"
    margin: float = 0.2
    positive_margin: float = 0.7
    negative_margin: float = 1.2
    squared: bool = False
    temperature: float = 0.1
    angle: float = 28.6
    scale: float = 64.0
    people_per_batch: int = 32
    photos_per_person: int = 4
    epochs: int = 40
    patience: int = 10
    learning_rate: float | None = None
    validation: float = 0.15
    test: float = 0.35
    augment: bool = True
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            _one_of(name, getattr(self, name), known)
        for name in ("margin", "negative_margin", "temperature", "angle", "scale"):
            _require(getattr(self, name) > 0, f"{name} must be above 0, not {getattr(self, name)}.")
        _require(
            0 <= self.positive_margin < self.negative_margin,
            f"positive_margin must lie in [0, negative_margin), not {self.positive_margin}.",
        )
        for name, least in _LEAST.items():
            value = getattr(self, name)
            _require(value >= least, f"{name} must be {least} or more, not {value}.")
        for name in ("validation", "test"):
            _require(0 < getattr(self, name) < 1, f"{name} must lie in (0, 1), not {getattr(self, name)}.")
        _require(self.validation + self.test < 1, "validation and test leave nobody to train on.")
        _require(
            self.learning_rate is None or self.learning_rate > 0,
            f"learning_rate must be above 0, not {self.learning_rate}.",
        )
        _require(
            self.workers == 1 or self.what == "network",
            f"workers must be 1, not {self.workers}: a head needs no more.",
        )
        _require(self.seed >= 0, f"seed must be 0 or more, not {self.seed}.")
        if self.what == "network" and self.init != RANDOM:
            _require(
                self.arch == "inception",
                f"arch {self.arch} begins from nothing: init must be {RANDOM}, not {self.init}.",
            )

    @property
    def batch_size(self) -> int:
        """Photos in a batch."""
        return self.people_per_batch * self.photos_per_person

    @property
    def begins_with_a_model(self) -> bool:
        """Whether what is trained begins as good as a model that is there already, its parent."""
        return self.what == "head" or self.init != RANDOM

    @property
    def rate(self) -> float:
        """The learning rate: what was asked for, or what suits."""
        if self.learning_rate is not None:
            return self.learning_rate
        if self.what == "head":
            return 3e-4
        return 1e-3 if self.init == RANDOM else 3e-5


_LEAST = {"people_per_batch": 2, "photos_per_person": 2, "epochs": 1, "patience": 1, "workers": 1}
_CHOICES = {
    "what": WHATS,
    "head": HEADS,
    "arch": ARCHITECTURES,
    "loss": LOSSES,
    "mining": MININGS,
}


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    _require(value in known, f"{name} must be one of {', '.join(known)}, not {value!r}.")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise UsageError(message)
