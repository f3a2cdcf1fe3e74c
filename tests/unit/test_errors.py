"""What an exception says to a program and what it says to whoever typed a command."""

from __future__ import annotations

import pickle

import pytest

from photoclust.errors import OutputError, PhotoclustError, RayStartError


def test_a_program_is_told_what_to_call_and_a_command_what_to_type() -> None:
    error = OutputError("There is a file.", python="force=True replaces it.", cli="--force replaces it.")
    assert str(error) == "There is a file. force=True replaces it."
    assert error.on_command_line == "There is a file. --force replaces it."


@pytest.mark.parametrize("python", ["", "Say it again."])
def test_what_helps_everywhere_is_said_once(python: str) -> None:
    error = PhotoclustError("Nothing is there.", python=python)
    assert error.on_command_line == str(error) == f"Nothing is there. {python}".rstrip()


def test_advice_survives_the_way_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(PhotoclustError("Gone.", python="Call.", cli="Type.")))
    assert (str(error), error.on_command_line) == ("Gone. Call.", "Gone. Type.")


def test_where_ray_does_not_start_both_are_told_to_go_without() -> None:
    error = RayStartError("no room")
    assert 'engine="local"' in str(error)
    assert "--engine" not in str(error)
    assert error.on_command_line.endswith("Or use --engine local.")
