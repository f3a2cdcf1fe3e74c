"""``photoclust status``: what is there, and what next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@index_option
@click.option("--failed", is_flag=True, help="Name every photo that could not be used, and why.")
@click.option("--missing", is_flag=True, help="Name every photo that is no longer there.")
@_options.json_option
def status(index_dir: Location, failed: bool, missing: bool, as_json: bool) -> None:
    """Say what an index holds and what to do next.

    \b
    Examples:
      photoclust status --index ~/people
      photoclust status --index ~/people --failed
    """
    from photoclust.cli import _summary

    _summary.write_status(index_dir, failed, missing, as_json)
