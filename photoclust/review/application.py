"""The application: endpoints, events and pages behind the guard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from photoclust.review import shell
from photoclust.review.endpoints import ENDPOINTS
from photoclust.review.guard import Access, Guard
from photoclust.review.interface import PREFIX, openapi, refusal
from photoclust.review.service import Service, State


def application(service: Service, access: Access) -> ASGIApp:
    """Everything that is served of an index."""

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncGenerator[None]:
        async with service.running():
            yield

    async def events(_: Request) -> Response:
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(_events(service), headers=headers, media_type="text/event-stream")

    async def link(request: Request) -> Response:
        return JSONResponse({"address": f"{request.base_url}".rstrip("/") + access.link()})

    routes = [
        Route("/", _to_the_people),
        Route("/api", _described),
        Route(f"{PREFIX}/events", events),
        Route(f"{PREFIX}/links", link, methods=["POST"]),
        *(one.route(service) for one in ENDPOINTS),
        Route("/assets/{name}", shell.asset),
        *(Route(f"/{name}", shell.page) for name in shell.PAGES),
        *(Route(f"/{name}/{{id}}", shell.page) for name in ("person", "photo")),
    ]
    return Guard(Starlette(routes=routes, lifespan=running, exception_handlers={404: _missing}), access)


async def _to_the_people(_: Request) -> Response:
    return RedirectResponse("/people", 303)


async def _missing(request: Request, _: Exception) -> Response:
    if request.url.path.startswith("/api"):
        return refusal(404, "missing", "There is nothing at this address; /api describes what there is.")
    return RedirectResponse("/people", 303)


async def _described(_: Request) -> Response:
    return JSONResponse(_openapi())


@cache
def _openapi() -> dict[str, Any]:
    return openapi(ENDPOINTS)


async def _events(service: Service) -> AsyncIterator[bytes]:
    """Server-sent events: what every page shows, now and whenever it has changed."""
    state = TypeAdapter(State)
    yield b"retry: 2000\n\n"
    async for one in service.states():
        yield b"data: " + state.dump_json(one) + b"\n\n"
