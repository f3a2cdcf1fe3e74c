"""A new index takes the precision that its processor is quickest at, and keeps it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from photoclust.config import EmbedConfig
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.workflows.opening import PhotoOptions, open_index


@pytest.mark.parametrize("precision", ["int8", "bfloat16", "float32"])
def test_an_index_keeps_the_precision_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    monkeypatch.setattr("photoclust.workflows.opening.gpu_has_bfloat16", lambda: False)
    for kind in ("int8", "bfloat16"):
        monkeypatch.setattr(f"photoclust.workflows.opening.has_{kind}", lambda kind=kind: kind == precision)
    assert open_index(tmp_path, PhotoOptions()).settings.embed.precision == precision
    for kind in ("int8", "bfloat16"):
        monkeypatch.setattr(f"photoclust.workflows.opening.has_{kind}", lambda kind=kind: kind != precision)
    assert open_index(tmp_path, PhotoOptions()).settings.embed.precision == precision
    head = json.loads((tmp_path / "index.json").read_text())
    assert head["settings"]["embed"]["precision"] == precision


def test_an_index_that_does_not_say_is_of_float32(tmp_path: Path) -> None:
    settings = open_index(tmp_path, PhotoOptions()).settings.to_dict()
    del settings["embed"]["precision"]
    assert IndexStore.open(tmp_path).settings.from_dict(settings).embed.precision == "float32"


def test_other_precisions_are_refused() -> None:
    with pytest.raises(UsageError, match="precision must be float32, bfloat16 or int8, not int4"):
        EmbedConfig(precision="int4")


def test_a_gpu_with_bfloat16_decides_where_the_processor_has_nothing_quicker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, there in (("int8", False), ("bfloat16", False), ("gpu", True)):
        name = "gpu_has_bfloat16" if kind == "gpu" else f"has_{kind}"
        monkeypatch.setattr(f"photoclust.workflows.opening.{name}", lambda there=there: there)
    assert open_index(tmp_path, PhotoOptions()).settings.embed.precision == "bfloat16"
