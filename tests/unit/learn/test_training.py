"""The loop: the same numbers wherever it begins again, and what it does when something goes wrong."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from learnable_index import learnable_vectors
from torch import nn

from photoclust.errors import TrainingError
from photoclust.learn.config import LOSSES, MININGS, TrainConfig
from photoclust.learn.heads import ResidualHead, centred, mean_embedding
from photoclust.learn.material import Material
from photoclust.learn.training import Training

PERSON = np.repeat(np.arange(30), 4)
VECTORS = torch.from_numpy(learnable_vectors(30, 4))
ALL = np.arange(120)


def training(config: TrainConfig, network: Any = None, **values: Any) -> Training:
    torch.manual_seed(0)
    head = ResidualHead(config.head, mean_embedding(VECTORS[:80])) if network is None else network
    photos = [f"/photos/{row}.jpg" for row in range(120)]
    material = Material(lambda rows, _: VECTORS[rows], PERSON, photos, ALL[:80], ALL[80:])
    return Training(head, config, material, **values)


def run(one: Training) -> Training:
    while not one.is_over:
        one.next_epoch()
    return one


SETTINGS = [
    *[{"loss": "triplet", "mining": mining} for mining in MININGS],
    *[{"loss": loss} for loss in LOSSES if loss != "triplet"],
    {"loss": "contrastive", "squared": True, "positive_margin": 0.0},
    {"head": "mlp"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_validation_people_are_told_apart_better(settings: dict[str, Any]) -> None:
    one = run(training(TrainConfig(epochs=12, patience=12, **settings)))
    first, last = one.curves[0], one.curves[-1]
    assert last.validation_tar > first.validation_tar
    assert last.validation_impostor - last.validation_genuine > (
        first.validation_impostor - first.validation_genuine
    )
    assert 0 <= (last.active or 0) < (one.curves[1].active or 0)


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_a_head_begins_as_the_embeddings_with_their_mean_taken_away(kind: str) -> None:
    head = ResidualHead(kind, mean_embedding(VECTORS))
    torch.testing.assert_close(head(VECTORS), centred(VECTORS, mean_embedding(VECTORS)))


@pytest.mark.parametrize("settings", SETTINGS[2:5], ids=str)
def test_going_on_from_a_checkpoint_changes_no_bit(settings: dict[str, Any]) -> None:
    config = TrainConfig(epochs=6, patience=6, **settings)
    whole = run(training(config))
    begun = training(config)
    for _ in range(3):
        begun.next_epoch()
    kept = io.BytesIO()
    torch.save(begun.state(), kept)
    kept.seek(0)
    later = training(config)
    later.restore(torch.load(kept, weights_only=True))
    assert run(later).curves == whole.curves
    for one, other in zip(whole.network.parameters(), later.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_checkpoint_of_another_network_is_refused() -> None:
    state = training(TrainConfig()).state()
    with pytest.raises(TrainingError, match="another network"):
        training(TrainConfig(head="mlp")).restore(state)


def test_training_ends_when_validation_does_not_get_better() -> None:
    one = run(training(TrainConfig(epochs=30, patience=3, learning_rate=1e-12)))
    assert [epoch.epoch for epoch in one.curves] == [0, 1, 2, 3]


class Breaks(nn.Module):
    """A head that gives no numbers for one photo."""

    def __init__(self) -> None:
        super().__init__()
        self.head = ResidualHead("linear", mean_embedding(VECTORS[:80]))
        self.calls = 0

    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        return self.head.parameter_groups(rate)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        self.calls += self.training
        found = self.head(vectors)
        return found * torch.nan if self.training and self.calls == 2 else found


def test_a_loss_that_is_no_number_stops_with_the_batch_named() -> None:
    one = training(TrainConfig(people_per_batch=8), Breaks())
    one.next_epoch()
    named = r"batch 2 of epoch 1 .*photos /photos/\d+.jpg, .* and \d+ more"
    with pytest.raises(TrainingError, match=named) as raised:
        one.next_epoch()
    assert "checkpoint of epoch 0 is kept" in str(raised.value)
    assert all(torch.isfinite(weight).all() for weight in one.network.parameters())


class SmallMemory(Breaks):
    """A head that takes no more than 20 rows at once."""

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        if self.training and len(vectors) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.head(vectors)


def test_out_of_memory_a_batch_is_done_in_parts_with_the_same_triplets() -> None:
    said: list[str] = []
    config = TrainConfig(people_per_batch=8)
    whole, parts = training(config), training(config, SmallMemory(), log=said.append)
    whole.next_epoch()
    parts.next_epoch()
    parts.next_epoch()
    assert said == ["Out of memory with 32 faces at once: 16 from now on, their gradients added."]
    parts = training(config, SmallMemory())
    parts.at_once = 16
    rows = ALL[:32]
    found = [one._gradients(VECTORS[rows], rows).loss.item() for one in (whole, parts)]
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    for one, other in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_no_memory_for_one_face_is_said() -> None:
    class NoMemory(Breaks):
        def forward(self, vectors: torch.Tensor) -> torch.Tensor:
            if self.training:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.head(vectors)

    one = training(TrainConfig(), NoMemory())
    one.next_epoch()
    with pytest.raises(TrainingError, match="no memory for even one face"):
        one.next_epoch()
