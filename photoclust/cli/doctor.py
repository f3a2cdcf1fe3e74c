"""``photoclust doctor``: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from photoclust.cli import _options
from photoclust.errors import PhotoclustError

if TYPE_CHECKING:
    from photoclust.workflows.doctor import Examined

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@_options.json_option
def doctor(as_json: bool) -> None:
    """Check this machine: what works and what to do about what does not.

    The exit code is 1 if something that photoclust needs is broken.

    \b
    Examples:
      photoclust doctor
      photoclust doctor --json
    """
    from photoclust.workflows.doctor import FAIL, examine

    everything: list[Examined] = []
    for examined in examine():
        everything.append(examined)
        if not as_json:
            click.echo(_as_text(examined))
    if as_json:
        click.echo(json.dumps([asdict(examined) for examined in everything], indent=2))
    if any(examined.state == FAIL for examined in everything):
        sys.exit(PhotoclustError.exit_code)


def _as_text(examined: Examined) -> str:
    mark = click.style(f"{examined.state:4}", fg=_COLOURS[examined.state], bold=examined.state != "ok")
    line = f"{mark}  {examined.subject:12} {examined.found}"
    return f"{line}\n{'':19}→ {examined.advice}" if examined.advice else line
