"""The call object that handlers receive, and how they are called."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, cast

from aiohttp import http_exceptions, web
from attrs import define, frozen

from postman_async.emulator.errors import malformed, not_found, plain_problem
from postman_async.emulator.runs.lifecycle import Runs
from postman_async.emulator.serving.bodies import BodyCheck
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import World, bare_id
from postman_async.emulator.state.store import Entity, Json, Store, dumps

__all__ = [
    "ACCEPT_RUNS",
    "MAX_BODY",
    "SERVICE",
    "SLASH",
    "Call",
    "Handler",
    "Service",
    "answer",
    "read_body",
    "serve",
]

MAX_BODY = 20 * 1024 * 1024
"""The largest body the server reads, in bytes; more is answered with 413."""

SLASH = "slash"
"""The part of a path that is the slash at its end, or nothing."""

ACCEPT_RUNS: ContextVar[bool] = ContextVar("accept_runs", default=False)
"""Whether the run that a request begins is to be answered with 202 at once."""


def _unlimited() -> int | None:
    return None


@define(eq=False)
class Service:
    """The state that all handlers of one emulator share.

    Attributes:
        store: the database.
        runs: the runs of the monitors.
        api_key: the key that requests need.
        world: the clock and the source of ids.
        monthly_limit: returns how many calls a month allows; None for any number.
        default_workspace: the id of the workspace for what names no other.
        api_calls: the number of calls since the start.
    """

    store: Store
    runs: Runs
    api_key: str
    world: World
    monthly_limit: Callable[[], int | None] = _unlimited
    default_workspace: str = ""
    api_calls: int = 0


SERVICE: web.AppKey[Service] = web.AppKey("service", Service)


@frozen
class Call:
    """One call of an operation.

    Attributes:
        service: what all handlers share.
        params: the path parameters.
        query: the query parameters.
        raw: the body as it came.
        content_type: the ``Content-Type`` header.
        prefer: the ``Prefer`` header, for instance ``respond-async``.
        origin: how the caller reached the server, ``http://127.0.0.1:PORT``.
        accepted: whether a run is to be answered with 202 at once.
        checked: the JSON body, if it was checked against the specification.
    """

    service: Service
    params: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    content_type: str = ""
    prefer: str = ""
    origin: str = ""
    accepted: bool = False
    checked: Any = None

    @property
    def store(self) -> Store:
        """The database."""
        return self.service.store

    def body(self) -> Any:
        """Return the JSON body; malformedRequestError if it is not JSON."""
        return validation.parse(self.raw) if self.checked is None else self.checked

    def fields(self, wrapper: str) -> Json:
        """Return the object under a key of the body, which was checked to be there."""
        found: Json = self.checked[wrapper]
        return found

    def find(self, kind: str, reference: object, item: str | None = None) -> Entity:
        """Return the entity that a uid or bare id names; instanceNotFoundError if none has it."""
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
        """Return the id of the workspace in the query; None without one."""
        reference = self.query.get("workspace")
        return None if reference is None else self.find("workspaces", reference).id

    def listed(self, kind: str) -> list[Entity]:
        """Return all of a kind; with ``workspace`` in the query, those of that workspace.

        A workspace that there is not has nothing in it: lists of collections and of mock servers
        are documented with no error for it.
        """
        reference = self.query.get("workspace")
        return self.store.all(kind, None if reference is None else bare_id(reference) or "")

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


def serve(
    handler: Handler, check: BodyCheck | None
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make a web handler of an operation's handler: one that does not wait is one transaction.

    Args:
        handler: the operation's handler.
        check: the check of the body before the handler is called; None for no check.
    """

    async def served(request: web.Request) -> web.Response:
        service = request.app[SERVICE]
        raw = await read_body(request)
        call = Call(
            service,
            {name: value for name, value in request.match_info.items() if name != SLASH},
            request.query,
            raw,
            content_type=request.headers.get("Content-Type", ""),
            prefer=",".join(request.headers.getall("Prefer", ())),
            origin=f"{request.scheme}://{request.host}",
            accepted=ACCEPT_RUNS.get(),
            checked=None if check is None else check.read(raw),
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
