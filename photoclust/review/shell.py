"""The pages' HTML: one shell that scripts fill, and the entrance."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from photoclust.report.html import source

PAGES = ("people", "person", "questions", "left-over", "find", "photos", "photo", "numbers", "log")
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
_BASE = "base.css"

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{more}<title>{title}</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/base.css">
<link rel="stylesheet" href="/assets/review.css">
"""

_FORM = """<form class="sign-in" method="post" action="/sign-in">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button class="primary" type="submit">Sign in</button>
</form>"""


def entrance(has_password: bool, again: bool = False) -> str:
    """What somebody sees who has not signed in; `again` where what they tried was wrong."""
    if has_password:
        said = "That was not it. Wait a second and try again." if again else "Sign in to see these people."
    else:
        said = (
            "This address has been used, or photoclust was started again since. Look at the terminal: "
            "<code>photoclust review</code> prints an address that holds good once."
        )
    return (
        _HEAD.format(title="photoclust", more="")
        + '</head>\n<body class="entrance">\n<main><p class="brand">photoclust review</p>'
        + f"<h1>Who are you?</h1><p>{said}</p>{_FORM if has_password else ''}</main>\n</body>\n</html>\n"
    )


def entered() -> str:
    """A page that goes on to the people: by itself, as a cookie does not come along from another site."""
    more = '<meta http-equiv="refresh" content="0; url=/people">\n'
    return (
        _HEAD.format(title="photoclust", more=more)
        + '</head>\n<body class="entrance">\n<main><h1>photoclust review</h1>'
        + '<p><a href="/people">Go on to the people</a></p></main>\n</body>\n</html>\n'
    )


@cache
def _shell() -> str:
    return (
        _HEAD.format(title="photoclust review", more="")
        + '<script type="module" src="/assets/main.js"></script>\n'
        + '</head>\n<body>\n<a class="skip" href="#main">Skip to the content</a>\n'
        + '<header id="top"></header>\n<main id="main" tabindex="-1"></main>\n'
        + '<noscript><p class="entrance">These pages need JavaScript. The page that '
        + "<code>photoclust run</code> writes, <code>review/index.html</code> in the index, does not.</p>"
        + "</noscript>\n</body>\n</html>\n"
    )


async def page(request: Request) -> Response:
    """Any page: its address says which, and the script fills it."""
    return HTMLResponse(_shell())


async def asset(request: Request) -> Response:
    """A file of the application."""
    name = request.path_params["name"]
    content = _assets().get(name)
    if content is None:
        return Response(status_code=404)
    tag = f'"{sha256(content).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_TYPES[name.rpartition(".")[2]])


@cache
def _assets() -> dict[str, bytes]:
    """Every file of the application; there is no way from a name to any other."""
    folder = resources.files("photoclust.review").joinpath("static")
    own = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in _TYPES}
    return own | {_BASE: source(_BASE).encode()}
