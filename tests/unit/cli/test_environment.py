"""What the environment says of time limits holds for a command, and no longer."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from photoclust.cli import _environment, cli
from photoclust.errors import UsageError
from photoclust.limits import RetryPolicy, TimeLimits, limited, time_limits


def test_every_limit_has_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _environment.limits() == TimeLimits()
    names = ("READ", "LEASE", "STORE_READ", "STORE_TOTAL")
    for number, name in enumerate(names, 1):
        monkeypatch.setenv(f"PHOTOCLUST_{name}_SECONDS", str(number))
    monkeypatch.setenv("PHOTOCLUST_SECONDS_A_PART", "0")
    expected = TimeLimits(read=1, lease=2, part=0, store=RetryPolicy(read=3, total=4))
    assert _environment.limits() == expected


@pytest.mark.parametrize("said", ["soon", "-1", "nan"])
def test_what_is_no_number_of_seconds_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("PHOTOCLUST_READ_SECONDS", said)
    with pytest.raises(UsageError, match="number of seconds"):
        _environment.limits()


def test_they_hold_while_the_command_runs(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("PHOTOCLUST_READ_SECONDS", "7")
    seen: list[float] = []

    def read_head(_: object) -> None:
        seen.append(time_limits().read)
        raise UsageError("enough")

    monkeypatch.setattr("photoclust.index.store.read_head", read_head)
    CliRunner().invoke(cli, ["status", "--index", str(tmp_path)])
    assert (seen, time_limits()) == ([7.0], TimeLimits())


def test_the_innermost_holds() -> None:
    with limited(TimeLimits(read=2)):
        with limited(TimeLimits(read=1)):
            assert time_limits().read == 1
        assert time_limits().read == 2
