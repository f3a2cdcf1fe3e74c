"""``photoclust models``: which embedding models there are, and how to get them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli.calibrate import calibrate

if TYPE_CHECKING:
    from photoclust.models.cards import Card
    from photoclust.workflows.models import ModelReport

_EXAMPLES = """\b
Examples:
  photoclust models list
  photoclust models show sface
  photoclust models fetch sface
  photoclust models import network.onnx --card network.toml
"""

_accept_option = click.option(
    "--accept-licence",
    is_flag=True,
    help="Accept a licence that forbids commercial use.",
)


@click.group(epilog=_EXAMPLES)
def models() -> None:
    """List, fetch, import and remove the embedding models that turn faces into vectors."""


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
@_options.json_option
def show(name: str, as_json: bool) -> None:
    """Show the card of the model NAME: what it is, what it takes, what may be done with it.

    What is printed is TOML, and with another name and file it is a card to start from.

    \b
    Examples:
      photoclust models show casia-webface
      photoclust models show sface > ours.toml
    """
    from photoclust.workflows.models import show as workflow

    card, state = workflow(name)
    if as_json:
        click.echo(
            json.dumps(asdict(card) | {"state": state.state, "path": state.to_dict()["path"]}, indent=2)
        )
        return
    known = "measured with photoclust" if card.measured else "not measured with photoclust"
    click.echo(f"# {_STATES[state.state]}; {known}; calibration: {state.calibration or 'none'}")
    click.echo(card.to_text(), nl=False)


@models.command()
@click.argument("name")
@_accept_option
def fetch(name: str, accept_licence: bool) -> None:
    """Make the model NAME ready, from its release page if it is not here yet.

    \b
    Examples:
      photoclust models fetch vggface2
      photoclust models fetch arcface-r50 --accept-licence
    """
    from photoclust.models.cards import MODELS
    from photoclust.workflows.models import fetch as workflow

    accepted = name in MODELS and _accepted(MODELS[name], accept_licence)
    with _progress_bar(name) as progress:
        path = workflow(name, progress, accepted)
    click.echo(f"{name} is ready: {path}")


@models.command("import")
@click.argument("name_and_file", nargs=-1, required=True, metavar="[NAME] FILE")
@click.option("--card", metavar="CARD", help="TOML file that describes FILE, or the name of a known model.")
@_accept_option
def import_(name_and_file: tuple[str, ...], card: str | None, accept_licence: bool) -> None:
    """Take a model from FILE, as CARD describes it.

    FILE is an ONNX file, a head or a safetensors file of facenet-pytorch's InceptionResnetV1. Its hash must
    be the one on the card. The names of known models are kept for the files they stand for; NAME gives a
    model another name than its card does.

    Without a card FILE holds parameters of InceptionResnetV1, as safetensors or as a PyTorch state dict
    (.pt), and faces are cropped for it as for the default model.

    \b
    Examples:
      photoclust models import network.onnx --card network.toml
      photoclust models import face_recognition_sface_2021dec.onnx --card sface
      photoclust models import our-school trained.safetensors
    """
    from photoclust.models.cards import MODELS
    from photoclust.workflows.models import card_for, import_model

    if len(name_and_file) > 2:
        raise click.UsageError("Give one FILE, and before it one NAME at most.")
    *before, file = list(name_and_file)
    name = before[0] if before else None
    found = card_for(card, name) if card else MODELS.get(name or "")
    accepted = found is not None and _accepted(found, accept_licence)
    name, path = import_model(Path(file), name, card, accepted)
    click.echo(f"{name} is ready: {path}")


@models.command()
@click.argument("name")
def remove(name: str) -> None:
    """Delete the model NAME from this machine; an index made with it can then only be looked at.

    \b
    Examples:
      photoclust models remove our-school
    """
    from photoclust.workflows.models import remove as workflow

    workflow(name)
    click.echo(f"{name} was removed.")


models.add_command(
    click.Command(  # the same, for who looks for it here
        "calibrate",
        callback=calibrate.callback,
        params=list(calibrate.params),
        help=str(calibrate.help).replace("photoclust calibrate", "photoclust models calibrate"),
    )
)


def _accepted(card: Card, accept: bool) -> bool:
    """Ask whether a licence that forbids commercial use is accepted, where somebody can answer."""
    if card.commercial or accept:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError(f"{card.licence} To accept that for {card.name}, add --accept-licence.")
    return click.confirm(f"{card.name}: {card.licence} Accept that?", abort=True)


def _as_text(model: ModelReport) -> str:
    about = [f"{model.dimension} numbers, {model.format}"] if model.format else []
    about += [model.trained_on] if model.trained_on else []
    about += [f"LFW accuracy {model.lfw_accuracy:.2%}"] if model.lfw_accuracy is not None else []
    about += [] if model.measured else ["not measured here"]
    line = f"{model.name:16} {_STATES[model.state]:34} {'; '.join(about)}"
    return f"{line}\n{'':16} {model.licence}" if model.licence else line


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
