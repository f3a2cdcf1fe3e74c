"""``photoclust serve``: the web application, for a browser that is opened by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photoclust.cli import _options
from photoclust.cli._index_option import index_option

if TYPE_CHECKING:
    from photoclust.index.place import Location

server_options = _options.together(
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        help="Port to listen at; 0 for any that is free. By default 8017, or any where that is taken.",
    ),
    click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen at. Beyond this machine a password is needed, and what is sent is not "
        "encrypted.",
    ),
    click.option(
        "--password-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A file whose first line is a password that lets in; programs send it as a bearer token.",
    ),
    click.option(
        "--name",
        "names",
        multiple=True,
        metavar="NAME",
        help="A further host name that the server goes by, as of a proxy before it; may be given again.",
    ),
    click.option(
        "--keep-enrolled",
        "enrolled_photos",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Folder that keeps photos sent to POST /api/v1/enroll; without it nobody can be enrolled so.",
    ),
)


@click.command()
@index_option
@server_options
def serve(index_dir: Location, **options: Any) -> None:
    """Serve the people of an index as pages and as an HTTP interface.

    The same as `photoclust review`, which opens a browser too. Prints an address that lets one browser in;
    the menu of the pages makes further ones. Ends at Control-C. GET /api describes the HTTP interface in
    OpenAPI.

    \b
    Examples:
      photoclust serve --index ~/people
      photoclust serve --index ~/people --port 9000 --password-file ~/.photoclust-password
      photoclust serve --index ~/people --host 0.0.0.0 --password-file ~/.photoclust-password
    """
    start(index_dir, options, opens=False)


def start(index_dir: Location, said: dict[str, Any], opens: bool) -> None:
    """Serve an index until a signal comes; open a browser if `opens`."""
    import webbrowser

    from photoclust.index.store import IndexStore
    from photoclust.workflows.serve import ServeOptions

    options = ServeOptions(**said)
    store = require_local(IndexStore.open(index_dir))
    if not options.is_local:
        click.echo(
            "Warning: what is sent to other machines is not encrypted. Put a proxy with TLS before it, or "
            "reach it through SSH.",
            err=True,
        )

    def ready(address: str) -> None:
        click.echo(f"{address}\nThis address lets one browser in. Control-C ends.")
        if opens and not webbrowser.open(address):
            click.echo("No browser could be opened; open the address by hand.", err=True)

    from photoclust.review.server import serve as server

    server(store, options, ready)


def require_local(store: IndexStore) -> IndexStore:
    """The index itself, if it is in a folder of this machine."""
    from photoclust.errors import UsageError

    if store.place.original:
        raise UsageError(
            f"{store.called} is in an object store, which the pages cannot write to as one goes. Copy it to "
            "a folder, or correct it with `photoclust people`."
        )
    return store


if TYPE_CHECKING:
    from photoclust.index.store import IndexStore
