"""Weights: made, fetched, imported and kept honest."""

from __future__ import annotations

import hashlib
import pickle
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1
from safetensors.torch import save_file

from photoclust.errors import WeightsError
from photoclust.models import installing, weights


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as facenet-pytorch releases them: a state dict with its classification layer."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("released") / "vggface2.pt"
    torch.save(InceptionResnetV1(classify=True, num_classes=10).state_dict(), path)
    return path


@pytest.fixture
def page(released: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A release page on this machine; `vggface2` stands for the file it offers."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(released.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        stand_for(released, f"{url}/{released.name}", monkeypatch)
        yield url
        server.shutdown()


def stand_for(file: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = file.read_bytes()
    model = replace(
        weights.MODELS["vggface2"],
        source=url,
        source_sha256=hashlib.sha256(content).hexdigest(),
        source_bytes=len(content),
    )
    monkeypatch.setitem(weights.MODELS, "vggface2", model)


def states() -> dict[str, str]:
    return {state.name: state.state for state in weights.list_models()}


def altered(released: Path, folder: Path, **changes: torch.Tensor | None) -> Path:
    """The released file with parameters replaced, or removed where None."""
    state = {
        **torch.load(released, weights_only=True),
        **{k.replace("__", "."): v for k, v in changes.items()},
    }
    torch.save({name: value for name, value in state.items() if value is not None}, folder / "altered.pt")
    return folder / "altered.pt"


def test_installed_weights_are_made_on_first_use(own_cache: Path) -> None:
    known = states()
    assert known.pop("casia-webface") == "on first use"
    assert set(known.values()) == {"absent"}

    path = weights.weights_path("casia-webface")

    assert hashlib.sha256(path.read_bytes()).hexdigest() == weights.weights_sha256("casia-webface")
    assert states()["casia-webface"] == "ready"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_altered_installed_weights_are_made_again(own_cache: Path) -> None:
    path = weights.weights_path("casia-webface")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    assert weights.weights_path("casia-webface").read_bytes() == content


def test_processes_may_make_them_at_once(own_cache: Path) -> None:
    code = "from photoclust.models.weights import weights_path; print(weights_path('casia-webface'))"
    makers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]

    outputs = {maker.communicate()[0].decode().strip() for maker in makers}

    assert [maker.returncode for maker in makers] == [0, 0]
    assert outputs == {str(weights.weights_path("casia-webface"))}
    assert len(list((own_cache / "weights").iterdir())) == 1


def test_hash_is_known_without_making_anything(own_cache: Path) -> None:
    assert len(weights.weights_sha256("casia-webface")) == 64
    assert not own_cache.exists()


def test_fetch_downloads_checks_and_keeps(own_cache: Path, page: str) -> None:
    told: list[tuple[int, int]] = []

    path = installing.fetch("vggface2", lambda received, expected: told.append((received, expected)))

    size = weights.MODELS["vggface2"].source_bytes
    assert told[-1] == (size, size)
    assert path == weights.weights_path("vggface2")
    assert weights.weights_sha256("vggface2") == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(list(path.parent.iterdir())) == 1


def test_fetch_asks_the_network_once(own_cache: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = installing.fetch("vggface2")
    gone = replace(weights.MODELS["vggface2"], source="http://127.0.0.1:9/gone")
    monkeypatch.setitem(weights.MODELS, "vggface2", gone)

    assert installing.fetch("vggface2") == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "http://127.0.0.1:9/x.pt"}, "could not be fetched"),
        ({"source_sha256": "0" * 64}, "not the file expected"),
        ({"source_bytes": 10}, "not the file expected"),
        ({"source_bytes": 10**10}, "not the file expected"),
    ],
)
def test_a_failed_fetch_leaves_nothing(
    own_cache: Path, page: str, monkeypatch: pytest.MonkeyPatch, change: dict, message: str
) -> None:
    monkeypatch.setitem(weights.MODELS, "vggface2", replace(weights.MODELS["vggface2"], **change))

    with pytest.raises(WeightsError, match=message) as caught:
        installing.fetch("vggface2")

    assert "photoclust models import vggface2 FILE" in str(caught.value)
    assert list((own_cache / "weights").iterdir()) == []


def test_import_and_fetch_come_to_the_same(
    own_cache: Path, page: str, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = installing.fetch("vggface2")
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "other"))

    imported = installing.import_file("vggface2", released)

    assert imported.name == fetched.name
    assert imported.read_bytes() == fetched.read_bytes()


def test_own_weights_have_a_name_of_their_own(own_cache: Path, released: Path, tmp_path: Path) -> None:
    save_file(torch.load(released, weights_only=True), tmp_path / "mine.safetensors")

    path = installing.import_file("our-school", tmp_path / "mine.safetensors")

    assert weights.weights_path("our-school") == path
    assert states()["our-school"] == "ready"


