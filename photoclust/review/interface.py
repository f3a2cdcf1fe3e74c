"""Endpoints as typed functions: what a request says is checked against them, and OpenAPI is made of them.

FastAPI does the same with more of everything; it was left because it takes three times as long to import
(1.2 s against 0.4 on two cores), which whoever types ``photoclust review`` would wait for.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from photoclust import __version__
from photoclust.errors import (
    IndexLockedError,
    IndexMissingError,
    NamesJoinedError,
    PhotoclustError,
    PhotoError,
    ProbeError,
    StaleViewError,
    UsageError,
)

PREFIX = "/api/v1"
_COMPONENTS = "#/components/schemas/"
_BYTES = {"type": "string", "format": "binary"}
_STATUS: dict[type, tuple[int, str]] = {
    StaleViewError: (409, "stale"),
    NamesJoinedError: (409, "names_joined"),
    UsageError: (400, "usage"),
    IndexLockedError: (503, "locked"),
    IndexMissingError: (404, "missing"),
    PhotoError: (404, "photo"),
    ProbeError: (422, "photo"),
    PhotoclustError: (500, "error"),
}


@dataclass(frozen=True)
class Problem:
    """What a request that failed is answered with.

    Attributes
    ----------
    code
        ``stale``, ``names_joined``, ``usage``, ``locked``, ``missing``, ``photo``, ``error``, ``sign_in``,
        ``origin``, ``host`` or ``too_large``.
    message
        What is wrong and what to do, in a sentence or two.
    """

    code: str
    message: str


def refusal(status: int, code: str, message: str) -> JSONResponse:
    """An answer that says what is wrong."""
    return JSONResponse({"code": code, "message": message}, status)


def refusal_of(error: PhotoclustError) -> JSONResponse:
    """An answer that says what an error says."""
    status, code = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    said = f"{error.reason[:1].upper()}{error.reason[1:]}." if isinstance(error, PhotoError) else str(error)
    return refusal(status, code, said)


@dataclass(frozen=True)
class Endpoint:
    """A function that answers requests.

    Attributes
    ----------
    method, path
        What is asked for; names in braces are arguments of the function.
    call
        Its first argument is the application's; one named `body` is the body of the request; all others are
        in the path or the query. It is typed; where it gives a `Response`, that is sent as it is. Its first
        line of documentation is what OpenAPI says of it.
    gives
        Module and name of what it gives, where importing that takes long: it is done when it is first given.
    """

    method: str
    path: str
    call: Callable[..., Any]
    gives: str = ""

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.call, include_extras=True)

    @cached_property
    def _arguments(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.call).parameters.values())[1:]

    @cached_property
    def in_path(self) -> list[str]:
        """Arguments that are in the path."""
        return re.findall(r"{(\w+)}", self.path)

    @cached_property
    def query(self) -> type[BaseModel]:
        """What may be said in the path and the query."""
        fields: dict[str, Any] = {
            one.name: (self._hints[one.name], ... if one.default is one.empty else one.default)
            for one in self._arguments
            if one.name != "body"
        }
        return create_model("Query", **fields)

    @cached_property
    def body(self) -> TypeAdapter[Any] | None:
        """What the body holds; None where there is none."""
        return TypeAdapter(self._hints["body"]) if "body" in self._hints else None

    @cached_property
    def answer(self) -> TypeAdapter[Any] | None:
        """What is answered; None where that is no JSON."""
        kind = pkgutil.resolve_name(self.gives) if self.gives else self._hints["return"]
        return None if isinstance(kind, type) and issubclass(kind, Response) else TypeAdapter(kind)

    def route(self, application: object) -> Route:
        """Answer requests."""

        async def respond(request: Request) -> Response:
            try:
                arguments = self._said(request, await request.body() if self.body else b"")
                found = await self._called(application, arguments)
            except ValidationError as error:
                return refusal(400, "usage", _sentence(error))
            except PhotoclustError as error:
                return refusal_of(error)
            if isinstance(found, Response) or self.answer is None:
                return cast("Response", found)
            return Response(self.answer.dump_json(found), media_type="application/json")

        return Route(PREFIX + self.path, respond, methods=[self.method])

    def _said(self, request: Request, body: bytes) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for name, field in self.query.model_fields.items():
            several = "list" in str(field.annotation)
            if name in request.path_params:
                said[name] = request.path_params[name]
            elif name in request.query_params:
                said[name] = request.query_params.getlist(name) if several else request.query_params[name]
        checked = self.query(**said)
        values = {name: getattr(checked, name) for name in self.query.model_fields}
        return values | ({"body": self.body.validate_json(body)} if self.body else {})

    async def _called(self, application: object, arguments: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self.call):
            return await cast("Awaitable[Any]", self.call(application, **arguments))
        return await run_in_threadpool(self.call, application, **arguments)


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where or 'The request'}: {first['msg']}."


# -- OpenAPI ----------------------------------------------------------------------------------------------


def openapi(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Describe endpoints in OpenAPI 3.1."""
    adapters = _adapters(endpoints)
    schemas, shared = TypeAdapter.json_schemas(
        [(key, mode, adapter) for (key, mode), adapter in adapters.items()],  # pyright: ignore
        ref_template=f"{_COMPONENTS}{{model}}",
    )
    paths: dict[str, Any] = {}
    for number, one in enumerate(endpoints):
        operation = _operation(one, schemas, number)
        paths.setdefault(PREFIX + one.path, {})[one.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "photoclust", "version": __version__, "license": {"name": "MIT"}},
        "paths": paths,
        "components": {
            "schemas": {name: said | {"title": name} for name, said in shared.get("$defs", {}).items()},
            "securitySchemes": {"password": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"password": []}],
    }


def _adapters(endpoints: Sequence[Endpoint]) -> dict[tuple[str, str], TypeAdapter[Any]]:
    found: dict[tuple[str, str], TypeAdapter[Any]] = {("problem", "serialization"): TypeAdapter(Problem)}
    for number, one in enumerate(endpoints):
        if one.body:
            found[f"body {number}", "validation"] = one.body
        if one.answer:
            found[f"answer {number}", "serialization"] = one.answer
    return found


def _operation(one: Endpoint, schemas: Any, number: int) -> dict[str, Any]:
    answer = schemas.get((f"answer {number}", "serialization"))
    content = {"application/json": {"schema": answer}} if answer else {"image/jpeg": {"schema": _BYTES}}
    problem = {"application/json": {"schema": schemas["problem", "serialization"]}}
    operation: dict[str, Any] = {
        "operationId": one.call.__name__,
        "summary": (one.call.__doc__ or "").split("\n")[0].rstrip("."),
        "parameters": _parameters(one),
        "responses": {
            "200": {"description": "What was asked for", "content": content},
            "4XX": {"description": "What is wrong, and what to do", "content": problem},
        },
    }
    if one.body:
        body = schemas[f"body {number}", "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _parameters(one: Endpoint) -> list[dict[str, Any]]:
    schema = one.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "path" if name in one.in_path else "query", "schema": said}
        | {"required": name in required}
        for name, said in schema.get("properties", {}).items()
    ]
