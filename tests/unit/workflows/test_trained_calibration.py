"""A trained head is calibrated on validation people, so that what is said by it are probabilities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from learnable_index import learnable_index
from portraits import make_portraits

from photoclust.cli import cli
from photoclust.index.store import IndexStore
from photoclust.models import remove
from photoclust.people.calibration.files import calibration_name
from photoclust.people.calibration.pairs import pair_calibration_of

SHORT = ("--epochs", "3", "--learning-rate", "0.003")


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLUST_CACHE", str(tmp_path / "cache"))


def test_a_head_brings_its_calibration_with_it(tmp_path: Path) -> None:
    index, run = learnable_index(tmp_path / "index", people=110).folder, tmp_path / "run"
    said = invoke("train", index, *SHORT, "--validation", "30%", "--output", run)
    told = json.loads((run / "calibration.json").read_text())
    people = told["people"]
    assert 30 <= people <= 36
    sentence = f"Calibrated on {people} validation people in {told['photos']} photos"
    assert sentence in said.output
    assert 0 <= told["error"] < 0.03  # so few people, and one more is reckoned with who looks like nobody
    assert told["min_cllr"] <= told["cllr"] < 0.1
    assert sentence in invoke("train", "install", run, "school").output
    known = pair_calibration_of("school")
    assert known is not None
    assert (known.model, known.people) == ("school", people)
    assert str(calibration_name("school")).startswith("labels-")

    assert invoke("migrate", "--model", "school", "--index", index).exit_code == 0
    assert invoke("cluster", "--index", index).exit_code == 0
    grouping = IndexStore.open(index).current_clustering()
    assert grouping is not None
    assert grouping.run["calibration"] == calibration_name("school")
    make_portraits(tmp_path)
    photos = tmp_path / "hopper/01.jpg", tmp_path / "hopper/03.jpg"
    found = json.loads(invoke("verify", *photos, "--model", "school", "--fmr", "0.01", "--json").stdout)
    assert 0 < found["probability"] < 1
    assert found["false_match_rate"] == pytest.approx(0.01)
    assert invoke("identify", photos[0], "--index", index).exit_code == 0
    remove("school")
    assert pair_calibration_of("school") is None


def test_too_few_validation_people_are_told(tmp_path: Path) -> None:
    index, run = learnable_index(tmp_path / "index").folder, tmp_path / "run"
    said = invoke("train", index, *SHORT, "--output", run).output
    sentence = "Not calibrated on validation people: that takes 30 people, 10 of"
    assert sentence in said
    assert sentence in (run / "report.html").read_text()
    assert sentence in invoke("train", "install", run, "school").output
    assert pair_calibration_of("school") is None
    make_portraits(tmp_path)
    photos = tmp_path / "hopper/01.jpg", tmp_path / "hopper/03.jpg"
    found = CliRunner().invoke(cli, ["verify", *map(str, photos), "--model", "school"])
    assert "was not calibrated" in str(found.exception)
