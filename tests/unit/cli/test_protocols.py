"""``evaluate --protocol``: verification and identification by the protocols of biometrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from labelled_index import labelled_index

from photoclust.cli import cli
from photoclust.errors import UsageError
from photoclust.evaluate.identification import Searches, rank_rate, search_points
from photoclust.evaluate.pair_lists import pairs_of_file, pairs_of_labels
from photoclust.evaluate.verification import (
    ScoredPairs,
    accuracy_in_folds,
    equal_error_rate,
    error_rates,
    operating_points,
)

PHOTOS = [f"/photos/{name}/{name}_{n:04}.jpg" for name in ("Ada", "Bob") for n in (1, 2, 3)]


def pairs(genuine: list[float], impostor: list[float]) -> ScoredPairs:
    values = np.array([*genuine, *impostor], np.float64)
    same = np.arange(len(values)) < len(genuine)
    left = np.arange(len(values)) % 7
    return ScoredPairs(
        values,
        left,
        np.where(same, left, (left + 1) % 7),
        same,
        np.ones(len(values)),
        np.arange(len(values)) % 2,
    )


def test_error_rates_are_counted() -> None:
    scored = pairs([0.9, 0.8, 0.4, 0.7], [0.1, 0.2, 0.5, 0.3])
    thresholds, fmr, fnmr = error_rates(scored)
    at = dict(zip(thresholds.tolist(), zip(fmr, fnmr, strict=True), strict=True))
    assert at[0.5] == (0.25, 0.25)
    assert at[0.1] == (1.0, 0.0)
    assert equal_error_rate(fmr, fnmr) == 0.25
    assert accuracy_in_folds(scored) is not None


@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=40),
    st.lists(st.integers(-50, 50), min_size=2, max_size=40),
)
def test_rates_run_from_one_to_nothing(genuine: list[int], impostor: list[int]) -> None:
    scored = pairs([one / 10 for one in genuine], [one / 10 for one in impostor])
    _, fmr, fnmr = error_rates(scored)
    assert (np.diff(fmr) <= 0).all()
    assert (np.diff(fnmr) >= 0).all()
    assert 0 <= equal_error_rate(fmr, fnmr) <= 1


def test_intervals_hold_what_they_are_about() -> None:
    rng = np.random.default_rng(0)
    scored = pairs(rng.normal(3, 1, 2000).tolist(), rng.normal(0, 1, 2000).tolist())
    often, seldom = operating_points(scored, (1e-2, 1e-4))
    assert often.low is not None
    assert often.high is not None
    assert often.false_non_match_rate is not None
    assert often.low <= often.false_non_match_rate <= often.high
    assert often.false_non_match_rate == pytest.approx(0.25, abs=0.05)  # 2.33 is the quantile
    assert seldom.false_non_match_rate is None  # 2,000 pairs say nothing of 1 in 10,000


def test_lfw_lists_are_read(tmp_path: Path) -> None:
    file = tmp_path / "pairs.txt"
    file.write_text("2\t1\nAda\t1\t2\nAda\t1\tBob\t3\nBob\t1\t2\nBob\t2\tAda\t3\n")
    found = pairs_of_file(file, PHOTOS)
    assert found.same.tolist() == [True, False, True, False]
    assert found.fold.tolist() == [0, 0, 1, 1]
    assert [PHOTOS[row] for row in found.right.tolist()][1].endswith("Bob_0003.jpg")
    file.write_text("1\nAda\t1\t9\nAda\t1\tBob\t3\n")
    assert "1 pairs" in pairs_of_file(file, PHOTOS).notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no pairs"),
        ("photo,person\na,b\n", "first line must be"),
        ("1\nAda\t1\n", "Line 2 of"),
        ("1\nCy\t1\t2\n", "None of the pairs"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "pairs.txt"
    file.write_text(text)
    with pytest.raises(UsageError, match=words):
        pairs_of_file(file, PHOTOS)
    with pytest.raises(UsageError, match="cannot be read"):
        pairs_of_file(tmp_path / "none.txt", PHOTOS)


def test_pairs_of_labels_let_every_photo_count_the_same() -> None:
    person = np.array([0, 0, 0, 1, 1, 2])
    found = pairs_of_labels(person)
    assert found.same.sum() == 4
    weight = np.bincount(person[found.left[found.same]], found.weight[found.same])
    assert weight.tolist() == [1.5, 1.0]
    assert (person[found.left] == person[found.right]).tolist() == found.same.tolist()
    with pytest.raises(UsageError):
        pairs_of_labels(np.array([0, 1, 2]))


def test_searches_are_counted() -> None:
    score = np.concatenate([np.full(400, 0.1), [0.9, 0.8, 0.7, 0.05]])
    rank = np.concatenate([np.zeros(400, np.int64), [1, 1, 2, 1]])
    searches = Searches(score, rank, np.arange(404))
    (point, seldom) = search_points(searches, (1e-2, 1e-3))
    assert point.false_negative_rate == 0.5  # one is second, one not above the threshold
    assert seldom.false_negative_rate is None
    assert (rank_rate(searches, 1), rank_rate(searches, 5)) == (0.75, 1.0)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    faces = [(name, "", 0.0) for name in ("Ada", "Bob", "Cy", "Di") for _ in range(3)] + [("Ed", "", 0.0)]
    return labelled_index(tmp_path / "index", faces).folder


Run = Callable[..., Result]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *(str(argument) for argument in arguments)])


def test_verification_writes_a_page_and_plots(index: Path, tmp_path: Path) -> None:
    page, plots = tmp_path / "test.html", tmp_path / "plots"
    said = run(index, "--protocol", "verification", "--html", page, "--plots", plots)
    assert said.exit_code == 0, said.output
    assert "12 genuine and 66 impostor pairs of 5 people" in said.output
    assert "FMR 0.001: too few impostor pairs to tell" in said.output
    assert "Cllr" in said.output
    assert {one.name for one in plots.iterdir()} == {
        f"{name}.{kind}"
        for name in ("distances", "roc", "det", "calibration", "map")
        for kind in ("png", "svg")
    }
    text = page.read_text()
    assert text.count("data:image/svg+xml") == 5
    assert "<script" not in text
    values = json.loads(run(index, "--protocol", "verification", "--json").output)
    assert values["genuine"] == 12
    assert len(values["points"]) == 3


def test_identification_is_told(index: Path, tmp_path: Path) -> None:
    said = run(index, "--protocol", "identification", "--html", tmp_path / "i.html")
    assert said.exit_code == 0, said.output
    assert "4 people enrolled by one photo each, 8 mated probes and 1 of strangers" in said.output
    assert "too few strangers to tell" in said.output
    values = json.loads(run(index, "--protocol", "identification", "--json").output)
    assert 0 <= values["photoclust"]["rank_1"] <= values["photoclust"]["rank_5"] <= 1


def test_options_of_another_protocol_are_refused(index: Path, tmp_path: Path) -> None:
    assert run(index, "--pairs", tmp_path / "pairs.txt").exit_code == 2
    assert run(index, "--protocol", "identification", "--plots", tmp_path / "p").exit_code == 2