def test_a_known_name_is_for_the_known_file(own_cache: Path, released: Path) -> None:
    with pytest.raises(WeightsError, match="not the file that vggface2 stands for"):
        installing.import_file("vggface2", released)


def test_a_name_is_not_given_twice(own_cache: Path, released: Path, tmp_path: Path) -> None:
    installing.import_file("ours", released)
    assert installing.import_file("ours", released).is_file()

    other = altered(released, tmp_path, last_bn__bias=torch.ones(512))
    with pytest.raises(WeightsError, match="ours is the name of"):
        installing.import_file("ours", other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"last_bn__bias": None}, "last_bn.bias is missing"),
        ({"extra": torch.ones(1)}, "it has 'extra'"),
        ({"last_bn__bias": torch.ones(3)}, r"last_bn\.bias has shape \(3,\) instead of \(512,\)"),
        ({"last_bn__bias": torch.full((512,), torch.nan)}, "last_bn.bias holds values that are not finite"),
    ],
)
def test_unusable_parameters_are_named(
    own_cache: Path, released: Path, tmp_path: Path, changes: dict, message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        installing.import_file("ours", altered(released, tmp_path, **changes))


class Runs:
    """Would run a command if it were unpickled freely."""

    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x02\0\0\0\0\0\0\0{}", [1, 2], {1: 2}, Runs()])
def test_refuses_other_files(own_cache: Path, tmp_path: Path, content: object, capsys) -> None:
    path = tmp_path / "weights.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)

    with pytest.raises(WeightsError, match=r"weights\.pt"):
        installing.import_file("ours", path)
    assert "unpickled" not in capsys.readouterr().out


def test_what_pytorch_finds_strange_about_a_file_is_not_printed(own_cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(pickle.dumps(print, protocol=4))

    with warnings.catch_warnings(record=True) as said, pytest.raises(WeightsError, match="neither a safe"):
        installing.import_file("ours", path)
    assert not said


def test_altered_imported_weights_are_not_used(own_cache: Path, released: Path) -> None:
    path = installing.import_file("ours", released)
    path.write_bytes(b"other")

    with pytest.raises(WeightsError, match="altered since it was written"):
        weights.weights_path("ours")


@pytest.mark.parametrize("name", ["../up", "", "a.b", "x" * 100, "a b"])
def test_names_cannot_leave_the_folder(own_cache: Path, released: Path, name: str) -> None:
    with pytest.raises(WeightsError, match="cannot name a model"):
        installing.import_file(name, released)
    with pytest.raises(WeightsError, match="cannot name a model"):
        weights.weights_path(name)


def test_says_how_to_get_what_is_missing(own_cache: Path) -> None:
    with pytest.raises(WeightsError, match="run `photoclust models fetch vggface2`"):
        weights.weights_path("vggface2")
    with pytest.raises(WeightsError, match="run `photoclust models import ours FILE`"):
        weights.weights_sha256("ours")
    with pytest.raises(WeightsError, match=r"did you mean casia-webface\? If not, run `photoclust models"):
        weights.card_of("casia")
    with pytest.raises(WeightsError, match="choose from casia-webface, vggface2"):
        installing.fetch("ours")
    with pytest.raises(WeightsError, match="There is no file"):
        installing.import_file("ours", own_cache / "absent.pt")


def test_an_unwritable_cache_is_one_sentence(
    tmp_path: Path, released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "file"))

    with pytest.raises(WeightsError, match="another folder in PHOTOCLUST_CACHE"):
        installing.import_file("ours", released)


@pytest.mark.data
def test_verification_on_labelled_pairs_is_sensible(data: Path) -> None:
    """40 genuine and 40 impostor pairs; the face is what lies in the middle of the photo.

    Detected crops of all 1,000 pairs give 0.984; this only has to tell good weights from scrambled ones.
    """
    from PIL import Image

    from photoclust.models.embedder import load

    torch.set_num_threads(1)
    pairs = [line.split("\t") for line in (data / "lfw-dev-pairs.txt").read_text().splitlines()]
    genuine = [(p[0], p[1], p[0], p[2]) for p in pairs if len(p) == 3][:40]
    impostor = [(p[0], p[1], p[2], p[3]) for p in pairs if len(p) == 4][:40]

    def crop(person: str, number: str) -> np.ndarray:
        with Image.open(data / "lfw-dev" / person / f"{person}_{int(number):04}.jpg") as photo:
            return np.asarray(photo.convert("RGB").crop((70, 60, 180, 190)).resize((160, 160)))

    sides = [np.stack([crop(*pair[side : side + 2]) for pair in genuine + impostor]) for side in (0, 2)]
    embedder = load("casia-webface", flip=False)
    cosine_distance = 1 - (embedder.embed(sides[0]) * embedder.embed(sides[1])).sum(axis=1)

    same = np.arange(80) < 40
    accuracy = max(((cosine_distance < at) == same).mean() for at in np.arange(0.3, 0.9, 0.02))
    assert accuracy > 0.93
