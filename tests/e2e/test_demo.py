"""``photoclust demo``, whole, in this process: the right people come out."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from photoclust.cli.demo import demo
from photoclust.errors import UsageError


def test_the_right_people_come_out(tmp_path: Path) -> None:
    index = tmp_path / "index"

    result = CliRunner().invoke(demo, ["--engine", "local", "--index", str(index)])

    assert result.exit_code == 0, result.output
    assert "People   3" in result.output
    assert "not how well it tells people apart" in result.output
    assert str(index / "review" / "index.html") in result.output
    assert (index / "review" / "index.html").is_file()


@pytest.mark.ray
@pytest.mark.acceptance
def test_the_right_people_come_out_through_ray(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo, ["--index", str(tmp_path / "index")])

    assert result.exit_code == 0, result.output


def test_another_index_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")

    result = CliRunner().invoke(demo, ["--index", str(tmp_path)])

    assert isinstance(result.exception, UsageError)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
