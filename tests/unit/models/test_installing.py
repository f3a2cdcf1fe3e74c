"""Models as data: networks in ONNX and heads, made here, imported, used and removed."""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import DIMENSION, SIDE, card, network, sha256

from photoclust.errors import ModelCardError, WeightsError
from photoclust.models import Card, Head, card_of, install, list_models, load, remove, settings_of, write_head
from photoclust.models.cards import MODELS
from photoclust.models.installing import require_sha256
from photoclust.models.torch_network import folded_network
from photoclust.models.weights import weights_path


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def crops(n: int, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, side, side, 3), np.uint8)


def test_what_is_imported_embeds(tmp_path: Path) -> None:
    path = network(tmp_path / "small.onnx")

    kept = install(card(path), path)

    assert kept.read_bytes() == path.read_bytes()
    assert card_of("small") == card(path)
    embedder = load("small")
    vectors = embedder.embed(crops(11))
    assert (embedder.dimension, embedder.crop.size, vectors.shape) == (DIMENSION, SIDE, (11, DIMENSION))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert "small" in [state.name for state in list_models()]


@pytest.mark.parametrize("variant", [{"batch": 1}, {"batch": 3}, {"last": True}])
def test_a_fixed_batch_and_channels_last_change_nothing(tmp_path: Path, variant: dict) -> None:
    usual, other = network(tmp_path / "small.onnx"), network(tmp_path / "other.onnx", **variant)
    install(card(usual), usual)
    install(card(other, name="other"), other)

    np.testing.assert_allclose(load("small").embed(crops(7)), load("other").embed(crops(7)), atol=1e-6)


def test_a_vector_does_not_depend_on_its_company(tmp_path: Path) -> None:
    path = network(tmp_path / "small.onnx")
    install(card(path), path)
    embedder, some = load("small"), crops(11)

    alone = np.concatenate([embedder.embed(one[None]) for one in some])

    assert alone.tobytes() == embedder.embed(some).tobytes()


def test_channels_and_normalisation_are_the_cards(tmp_path: Path) -> None:
    path = network(tmp_path / "small.onnx")
    install(card(path, name="rgb", mean=(10.0, 20.0, 30.0)), path)
    install(card(path, name="bgr", mean=(10.0, 20.0, 30.0), channels="BGR"), path)
    install(card(path, name="other"), path)
    some = crops(3)

    rgb, bgr, other = (load(name) for name in ("rgb", "bgr", "other"))

    assert not np.allclose(rgb.embed(some), other.embed(some), atol=1e-3)
    assert not np.allclose(rgb.embed(some), bgr.embed(some), atol=1e-3)
    # Turned twice, planes are where they were, and means are those of what the network sees.
    turned = bgr.embed(some[..., ::-1].copy())
    np.testing.assert_allclose(turned, rgb.embed(some), atol=1e-6)


@pytest.mark.slow
def test_an_export_of_the_default_network_gives_its_vectors(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    path = tmp_path / "casia.onnx"
    default = load("casia-webface")
    export(folded_network(weights_path("casia-webface")), path)
    copy = replace(
        MODELS["casia-webface"], name="export", format="onnx", source="made here", source_sha256=None
    )
    install(replace(copy, sha256=sha256(path), source_bytes=None), path)
    some = crops(6, 160)

    cosine = (load("export").embed(some) * default.embed(some)).sum(1)

    assert settings_of("export")[0] == settings_of("casia-webface")[0]
    assert cosine.min() >= 0.9999


def export(torch_network: torch.nn.Module, path: Path) -> None:
    size = {0: torch.export.Dim("faces", min=1, max=64)}
    torch.onnx.export(
        torch_network, (torch.zeros(2, 3, 160, 160),), path, dynamo=True, dynamic_shapes=(size,),
        external_data=False, verbose=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "changes", "message"),
    [
        ({"side": 112}, {}, r"takes an input of shape \(n, 3, 112, 112\), which does not fit the card"),
        ({}, {"dimension": 128}, r"gives an output of shape \(n, 24\), which does not fit the card"),
        ({"inputs": 2}, {}, "takes one tensor"),
        ({}, {"sha256": "0" * 64}, r"not the file that small stands for: its sha256 is \w{64}, not 0{64}"),
    ],
)
def test_a_file_that_does_not_fit_its_card_is_refused(
    tmp_path: Path, own_cache: Path, made: dict, changes: dict, message: str
) -> None:
    path = network(tmp_path / "small.onnx", **made)

    with pytest.raises(WeightsError, match=message) as caught:
        install(card(path, **changes), path)

    assert str(caught.value).count("\n") == 0
    assert "small" not in [state.name for state in list_models()]


class Runs:
    """Would run a command if it were unpickled."""

    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize("format", ["onnx", "head", "inception-resnet-v1"])
