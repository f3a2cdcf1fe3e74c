"""``photoclust train``: learn from labelled faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_argument_or_option
from photoclust.cli._types import Output, Share
from photoclust.config import EngineConfig
from photoclust.learn.config import ARCHITECTURES, HEADS, LOSSES, MININGS, WHATS, TrainConfig

if TYPE_CHECKING:
    from photoclust.index.place import Location
    from photoclust.workflows.train import TrainingOutcome

_EXAMPLES = """\b
Examples:
  photoclust train ~/people --labels people --output run/
  photoclust train resume run/
"""


class _Train(click.Group):
    """A group whose verb ``start`` need not be said: what is no verb is an index."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self.commands["start"]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "start", self.commands["start"], args


@click.group(cls=_Train, epilog=_EXAMPLES, context_settings={"ignore_unknown_options": True})
def train() -> None:
    """Learn from labelled faces, by contrastive, triplet and other losses, and judge what comes out.

    `photoclust train INDEX` is `photoclust train start INDEX`.
    """


def _number(name: str, kind: Any, text: str) -> Any:
    """An option for a field of `TrainConfig`, with its default."""
    default = getattr(TrainConfig, name)
    shown = default is not None
    return click.option(
        f"--{name.replace('_', '-')}", name, type=kind, default=default, show_default=shown, help=text
    )


def _choice(name: str, known: tuple[str, ...], text: str) -> Any:
    return _number(name, click.Choice(known), text)


_address_option = click.option(
    "--address",
    metavar="URL",
    envvar="PHOTOCLUST_ADDRESS",
    help="With --workers: a Ray cluster whose nodes see the run's folder (HEAD:6379); else this machine.",
)
_config_options = _options.together(
    _choice("what", WHATS, "A head on stored embeddings, in minutes; or a network on crops of faces."),
    _choice("head", HEADS, "Of a head: linear, or two layers; both begin as the embeddings are."),
    _choice("arch", ARCHITECTURES, "Of a network: a few layers, or InceptionResnetV1."),
    _number("init", str, "What a network begins with: a model, or random for nothing."),
    _choice("loss", LOSSES, "Pairs, triplets, all others of the batch, or angles to each person."),
    _choice("mining", MININGS, "Of --loss triplet: which triplets of a batch are looked at."),
    _number("margin", float, "Of triplets: how much farther another person must be than one's own photo."),
    _number("positive_margin", float, "Of pairs: photos of one person that are nearer cost nothing."),
    _number("negative_margin", float, "Of pairs: photos of two people that are farther cost nothing."),
    click.option("--squared", is_flag=True, help="Take squared distances, as FaceNet does."),
    _number("people_per_batch", int, "P of batches of P x K photos."),
    _number("photos_per_person", int, "K of these."),
    _number("epochs", int, "Passes over the training photos at most."),
    _number("patience", int, "Epochs in a row without a better validation after which it ends."),
    _number("learning_rate", float, "Of AdamW; by default what suits what is trained."),
    click.option(
        "--validation",
        type=Share(),
        default=TrainConfig.validation,
        show_default="15%",
        metavar="PERCENTAGE",
        help="People set aside to see when to end.",
    ),
    click.option(
        "--test",
        type=Share(),
        default=TrainConfig.test,
        show_default="35%",
        metavar="PERCENTAGE",
        help="People set aside to judge the result.",
    ),
    click.option("--augment/--no-augment", default=True, help="Vary crops from batch to batch."),
    _number("seed", int, "All chance follows from it."),
    _number("workers", int, "Processes that train a network together, by Ray Train."),
)


@train.command()
@index_argument_or_option
@click.option(
    "--labels",
    default="folders",
    show_default=True,
    metavar="folders|CSV|people",
    help="Who is who: the folder a photo lies in, a CSV with the columns photo and person, or the people of "
    "the index who have a name.",
)
@click.option(
    "--sure",
    type=Share(),
    default=0.95,
    show_default="95%",
    metavar="PERCENTAGE",
    help="Of --labels people: how probable it must be that a face belongs to its person.",
)
@click.option(
    "--output",
    type=Output(file_okay=False),
    required=True,
    metavar="RUN",
    help="A new folder for the run: what it was, its curves, checkpoints, pages and the model.",
)
@_config_options
@_address_option
@_options.json_option
@_options.progress_options
def start(
    index_dir: Location,
    labels: str,
    sure: float,
    output: str,
    address: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn from the labelled faces of an index.

    People are divided into training, validation and test, so that nobody is on two sides. After each epoch
    validation people say how good it is; the best one is judged on test people, beside the model it began
    with, and refused if it is not better by more than chance.

    \b
    Examples:
      photoclust train start ~/people --output run/
      photoclust train ~/people --labels people --loss contrastive --output run/
    """
    from photoclust.cli._context import context
    from photoclust.index.store import IndexStore
    from photoclust.workflows.train import train as workflow

    config = TrainConfig(**values)
    store = IndexStore.open(index_dir)
    place = context(EngineConfig(address=address), verb="train")
    _say(workflow(store, Path(output), config, labels, sure, place), as_json)


@train.command()
@click.argument("run", type=click.Path(path_type=Path))
@_address_option
@_options.json_option
@_options.progress_options
def resume(run: Path, address: str | None, as_json: bool) -> None:
    """Go on with a run that was interrupted, with the numbers it would have had.

    \b
    Examples:
      photoclust train resume run/
    """
    from photoclust.cli._context import context
    from photoclust.workflows.train import resume as workflow

    _say(workflow(run, context(EngineConfig(address=address), verb="train")), as_json)


@train.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("name")
@click.option("--force", is_flag=True, help="Install it even if it is not better than its parent.")
def install(run: Path, name: str, force: bool) -> None:
    """Make the result of RUN the model NAME of this machine, if it is better than its parent.

    An index of the parent is taken to it by `photoclust migrate`; for a head no photo is read.

    \b
    Examples:
      photoclust train install run/ our-school
    """
    from photoclust.workflows.train.calibration import calibration_of_run
    from photoclust.workflows.train.model import install_model

    path = install_model(run, name, force)
    click.echo(f"{name} is ready: {path}")
    click.echo(calibration_of_run(run).line())


def _say(outcome: TrainingOutcome, as_json: bool) -> None:
    from photoclust.report.names import visible

    if as_json:
        click.echo(json.dumps(outcome.to_dict(), indent=2))
        return
    for line in outcome.lines():
        click.echo(line)
    if outcome.judgement.is_better:
        click.echo(f"\nNext: photoclust train install {outcome.folder} NAME")
    for note in outcome.head.notes:
        click.echo(f"\nNote: {visible(note, 1000)}")
