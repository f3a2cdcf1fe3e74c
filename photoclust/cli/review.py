"""``photoclust review``: the web application in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from photoclust.cli._index_option import index_option
from photoclust.cli.serve import server_options, start

if TYPE_CHECKING:
    from photoclust.index.place import Location


@click.command()
@index_option
@server_options
def review(index_dir: Location, **options: Any) -> None:
    """Look through people, name and correct them, in a browser.

    Serves the pages at this machine and opens them. Whatever is said there is written to decisions.csv at
    once, as `photoclust people` does, and can be taken back; the faces are grouped anew in the background.
    Ends at Control-C.

    \b
    Examples:
      photoclust review --index ~/people
      photoclust review --index ~/people --port 9000
    """
    start(index_dir, options, opens=True)