@pytest.mark.parametrize("content", [b"", b"no model", Runs()])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, format: str, content: object, capsys) -> None:
    path = tmp_path / "file"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    parent = {"parent": "casia-webface", "parent_sha256": MODELS["casia-webface"].sha256}

    with pytest.raises(WeightsError):
        install(card(path, format=format, **parent), path)
    assert "unpickled" not in capsys.readouterr().out


def test_a_member_of_a_zip_archive_is_taken(tmp_path: Path) -> None:
    path, archive = network(tmp_path / "small.onnx"), tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("small.onnx", path.read_bytes())
    whole = card(path, member="small.onnx", source_sha256=sha256(archive))

    assert install(whole, archive).read_bytes() == path.read_bytes()
    remove("small")
    with pytest.raises(WeightsError, match="no zip archive with absent in it"):
        install(replace(whole, member="absent"), archive)


def test_a_card_of_ones_own_needs_a_hash(tmp_path: Path) -> None:
    path = network(tmp_path / "small.onnx")

    with pytest.raises(ModelCardError, match=f'add sha256 = "{sha256(path)}"'):
        require_sha256(card(path, sha256=None), path, "card.toml")
    require_sha256(MODELS["dlib"], path, "dlib")


def test_a_name_stands_for_one_model(tmp_path: Path) -> None:
    path = network(tmp_path / "small.onnx")
    install(card(path), path)
    install(card(path), path)

    for other in (card(path, margin=7), card(network(tmp_path / "other.onnx", batch=1))):
        with pytest.raises(WeightsError, match="small is the name of another model already"):
            install(other, tmp_path / ("small.onnx" if other.margin else "other.onnx"))


def test_removed_is_gone(tmp_path: Path, own_cache: Path) -> None:
    path = network(tmp_path / "small.onnx")
    install(card(path), path)

    remove("small")

    assert list((own_cache / "weights").iterdir()) == []
    for gone in (remove, load, card_of):
        with pytest.raises(WeightsError, match="small"):
            gone("small")


# -- heads ----------------------------------------------------------------------------------------------


def head_of(tmp_path: Path, gives: int = DIMENSION, residual: bool = True) -> tuple[Path, Card]:
    """A head of `small`, which is installed."""
    base = network(tmp_path / "small.onnx")
    install(card(base, flip=False), base)
    rng = np.random.default_rng(2)
    sizes = ((8, DIMENSION), (gives, 8))
    layers = tuple(
        (rng.normal(size=s).astype(np.float32), rng.normal(size=s[0]).astype(np.float32)) for s in sizes
    )
    path = tmp_path / "head.safetensors"
    write_head(Head(layers, residual), path)
    made = card(path, name="tall", dimension=gives, lineage="run 7")
    return path, replace(made, format="head", parent="small", parent_sha256=sha256(base))


def test_a_head_gives_the_same_for_crops_and_for_stored_embeddings(tmp_path: Path) -> None:
    path, made = head_of(tmp_path)
    install(made, path)
    some, parent, head = crops(9), load("small"), load("tall")

    vectors = head.embed(some)

    stored = parent.embed(some).astype(np.float16)
    assert vectors.tobytes() == head.embed_stored(stored).tobytes()
    assert head.crop == parent.crop
    assert settings_of("tall")[1].flip is False
    one, two = head.head.layers
    given = stored.astype(np.float64)
    expected = given + np.maximum(given @ one[0].T + one[1], 0) @ two[0].T + two[1]
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1)[:, None], atol=1e-6)


def test_a_head_may_give_fewer_numbers(tmp_path: Path) -> None:
    path, made = head_of(tmp_path, gives=5, residual=False)
    install(made, path)

    assert load("tall").embed(crops(2)).shape == (2, 5)
    assert settings_of("tall")[1].dimension == 5


def test_a_head_belongs_to_the_weights_it_was_trained_on(tmp_path: Path) -> None:
    path, made = head_of(tmp_path)

    with pytest.raises(WeightsError, match="tall takes 24 numbers of 000000000000"):
        install(replace(made, parent_sha256="0" * 64), path)
    with pytest.raises(WeightsError, match="its card says 7"):
        install(replace(made, dimension=7), path)
    install(made, path)
    with pytest.raises(WeightsError, match="small is what tall is a head of"):
        remove("small")


def test_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime from 1.29 on sends usage data unless told before it is loaded."""
    import subprocess

    code = (
        "from photoclust.models.onnx_network import runtime; import os, sys;"
        "assert 'onnxruntime' not in sys.modules; runtime();"
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environment = {"PATH": "/usr/bin", "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)

    assert done.stdout == "1\n", done.stderr
    assert [one for one in tmp_path.rglob("*") if "onnxruntime" in one.name] == []


def test_without_onnx_runtime_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = network(tmp_path / "small.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(WeightsError, match=r"pip install 'photoclust\[onnx\]'"):
        install(card(path), path)


def test_card_of_text_to_bytes_is_stable() -> None:
    text = MODELS["sface"].to_text()

    assert io.StringIO(text).readline() == 'name = "sface"\n'
