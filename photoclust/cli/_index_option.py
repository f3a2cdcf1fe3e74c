"""Which index a verb works in: an option or an argument, and its working copy where it lies elsewhere."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import Any, cast

import click

from photoclust.cli import _environment
from photoclust.cli._nearby import named_or_nearby
from photoclust.cli._options import Command, together
from photoclust.cli._progress import fetch_progress
from photoclust.extensions import keep_pandas_out


def _in_working_copy(command: Command) -> Command:
    """Let a verb work in a folder, wherever its index lies."""

    @wraps(command)
    def work(*arguments: Any, index_dir: str, **values: Any) -> Any:
        keep_pandas_out()
        if "://" not in index_dir and Path(index_dir).absolute().parent.parent.name != "indexes":
            return command(*arguments, index_dir=index_dir, **values)
        from photoclust.index.remote.at import at

        with at(index_dir, fetch_progress, _environment.job_id() or "") as folder:
            return command(*arguments, index_dir=folder, **values)

    return cast("Command", work)


_index_option = click.option(
    "--index",
    "index_dir",
    type=click.Path(file_okay=True),
    metavar="DIR",
    callback=named_or_nearby,
    help="Folder of the index, or s3://, gs:// or az://BUCKET/PREFIX; everything photoclust writes is in it. "
    "By default PHOTOCLUST_INDEX, or the index in the current folder.",
)
index_option = together(_index_option, _in_working_copy)


def _keep_place(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    ctx.meta["photoclust.index"] = value


def _place(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
    named = ctx.meta["photoclust.index"]
    if value and named and value != named:
        raise click.BadParameter("the index is named twice, and differently.", ctx, parameter)
    return value or named or named_or_nearby(ctx, parameter, None)


# Where an index is all that a verb looks at, it may be named without ado: `evaluate INDEX`.
index_argument_or_option = together(
    click.argument("index", required=False, is_eager=True, expose_value=False, callback=_keep_place),
    click.option(
        "--index", "index_dir", type=click.Path(), metavar="DIR", callback=_place, help="The same, by name."
    ),
    _in_working_copy,
)
