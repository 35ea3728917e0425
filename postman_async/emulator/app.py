"""The aiohttp application: key check, request log, errors as JSON, and the routes."""

from __future__ import annotations

import hmac
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from aiohttp import http_exceptions, web

from postman_async.emulator import validation
from postman_async.emulator.errors import (
    ServiceError,
    malformed,
    named,
    not_found,
    plain_problem,
    server_error,
    unauthorized,
)
from postman_async.emulator.ids import bare_id
from postman_async.emulator.runs import Runs
from postman_async.emulator.store import Entity, Json, Store, dumps

__all__ = [
    "MAX_BODY",
    "SERVICE",
    "Call",
    "Handler",
    "LoggedRequest",
    "Service",
    "answer",
    "guard",
    "make_app",
    "read_body",
    "serve",
]

MAX_BODY = 20 * 1024 * 1024
"""The largest body the server reads, in bytes; more is answered with 413."""

_LOG = logging.getLogger("postman_async.emulator")
_KEPT_REQUESTS = 100_000


class LoggedRequest(NamedTuple):
    """One request the server received: method, path without the query, operation or None."""

    method: str
    path: str
    operation: str | None


@dataclass
class Service:
    """What all handlers share."""

    store: Store
    runs: Runs
    api_key: str
    default_workspace: str = ""
    requests: deque[LoggedRequest] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))
    api_calls: int = 0


SERVICE: web.AppKey[Service] = web.AppKey("service", Service)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation.

    Attributes:
        service: what all handlers share.
        params: the path parameters.
        query: the query parameters.
        raw: the body as it came.
        content_type: the header that tells what the body is.
        origin: how the caller reached the server, ``http://127.0.0.1:PORT``.
    """

    service: Service
    params: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    content_type: str = ""
    origin: str = ""

    @property
    def store(self) -> Store:
        """The database."""
        return self.service.store

    def body(self) -> Any:
        """Return the JSON body; malformedRequestError if it is none."""
        return validation.parse(self.raw)

    def find(self, kind: str, reference: object, item: str | None = None) -> Entity:
        """Return the entity a uid or bare id names; instanceNotFoundError if there is none."""
        entity_id = bare_id(reference)
        entity = None if entity_id is None else self.store.find(kind, entity_id)
        if entity is None:
            raise not_found(item or kind.removesuffix("s"), reference)
        return entity

    def target(self, kind: str) -> Entity:
        """Return the entity that the path names."""
        (reference,) = self.params.values()
        return self.find(kind, reference)

    def workspace(self) -> str | None:
        """Return the id of the workspace in the query; None when there is none."""
        reference = self.query.get("workspace")
        return None if reference is None else self.find("workspaces", reference).id

    def home(self) -> str:
        """Return the workspace something new goes to: the query's, or the default one."""
        return self.workspace() or self.service.default_workspace


Handler = Callable[[Call], Json | Awaitable[web.Response]]
"""A quick handler returns the body of a 200; one that waits returns a whole response."""


def answer(body: Any, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.Response(
        body=dumps(body).encode(), status=status, content_type="application/json", charset="utf-8"
    )


def serve(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make a web handler of an operation's handler: one that does not wait is one transaction."""

    async def served(request: web.Request) -> web.Response:
        service = request.app[SERVICE]
        raw = await read_body(request)
        call = Call(
            service,
            request.match_info,
            request.query,
            raw,
            content_type=request.headers.get("Content-Type", ""),
            origin=f"{request.scheme}://{request.host}",
        )
        if waits:
            pending: Any = handler(call)
            return cast("web.Response", await pending)
        return answer(_within_transaction(call, handler, write=request.method != "GET"))

    waits = inspect.iscoroutinefunction(handler)
    return served


def _within_transaction(call: Call, handler: Handler, *, write: bool) -> Any:
    with call.store.transaction(write=write):
        return handler(call)


async def read_body(request: web.Request) -> bytes:
    """Read the whole body, failing with the service's errors."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise plain_problem(413, f"The body is larger than {MAX_BODY} bytes.") from None
    except (web.RequestPayloadError, http_exceptions.HttpProcessingError):
        raise malformed("The body could not be read.") from None


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Log the request, check the key and turn every failure into the service's JSON."""
    service = request.app[SERVICE]
    operation = request.match_info.route.name
    service.requests.append(LoggedRequest(request.method, request.path, operation))
    try:
        if not request.path.startswith("/_"):  # those are no part of the API
            service.api_calls += 1
            _check_key(request, service.api_key)
        return await handler(request)
    except ServiceError as error:
        refusal = error
    except web.HTTPException as error:
        refusal = _refusal(error)
    except Exception:
        _LOG.exception("%s %s failed", request.method, request.path)
        refusal = server_error("The emulator failed; its log says why.")
    return answer(refusal.body, refusal.status)


def _check_key(request: web.Request, expected: str) -> None:
    given = request.headers.get("X-Api-Key") or request.query.get("apikey")
    if not given:
        raise unauthorized("No API key was sent. Every request needs one.")
    if not hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode()):
        raise unauthorized("The API key is not valid.")


def _refusal(error: web.HTTPException) -> ServiceError:
    if error.status == 405:
        return plain_problem(405, "The method is not allowed for this path.")
    if error.status == 404:
        return named(404, "notFound", "The requested resource was not found.")
    return plain_problem(error.status, error.reason)


def make_app(service: Service) -> web.Application:
    """Return the application: every operation under its id, and what is no part of the API."""
    from postman_async.emulator.echo import ECHO_ROUTES
    from postman_async.emulator.mock_server import MOCK_ROUTES
    from postman_async.emulator.routes import ROUTES
    from postman_async.emulator.webhook_server import WEBHOOK_ROUTES

    app = web.Application(middlewares=[guard], client_max_size=MAX_BODY)
    app[SERVICE] = service
    for operation, (method, path, handler) in ROUTES.items():
        app.router.add_resource(path, name=operation).add_route(method, serve(handler))
    for method, path, served in (*ECHO_ROUTES, *MOCK_ROUTES, *WEBHOOK_ROUTES):
        app.router.add_route(method, path, served)
    return app
