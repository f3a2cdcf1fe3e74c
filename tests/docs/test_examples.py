"""Every command and every Python example of the documentation is run, page by page, on a small album.

Commands run in this process, `photoclust run` without Ray; FACE is filled in with the id of a face. Blocks
marked as not run say why; their commands and options must exist all the same.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow.parquet as pq
import pytest
from documentation import PAGES, Example, examples, inline_code, name_of
from portraits import make_portraits

from photoclust.cli import cli

LOCAL = {"engine": "local"}
DEFAULTS = dict.fromkeys(("run", "index", "dedupe"), LOCAL)
SHELL = ("sh", "bash")
RUN = [page for page in PAGES if any(one.not_run is None for one in examples(page, *SHELL, "python"))]
NOT_HERE = ("pip ", "ruff ", "pyright", "lint-imports", "mkdocs ", "pytest ", "docker ", "kubectl ", "ray ")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small album and an index of it."""
    home = tmp_path_factory.mktemp("docs")
    make_portraits(home / "Pictures")
    command(["run", "~/Pictures", "--index", "~/people"], home)
    return home


@pytest.fixture
def home(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, in which a page's examples run one after another."""
    home = tmp_path / "home"
    shutil.copytree(prepared, home, copy_function=shutil.copy2)
    monkeypatch.chdir(home)
    monkeypatch.delenv("PHOTOCLUST_INDEX", raising=False)
    return home


def command(words: list[str], home: Path) -> None:
    """Run photoclust in this process."""
    there = [str(home) + word[1:] if word.startswith("~/") else word for word in words]
    ended = cli.main(there, standalone_mode=False, default_map=DEFAULTS)
    assert not ended, words


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_examples_run(page: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    namespace: dict[str, object] = {}
    for example in examples(page, *SHELL, "python"):
        if example.not_run is not None:
            continue
        if example.language == "python":
            exec(compile(example.code, name_of(page), "exec"), namespace)
            continue
        for line in example.lines:
            _shell(line, home, monkeypatch)


def _shell(line: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line.replace("FACE", _face(home)))
    if words[0] == "photoclust" and not {"|", "&&", ">"} & set(words):
        command(words[1:], home)
    elif words[0] == "export":
        name, value = words[1].split("=", 1)
        monkeypatch.setenv(name, str(home) + value[1:] if value.startswith("~") else value)
    else:
        assert not line.startswith(NOT_HERE), f"mark the block as not run: {line}"
        subprocess.run(["bash", "-c", line], check=True, env={**os.environ, "HOME": str(home)}, cwd=home)


def _face(home: Path) -> str:
    """A face of the person with the most faces."""
    run = max((home / "people" / "clusterings").iterdir())
    faces = pq.read_table(run / "assignments.parquet").to_pylist()
    person = pq.read_table(run / "people.parquet")["person_id"][0].as_py()
    return next(face["face_id"] for face in faces if face["person_id"] == person)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_exist(page: Path) -> None:
    """Also in blocks that are not run, in shown sessions, and within sentences."""
    said = [line for one in examples(page, *SHELL) for line in one.lines]
    shown = [line for one in examples(page, "console") for line in one.lines]
    said += [line[2:] for line in shown if line.startswith("$ ")]
    said += inline_code(page)
    for line in said:
        for part in line.split("&&"):
            words = shlex.split(part.split("|")[0], comments=False) if "photoclust " in part else []
            if words[:1] == ["photoclust"]:
                require_known(words[1:], line)


def require_known(words: list[str], line: str) -> None:
    """Make sure that the verb and the options of a command exist."""
    here: click.Command = cli
    for word in words:
        if word.startswith("-") and word != "-":
            known = {name for option in here.params for name in (*option.opts, *option.secondary_opts)}
            known |= {"--help", "-h", "--debug", "--version"}
            assert word.split("=")[0] in known, f"no option {word} of {here.name}: {line}"
        elif isinstance(here, click.Group) and word.isupper() is False:
            below = here.get_command(click.Context(here), word)
            assert below is not None, f"no verb {word}: {line}"
            here = below
        elif here.name == "submit" and (below := cli.get_command(click.Context(cli), word)) is not None:
            here = below


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_that_are_not_run_say_why(page: Path) -> None:
    for example in examples(page, *SHELL):
        foreign = [line for line in example.lines if line.startswith(NOT_HERE)]
        assert example.not_run or not foreign, f"mark the block as not run: {foreign}"


def test_examples_are_found() -> None:
    assert len(RUN) >= 6
    found = [one for page in RUN for one in examples(page, *SHELL, "python")]
    assert all(isinstance(one, Example) for one in found)
    assert len(found) > 25
