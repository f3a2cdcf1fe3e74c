"""Networks on crops: one set of weights for both photos, what tuning leaves alone, how crops are varied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from photoclust.errors import TrainingError
from photoclust.learn.augmentation import varied
from photoclust.learn.config import TrainConfig
from photoclust.learn.networks import SMALL_DIMENSION, new_network, small_network, tuned_network, write_onnx
from photoclust.learn.run_faces import RunFaces
from photoclust.learn.run_folder import RunFolder, RunHead
from photoclust.learn.running import training_of
from photoclust.models.onnx_network import runtime

CROPS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 3, 96, 96), np.uint8))


def test_embedding_a_batch_is_embedding_both_sides_of_each_pair_with_the_same_weights() -> None:
    network = small_network().eval()
    whole = network(CROPS)
    left, right = network(CROPS[:3]), network(CROPS[3:])
    torch.testing.assert_close(whole, torch.cat([left, right]))
    assert whole.shape == (6, SMALL_DIMENSION)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(6))


def test_mirror_images_are_one_face_in_use() -> None:
    network = small_network().eval()
    torch.testing.assert_close(network(CROPS), network(CROPS.flip(3)))


def test_networks_of_one_seed_are_the_same() -> None:
    one, same, other = (new_network("small", None, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_tuning_leaves_the_statistics_of_batch_norm_and_changes_lower_layers_more_slowly() -> None:
    network = tuned_network(None).train()
    before = {name: value.clone() for name, value in network.named_buffers()}
    groups = network.parameter_groups(1e-3)
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
    rates = [group["lr"] for group in groups]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.02 * rates[0]
    crops = torch.zeros(2, 3, 160, 160, dtype=torch.uint8)
    torch.testing.assert_close(network(crops), network(crops))  # no dropout
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())
    assert not any(one.training for one in network.modules() if isinstance(one, nn.BatchNorm2d))


def test_crops_are_varied_by_chance_that_a_seed_repeats() -> None:
    torch.manual_seed(0)
    one = varied(CROPS)
    torch.manual_seed(0)
    assert torch.equal(one, varied(CROPS))
    assert not torch.equal(one, varied(CROPS))
    assert (one.shape, one.dtype) == (CROPS.shape, torch.uint8)


def test_onnx_gives_what_the_network_gives(tmp_path: Path) -> None:
    network = small_network().eval()
    write_onnx(network, 96, tmp_path / "small.onnx")
    session = runtime().InferenceSession(str(tmp_path / "small.onnx"))
    pixels = (CROPS.float() - 127.5) / 128
    for count in (1, 6):
        found = session.run(None, {"pixels": pixels[:count].numpy()})[0]
        np.testing.assert_allclose(found, network.layers(pixels[:count]).detach().numpy(), atol=1e-5)


def test_a_run_that_began_with_other_weights_is_refused(tmp_path: Path) -> None:
    faces = RunFaces(["a"], ["a.jpg"], ["Ada"], np.zeros(1, np.int64))
    config = TrainConfig(what="network")
    head = RunHead("id", config, "casia-webface", "0" * 64, "", "folders", "0.1", torch.__version__, 1, "")
    run = RunFolder.create(tmp_path / "run", head, faces, {})
    run.write_array("crops.npy", np.zeros((1, 160, 160, 3), np.uint8))
    with pytest.raises(TrainingError, match="began with the weights 000000000000 of casia-webface"):
        training_of(run, lambda _: None)
