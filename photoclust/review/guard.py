"""Who may ask for what: the guard that every request passes.

- It answers only under the names it has (DNS rebinding), and only to whoever has signed in: with a link that
  holds good once, or with the password where there is one. From then on a cookie says so that scripts cannot
  read and other sites cannot send.
- What writes must come from its own pages. Programs give the password in each request instead (``Bearer``).
- Nothing it sends may be shown inside another page, guessed to be of another type, or run a script that is
  not a file of this application.
- A request may have so many bytes.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import time
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from photoclust.review.interface import refusal
from photoclust.review.shell import entered, entrance

MOST_BYTES = 2 * 1024**2
MOST_UPLOADED = 96 * 1024**2
_UPLOADS = ("/api/v1/verify", "/api/v1/identify", "/api/v1/enroll")
_OPEN = "/assets/"
_SAFE = ("GET", "HEAD")
_PAUSE = 1.0  # seconds between two passwords that are tried
_SESSION_SECONDS = 30 * 24 * 3600

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


class Access:
    """Who has signed in, and how one does.

    Parameters
    ----------
    port
        Of the server, part of the cookie's name: cookies do not know ports.
    names
        By which the server may be called, without the port.
    password
        Lets in whoever knows it; ``""`` where there is none.
    any_address
        Whether it may be called by any address of this machine.
    """

    def __init__(
        self, port: int, names: tuple[str, ...], password: str = "", any_address: bool = False
    ) -> None:
        self.port, self.names, self.any_address = port, {name.casefold() for name in names}, any_address
        self.cookie = f"photoclust-{port}"
        self._password = _digest(password) if password else b""
        self._links: set[bytes] = set()
        self._signed_in: dict[bytes, float] = {}
        self._next_try = 0.0

    @property
    def has_password(self) -> bool:
        """Whether a password lets in."""
        return bool(self._password)

    def link(self) -> str:
        """A path that lets in once."""
        token = secrets.token_urlsafe(32)
        self._links.add(_digest(token))
        return f"/enter?token={token}"

    def use_link(self, token: str) -> str | None:
        """Value of a cookie, if a link holds good; it does not any longer."""
        if _digest(token) not in self._links:
            return None
        self._links.remove(_digest(token))
        return self._let_in()

    def use_password(self, password: str) -> str | None:
        """Value of a cookie, if the password is right; a second one must wait."""
        if not self._password or time.monotonic() < self._next_try:
            return None
        if self._is_password(password):
            return self._let_in()
        self._next_try = time.monotonic() + _PAUSE
        return None

    def knows(self, headers: Headers) -> bool:
        """Whether a request is one of somebody who has signed in."""
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return False
        until = self._signed_in.get(_digest(found.value)) if found else None
        return until is not None and time.time() < until

    def bears_password(self, headers: Headers) -> bool:
        """Whether a request of a program gives the password."""
        kind, _, said = headers.get("authorization", "").partition(" ")
        return bool(self._password) and kind.casefold() == "bearer" and self._is_password(said.strip())

    def is_called(self, host: str) -> bool:
        """Whether a Host header is one of this server."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if name in self.names:
            return port in (None, self.port) or not self._is_own(name)
        return self.any_address and port == self.port and _is_address(name)

    def _is_own(self, name: str) -> bool:
        return _is_address(name) or name == "localhost"

    def _is_password(self, said: str) -> bool:
        return hmac.compare_digest(_digest(said), self._password)

    def _let_in(self) -> str:
        value = secrets.token_urlsafe(32)
        self._signed_in[_digest(value)] = time.time() + _SESSION_SECONDS
        return value


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogateescape")).digest()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """Passes on what may pass, as ASGI middleware."""

    def __init__(self, application: ASGIApp, access: Access) -> None:
        self.application, self.access = application, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.application(scope, receive, send)
            return
        answer: Any = await self._answer(scope, Headers(scope=scope), receive) or self.application
        limit = MOST_UPLOADED if scope["path"] in _UPLOADS else MOST_BYTES
        await answer(scope, _bounded(receive, limit), _with_headers(send))

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Response | None:
        """What to answer instead of passing a request on; None where it may pass."""
        method, path, host = scope["method"], scope["path"], headers.get("host", "")
        if not self.access.is_called(host):
            return refusal(421, "host", "This server does not go by that name.")
        limit = MOST_UPLOADED if path in _UPLOADS else MOST_BYTES
        if int(headers.get("content-length", "0") or 0) > limit:
            return refusal(413, "too_large", f"A request may have {limit // 1024**2} MB.")
        program = self.access.bears_password(headers)
        if method not in _SAFE and not _from_here(headers, host, program):
            return refusal(403, "origin", "Only pages of this server may change anything.")
        if path in ("/enter", "/sign-in"):
            return await self._enter(scope, method, receive)
        if path.startswith(_OPEN) or program or self.access.knows(headers):
            return None
        return self._turned_away(path)

    def _turned_away(self, path: str) -> Response:
        if path.startswith("/api"):
            return refusal(401, "sign_in", "Open the address that photoclust has printed, or sign in again.")
        return HTMLResponse(entrance(self.access.has_password), 401)

    async def _enter(self, scope: Scope, method: str, receive: Receive) -> Response:
        """Let in whoever has a link or the password."""
        if scope["path"] == "/enter" and method == "GET":
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            value = self.access.use_link(token)
            if value is None and self.access.knows(Headers(scope=scope)):
                return RedirectResponse("/people", 303)
        elif scope["path"] == "/sign-in" and method == "POST":
            body = await _read(_bounded(receive, MOST_BYTES))
            said = parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]
            value = self.access.use_password(said)
        else:
            value = None
        if value is None:
            return HTMLResponse(entrance(self.access.has_password, again=True), 401)
        answer = HTMLResponse(entered())
        answer.set_cookie(
            self.access.cookie,
            value,
            max_age=_SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
        )
        return answer


def _from_here(headers: Headers, host: str, program: bool) -> bool:
    """Whether what writes comes from a page of this server, or from a program with the password."""
    origin = headers.get("origin")
    if origin is None:
        return program
    return urlsplit(origin).netloc.casefold() == host.casefold() and origin.startswith(
        ("http://", "https://")
    )


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _bounded(receive: Receive, limit: int) -> Receive:
    """Read so many bytes and then take the request for broken off."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > limit else message

    return bounded


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return guarded
