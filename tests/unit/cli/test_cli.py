"""The command line: every verb explained, every mistake one clear sentence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from photoclust.cli import VERBS, cli

ROOT = Path(__file__).parents[3]


def photoclust(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "photoclust", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cli)
    found: list[tuple[str, click.Command]] = []
    for verb in cli.list_commands(context):
        command = cli.get_command(context, verb)
        assert command is not None
        children = command.commands.items() if isinstance(command, click.Group) else []
        found += [(verb, command), *((f"{verb} {name}", child) for name, child in children)]
    return found


@pytest.mark.parametrize(
    ("verb", "command"), commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_verb_has_an_example_in_its_help(verb: str, command: click.Command) -> None:
    text = command.get_help(click.Context(command, info_name=f"photoclust {verb}"))
    assert re.search(rf"Examples:\n\s+photoclust {verb}", text), text


@pytest.mark.parametrize("verb", [verb for verb, _ in commands()])
def test_every_verb_is_in_the_readme(verb: str) -> None:
    assert f"photoclust {verb}" in (ROOT / "README.md").read_text()


def test_help_is_light() -> None:
    """Half a second of processor time is the promise; what would break it is an import."""
    code = (
        "import sys; from photoclust.cli import cli; cli.main(['--help'], standalone_mode=False);"
        "heavy = {'ray', 'torch', 'pyarrow', 'numpy', 'PIL'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for verb in VERBS:
        assert verb in done.stdout


def one_sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("Error: "), done.stderr
    return lines[-1]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    message = one_sentence(photoclust("run", tmp_path / "nowhere", "--index", tmp_path / "x"), 2)
    assert "nowhere" in message
    assert not (tmp_path / "x").exists()


def test_a_name_that_is_too_long() -> None:
    done = photoclust("status", "--index", "/tmp/" + "x" * 300)
    assert done.returncode == 1
    assert "too long for this system" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_a_password_is_not_repeated(debug: tuple[str, ...]) -> None:
    done = photoclust(*debug, "jobs", "list", "--address", "http://me:secret@127.0.0.1:1")
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
    assert "secret" not in done.stderr + done.stdout


def test_a_folder_without_photos(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    message = one_sentence(photoclust("run", tmp_path, "--index", tmp_path / "x"), 2)
    assert str(tmp_path) in message


def test_a_verb_without_its_index() -> None:
    done = photoclust("status")
    assert done.returncode == 2
    assert "--index" in done.stderr


@pytest.mark.parametrize("verb", ["status", "cluster"])
def test_an_index_that_is_not_there(tmp_path: Path, verb: str) -> None:
    message = one_sentence(photoclust(verb, "--index", tmp_path / "x"), 1)
    assert "photoclust run" in message


def test_an_unwritable_index(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    message = one_sentence(photoclust("run", photo, "--index", tmp_path / "file" / "x"), 1)
    assert "cannot be written" in message


def test_an_index_folder_with_other_files(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "thesis.doc").write_text("do not touch")
    message = one_sentence(photoclust("run", photo, "--index", tmp_path, "--engine", "local"), 1)
    assert "thesis.doc" in message


def test_an_index_of_a_newer_format(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps({"format": 1000, "photoclust": "9.9"}))
    assert "newer photoclust (9.9)" in one_sentence(photoclust("status", "--index", tmp_path), 1)


def test_gpus_that_are_not_there(tmp_path: Path, photo: Path) -> None:
    done = photoclust("run", photo, "--index", tmp_path / "x", "--num-gpus", "64", "--engine", "local")
    assert "64 GPUs were asked for" in one_sentence(done, 2)
    assert done.stderr.endswith("Leave --num-gpus out.\n")


def test_a_model_nobody_knows(tmp_path: Path, photo: Path) -> None:
    done = photoclust("run", photo, "--index", tmp_path / "x", "--model", "resnet9000")
    assert "resnet9000" in one_sentence(done, 1)


def test_a_job_that_others_submitted_knows_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"runtime_env": {}, "metadata": {"job_submission_id": "rayjob-17"}}
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps(job))
    assert "job rayjob-17" in photoclust("status", "--index", tmp_path).stderr


@pytest.fixture
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    path = tmp_path_factory.mktemp("photos") / "grey.png"
    Image.new("RGB", (64, 64), "grey").save(path)
    return path


@pytest.mark.parametrize("verb", [("run", "x"), ("status",), ("evaluate", "--labels", "folders")])
def test_a_place_that_can_hold_no_index_is_refused(verb: tuple[str, ...]) -> None:
    command, *rest = verb
    done = photoclust(command, *rest, "--index", "ftp://host/index")
    assert done.returncode == 2
    assert "ftp:// is no kind of place that is known" in done.stderr


def test_photos_and_index_in_buckets_can_be_submitted() -> None:
    from photoclust.cli.submit import _check_paths, _parsed

    parameters = _parsed(("run", "s3://bucket/photos", "--index", "s3://bucket/index"))
    _check_paths(parameters, None)
    assert parameters["index_dir"] == "s3://bucket/index"


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "--index", "i", "--format", "csv", "--output", "s3://bucket/faces.csv"),
        ("evaluate", "i", "--labels", "folders", "--html", "s3://bucket/page.html"),
        ("dedupe", "d", "--output", "s3://bucket/report"),
        ("dedupe", "d", "--output", "r", "--apply", "s3://bucket/new"),
    ],
)
def test_what_is_written_outside_the_index_is_written_on_this_machine(arguments: tuple[str, ...]) -> None:
    done = photoclust(*arguments)
    assert done.returncode == 2
    assert "is no place on this machine" in done.stderr
