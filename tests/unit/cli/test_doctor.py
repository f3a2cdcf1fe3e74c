"""``photoclust doctor``: every line, and what a broken part does to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from photoclust.cli.doctor import doctor
from photoclust.workflows import doctor as module
from photoclust.workflows.doctor import CHECKS


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_this_machine_is_well() -> None:
    result = CliRunner().invoke(doctor, ["--json"])

    findings = {row["subject"]: row for row in json.loads(result.output)}
    assert result.exit_code == 0, result.output
    assert findings.keys() == CHECKS.keys()
    assert not [row for row in findings.values() if row["state"] == "fail"]
    assert "HEIF, AVIF" in findings["formats"]["found"]
    assert "casia-webface" in findings["weights"]["found"]


def test_a_broken_part_fails_with_advice(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_cache.write_text("a file in the way")
    monkeypatch.setattr(module, "CHECKS", {name: CHECKS[name] for name in ("Python", "cache", "weights")})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("ok    Python")
    assert lines[1].startswith("fail  cache")
    assert lines[2].endswith("or name another one in PHOTOCLUST_CACHE.")
    assert lines[3].startswith("fail  weights")


def test_a_format_that_does_not_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CODECS", ("PNG", "NONSENSE"))
    monkeypatch.setattr(module, "CHECKS", {"formats": CHECKS["formats"]})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 1
    assert "PNG; not NONSENSE" in result.output
    assert "pip install --force-reinstall pillow pillow-heif" in result.output


def test_help_has_examples() -> None:
    assert "Examples:\n    photoclust doctor" in CliRunner().invoke(doctor, ["--help"]).output
