"""``photoclust models``, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from photoclust.cli.models import models
from photoclust.errors import WeightsError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models, arguments)


def test_list_names_state_and_licence() -> None:
    result = run("list")

    assert result.exit_code == 0
    assert "casia-webface" in result.output
    assert "photoclust models fetch" in result.output
    assert "MIT" in result.output


def test_list_as_json() -> None:
    listed = {row["name"]: row for row in json.loads(run("list", "--json").output)}

    assert listed["casia-webface"]["state"] == "on first use"
    assert listed["vggface2"]["path"] is None
    assert listed["vggface2"]["source"].endswith("vggface2.pt")


def test_fetch_makes_ready_what_is_installed() -> None:
    result = run("fetch", "casia-webface")

    path = Path(result.output.strip().removeprefix("casia-webface is ready: "))
    assert path.is_file()
    assert run("import", "again", str(path)).exit_code == 0
    states = {row["name"]: row["state"] for row in json.loads(run("list", "--json").output)}
    assert (states["casia-webface"], states["again"], states["vggface2"]) == ("ready", "ready", "absent")


def test_unknown_model_and_absent_file_are_weights_errors(tmp_path: Path) -> None:
    assert isinstance(run("fetch", "nonsense").exception, WeightsError)
    assert isinstance(run("import", "ours", str(tmp_path / "absent.pt")).exception, WeightsError)


@pytest.mark.parametrize("verb", ["list", "fetch", "import"])
def test_help_has_examples(verb: str) -> None:
    assert "Examples:\n    photoclust models" in run(verb, "--help").output
