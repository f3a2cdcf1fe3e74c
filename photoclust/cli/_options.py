"""Options that several verbs share, and how their values become configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from photoclust.cli import _environment
from photoclust.cli._types import Share
from photoclust.config import ENGINES, ClusterConfig, EngineConfig

if TYPE_CHECKING:
    from photoclust.workflows.opening import PhotoOptions

Command = TypeVar("Command", bound=Callable[..., Any])


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Make one decorator of several, in the order in which help lists them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")


def _keep(variable: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    """Let an option hold for whatever this process does and starts."""

    def keep(_: click.Context, __: click.Parameter, value: str | None) -> None:
        if value is not None:
            _environment.keep(variable, value)

    return keep


progress_options = together(
    click.option(
        "--progress",
        type=click.Choice(["auto", "bar", "lines", "none"]),
        expose_value=False,
        callback=_keep(_environment.PROGRESS),
        help="A bar, or a line every few seconds; by default a bar on a terminal and lines on a cluster. "
        "(or set PHOTOCLUST_PROGRESS)",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        expose_value=False,
        callback=_keep(_environment.LOG_FORMAT),
        help="What lines on stderr look like. (or set PHOTOCLUST_LOG_FORMAT)",
    ),
)

search_options = together(
    click.option(
        "--address",
        metavar="URL",
        envvar="PHOTOCLUST_ADDRESS",
        help="Ray cluster to join (HEAD:6379); without it this machine does the work.",
    ),
    click.option(
        "--num-cpus", type=click.IntRange(1), metavar="N", help="Processors to use; all by default."
    ),
    click.option("--num-gpus", type=click.IntRange(0), metavar="N", help="GPUs to use; all by default."),
    click.option(
        "--divide-search-from",
        type=click.IntRange(1),
        metavar="FACES",
        help="Compare so many faces and more in blocks that are kept when done, on the cluster if there is "
        f"one; {EngineConfig.divide_search_from} by default.",
    ),
)

engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=EngineConfig.kind,
    show_default=True,
    help="Plain processes, one for each processor; actors of Ray; or this process alone. The result is the "
    "same. auto is Ray where there is a cluster to join, a GPU or a number of actors, else plain processes.",
)

engine_options = together(
    engine_option,
    search_options,
    click.option("--detect-actors", type=click.IntRange(1), metavar="N", help="Detection processes."),
    click.option("--embed-actors", type=click.IntRange(1), metavar="N", help="Embedding processes."),
    click.option(
        "--photos-per-batch",
        type=click.IntRange(1),
        metavar="N",
        help="Photos given to a detection process at once; by default chosen by the size of their files.",
    ),
    click.option(
        "--photo-seconds",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="Give a photo up that takes a process longer than this; 300 by default.",
    ),
    progress_options,
)

photo_settings = together(
    click.option("--model", metavar="NAME", help="Embedding model of a new index; see `photoclust models`."),
    click.option(
        "--min-face-size", type=click.IntRange(12), metavar="PIXELS", help="Smallest face looked for."
    ),
    click.option(
        "--max-pixels", type=click.IntRange(1), metavar="N", help="Refuse photos with more pixels than this."
    ),
    click.option(
        "--image-column", metavar="NAME", help="Column of Parquet files with photos; found by default."
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave out what is named so inside PHOTOS, as a line of a .gitignore file says it, letter case "
        "ignored; may be given again. What a file .photoclustignore names is left out in every run.",
    ),
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Take nothing inside PHOTOS but what is named so; may be given again.",
    ),
    click.option("--retry-failed", is_flag=True, help="Try photos again that failed in an earlier run."),
)

photo_options = together(
    photo_settings,
    click.option(
        "--missing",
        type=click.Choice(["check", "drop", "keep"]),
        default="check",
        show_default=True,
        help="Photos that PHOTOS no longer hold: take them out of the grouping, but stop where so many are "
        "missing that a drive may be unplugged (check); take out however many (drop); leave them in (keep).",
    ),
)

cluster_options = together(
    click.option(
        "--neighbours",
        "k",
        type=click.IntRange(2),
        metavar="K",
        default=ClusterConfig.k,
        show_default=True,
        help="Nearest faces looked at for each face.",
    ),
    click.option(
        "--min-cluster-size",
        type=click.IntRange(2),
        metavar="N",
        default=ClusterConfig.min_cluster_size,
        show_default=True,
        help="Fewest faces that make a person.",
    ),
    click.option(
        "--photo-copies/--no-photo-copies",
        default=ClusterConfig.photo_copies,
        help="Let a mirror, a collage or a screen show a person twice in a photo; else never.",
    ),
    click.option(
        "--approximate-from",
        type=click.IntRange(1),
        metavar="FACES",
        help="So many faces and more are compared approximately, and how many neighbours were found is "
        "measured and told; exactly, however many, by default.",
    ),
    click.option(
        "--max-component",
        type=click.IntRange(2),
        default=ClusterConfig.max_component,
        show_default=True,
        metavar="FACES",
        help="More faces than that are grouped in parts of at most so many, side by side; fewer need less "
        "memory.",
    ),
)


churn_option = click.option(
    "--max-named-churn",
    type=Share(),
    default="100%",
    show_default=True,
    metavar="PERCENTAGE",
    help="Keep the grouping in force if more of the faces of people with a name would leave their person.",
)


def take(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Take the options of these names out of `values`, those that were not given left out."""
    return {name: value for name in names if (value := values.pop(name, None)) is not None}


def take_engine(values: dict[str, Any]) -> EngineConfig:
    """Build the engine's configuration from `engine_options`."""
    kind = values.pop("engine", EngineConfig.kind)
    names = (
        "address",
        "num_cpus",
        "num_gpus",
        "detect_actors",
        "embed_actors",
        "photos_per_batch",
        "photo_seconds",
        "divide_search_from",
    )
    return EngineConfig(kind=kind, **take(values, *names))


def take_photos(values: dict[str, Any]) -> PhotoOptions:
    """Build what was asked for of `photo_options`, or of `photo_settings`."""
    from photoclust.workflows.opening import PhotoOptions

    names = ("model", "min_face_size", "max_pixels", "retry_failed", "missing", "image_column")
    return PhotoOptions(**take(values, *names, "exclude", "include"))


def take_cluster(values: dict[str, Any]) -> ClusterConfig:
    """Build the clustering's configuration from `cluster_options`."""
    return ClusterConfig(
        **take(values, "k", "min_cluster_size", "photo_copies", "approximate_from", "max_component")
    )
