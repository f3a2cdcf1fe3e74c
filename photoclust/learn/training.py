"""The loop that trains, one epoch at a time; the same numbers each time, wherever it begins again.

All chance of an epoch follows from the seed of the run and the number of the epoch, and the learning rate
from the number alone. So a run that was killed and goes on from its last checkpoint gives what it would have
given, to the last bit, on the same machine with the same number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from photoclust.errors import TrainingError
from photoclust.learn.batches import batches
from photoclust.learn.config import TrainConfig
from photoclust.learn.curves import Epoch, is_over
from photoclust.learn.losses import BatchLoss, Objective
from photoclust.learn.material import Material, Workers
from photoclust.learn.pairs import PairTest
from photoclust.types import Floats, Rows

_LARGEST_GRADIENT = 5.0  # norm; larger ones are scaled to it
_AT_ONCE = 256  # inputs that are only looked at


@dataclass
class _Sums:
    """Means over the batches of an epoch."""

    values: list[list[float]] = field(default_factory=list[list[float]])

    def add(self, found: BatchLoss) -> None:
        self.values.append([float(found.loss.detach()), found.genuine, found.impostor, found.active])

    def mean(self) -> Tensor:
        return torch.tensor(self.values, dtype=torch.float64).mean(0)


class Training:
    """A network on its way.

    Parameters
    ----------
    network
        An `nn.Module` that is a `Learner`.
    config
        What is asked for.
    material
        What is learned from.
    device
        Where PyTorch runs.
    workers
        Other processes that train the same network.
    log
        Is told what a person should know.

    Attributes
    ----------
    curves
        What was measured after each epoch.
    """

    def __init__(
        self,
        network: Any,
        config: TrainConfig,
        material: Material,
        device: str = "cpu",
        workers: Workers | None = None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.config, self.material, self.log = config, material, log
        self.device = torch.device(device)
        self.workers = workers or Workers()
        self.network = network.to(self.device)
        self.curves: list[Epoch] = []
        self.at_once: int | None = None
        self._label = np.full(int(material.person.max()) + 1, -1, np.int64)
        known = np.unique(material.person[material.training])
        self._label[known] = np.arange(len(known))
        size = self.embed(material.training[:1]).shape[1]
        torch.manual_seed(_seed(config.seed, 0, 0))
        self.objective = Objective(config, len(known), size).to(self.device)
        self._wrapped = self.workers.wrap(self.network)
        groups = [*network.parameter_groups(config.rate)]
        if weights := list(self.objective.parameters()):
            groups.append({"params": weights, "lr": 0.1})  # vectors of people, of ArcFace
        self.optimizer = torch.optim.AdamW(groups, weight_decay=1e-4)
        self._rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self._test = PairTest.of(material.person[material.validation])

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to do."""
        return bool(self.curves) and is_over(self.curves, self.config.epochs, self.config.patience)

    def next_epoch(self, advance: Callable[[int], None] = lambda _: None) -> Epoch:
        """Do an epoch, or, before the first, measure what there is.

        Parameters
        ----------
        advance
            Is told of batches done.

        Raises
        ------
        TrainingError
            The loss is no number any more, or a GPU has no memory for even one face.
        """
        number = len(self.curves)
        means: list[float | None] = [None] * 4
        if number:
            means = list(self._trained(number, advance))
        found = self._test.figures(self.embed(self.material.validation))
        shared = torch.tensor([found.genuine, found.impostor, found.tar], dtype=torch.float64)
        self.workers.average(shared)
        if not torch.isfinite(shared).all():
            raise TrainingError(f"After epoch {number} the network gives no numbers any more. {_LOWER}.")
        genuine, impostor, tar = shared.tolist()
        loss, own, other, active = means
        self.curves.append(Epoch(number, loss, own, other, active, genuine, impostor, tar))
        return self.curves[-1]

    @property
    def batches_an_epoch(self) -> int:
        """Batches that `next_epoch` tells of."""
        return len(self._batches(1))

    def embed(self, rows: Rows) -> Floats:
        """Unit rows of some faces as the network is now, float32, shape (rows, d)."""
        network = self.network
        was_training, found = network.training, list[Tensor]()
        network.eval()
        with torch.inference_mode():
            for start in range(0, len(rows), _AT_ONCE):
                inputs = self.material.inputs(rows[start : start + _AT_ONCE], False)
                found.append(network(inputs.to(self.device)).cpu())
        network.train(was_training)
        return torch.cat(found).numpy()

    # -- an epoch --------------------------------------------------------------------------------------

    def _batches(self, number: int) -> list[Rows]:
        """Rows of the batches of an epoch, of this process."""
        config, rows = self.config, self.material.training
        people = config.people_per_batch
        seed = (config.seed, number, self.workers.rank)
        chosen = batches(self.material.person[rows], people, config.photos_per_person, seed)
        return [rows[batch] for batch in chosen[: max(1, len(chosen) // self.workers.count)]]

    def _trained(self, number: int, advance: Callable[[int], None]) -> tuple[float, ...]:
        config, sums = self.config, _Sums()
        torch.manual_seed(_seed(config.seed, number, self.workers.rank))
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * (1 + math.cos(math.pi * (number - 1) / config.epochs)) / 2
        self.network.train()
        for place, rows in enumerate(self._batches(number)):
            sums.add(self._step(rows, number, place))
            advance(1)
        means = sums.mean()
        self.workers.average(means)
        return tuple(means.tolist())

    def _step(self, rows: Rows, number: int, place: int) -> BatchLoss:
        inputs = self.material.inputs(rows, True)
        while True:
            try:
                found = self._gradients(inputs, rows)
                break
            except torch.OutOfMemoryError as error:
                self._take_less(len(rows), error)
        parameters = [one for group in self.optimizer.param_groups for one in group["params"]]
        for one in self.objective.parameters():
            self.workers.average(one.grad)  # pyright: ignore[reportArgumentType]
        norm = nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
        if not torch.isfinite(found.loss) or not torch.isfinite(norm):
            raise TrainingError(self._no_number(rows, number, place))
        self.optimizer.step()
        return found

    def _gradients(self, inputs: Tensor, rows: Rows) -> BatchLoss:
        """Loss of a batch, and its gradients, in one go or in parts that fit into memory.

        In parts, all are embedded without remembering how; the loss of the whole gives the gradient of each
        embedding, and each part, embedded again, hands it on. So the triplets are those of the whole batch,
        as in one go (Gao, Zhang, Han, Callan, Scaling deep contrastive learning batch size under memory
        limited setup, RepL4NLP 2021).
        """
        self.optimizer.zero_grad()
        person = torch.from_numpy(self._label[self.material.person[rows]]).to(self.device)
        photo = torch.from_numpy(rows).to(self.device)
        parts = inputs.split(self.at_once or len(inputs))
        if len(parts) == 1:
            found = self.objective(self._wrapped(inputs.to(self.device)), person, photo)
            found.loss.backward()
            return found
        with torch.no_grad():
            vectors = torch.cat([self._wrapped(part.to(self.device)) for part in parts])
        vectors.requires_grad_()
        found = self.objective(vectors, person, photo)
        found.loss.backward()
        assert vectors.grad is not None
        for part, gradient in zip(parts, vectors.grad.split(self.at_once or len(inputs)), strict=True):
            self._wrapped(part.to(self.device)).backward(gradient)
        return found

    def _take_less(self, size: int, error: BaseException) -> None:
        before = self.at_once or size
        if before == 1:
            raise TrainingError("A GPU has no memory for even one face; use a smaller network.") from error
        self.at_once = before // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.log(
            f"Out of memory with {before} faces at once: {self.at_once} from now on, their gradients added."
        )

    def _no_number(self, rows: Rows, number: int, place: int) -> str:
        photos = [self.material.photos[row] for row in dict.fromkeys(rows.tolist())]
        few = ", ".join(photos[:3]) + (f" and {len(photos) - 3} more" if len(photos) > 3 else "")
        return (
            f"The loss of batch {place + 1} of epoch {number} is no number any more (photos {few}). "
            f"The checkpoint of epoch {number - 1} is kept. {_LOWER}, or without these photos."
        )

    # -- what is kept ----------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch follows from: tensors and plain values."""
        return {
            "network": self.network.state_dict(),
            "objective": self.objective.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "curves": [vars(epoch) for epoch in self.curves],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`.

        Raises
        ------
        TrainingError
            It is that of another network.
        """
        try:
            self.network.load_state_dict(state["network"])
            self.objective.load_state_dict(state["objective"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.curves = [Epoch.of(values) for values in state["curves"]]
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise TrainingError(
                "The checkpoint is of another network or of another photoclust; begin a new run."
            ) from error


_LOWER = "Begin a new run with a lower learning rate"


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
