"""A new index takes the precision that its processor is quickest at, and keeps it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from photoclust.config import EmbedConfig
from photoclust.errors import UsageError
from photoclust.index.store import IndexStore
from photoclust.workflows.opening import PhotoOptions, open_index


@pytest.mark.parametrize(("there", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_an_index_keeps_the_precision_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool, precision: str
) -> None:
    monkeypatch.setattr("photoclust.workflows.opening.has_bfloat16", lambda: there)
    assert open_index(tmp_path, PhotoOptions()).settings.embed.precision == precision
    monkeypatch.setattr("photoclust.workflows.opening.has_bfloat16", lambda: not there)
    assert open_index(tmp_path, PhotoOptions()).settings.embed.precision == precision
    head = json.loads((tmp_path / "index.json").read_text())
    assert head["settings"]["embed"]["precision"] == precision


def test_an_index_that_does_not_say_is_of_float32(tmp_path: Path) -> None:
    settings = open_index(tmp_path, PhotoOptions()).settings.to_dict()
    del settings["embed"]["precision"]
    assert IndexStore.open(tmp_path).settings.from_dict(settings).embed.precision == "float32"


def test_other_precisions_are_refused() -> None:
    with pytest.raises(UsageError, match="precision must be float32 or bfloat16, not int8"):
        EmbedConfig(precision="int8")
