"""``photoclust models``: which embedding models there are, and how to get them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options

if TYPE_CHECKING:
    from photoclust.workflows.models import ModelReport

_EXAMPLES = """\b
Examples:
  photoclust models list
  photoclust models fetch vggface2
  photoclust models import vggface2 20180402-114759-vggface2.pt
"""


@click.group(epilog=_EXAMPLES)
def models() -> None:
    """List, fetch and import the embedding models that turn faces into vectors."""


@models.command("list")
@_options.json_option
def list_(as_json: bool) -> None:
    """List the models that are known or were imported.

    \b
    Examples:
      photoclust models list
      photoclust models list --json
    """
    from photoclust.workflows.models import models

    found = models()
    if as_json:
        click.echo(json.dumps([model.to_dict() for model in found], indent=2))
        return
    for model in found:
        click.echo(_as_text(model))


@models.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Make the model NAME ready, from its release page if it is not here yet.

    \b
    Examples:
      photoclust models fetch vggface2
    """
    from photoclust.workflows.models import fetch as workflow

    with _progress_bar(name) as progress:
        path = workflow(name, progress)
    click.echo(f"{name} is ready: {path}")


@models.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
def import_(name: str, file: Path) -> None:
    """Take the model NAME from FILE: a PyTorch state dict (.pt) or safetensors.

    FILE holds parameters of facenet-pytorch's InceptionResnetV1. The names of known models are kept for
    the files they stand for; give weights of your own a name of their own.

    \b
    Examples:
      photoclust models import vggface2 20180402-114759-vggface2.pt
      photoclust models import our-school trained.safetensors
    """
    from photoclust.workflows.models import import_file

    path = import_file(name, file)
    click.echo(f"{name} is ready: {path}")


def _as_text(model: ModelReport) -> str:
    known = model.lfw_accuracy is not None
    about = f"{model.trained_on}; LFW accuracy {model.lfw_accuracy:.2%}" if known else "imported"
    line = f"{model.name:16} {_STATES[model.state]:34} {about}"
    return f"{line}\n{'':16} {model.licence}" if known else line


_STATES = {
    "ready": "ready",
    "on first use": "comes along, readied on first use",
    "absent": "not here: photoclust models fetch",
}


@contextmanager
def _progress_bar(name: str) -> Generator[Callable[[int, int], None]]:
    """A bar on a terminal's standard error; nothing elsewhere."""
    from tqdm import tqdm

    quiet = not sys.stderr.isatty()
    with tqdm(desc=name, unit="B", unit_scale=True, leave=False, disable=quiet, file=sys.stderr) as bar:

        def show(received: int, expected: int) -> None:
            bar.total = expected
            bar.update(received - bar.n)

        yield show
