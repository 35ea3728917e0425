"""The middleware of every request: the emulator's world, the key, and errors as JSON.

The application is composed in `postman_async.emulator.app`, where the middleware of the controls
(request log, faults, limits) comes between these functions.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import ClientConnectionError, web

from postman_async.emulator.errors import (
    ServiceError,
    named,
    plain_problem,
    server_error,
    unauthorized,
)
from postman_async.emulator.exceptions import lacking
from postman_async.emulator.serving.call import SERVICE, answer
from postman_async.emulator.state.ids import within

__all__ = [
    "CONTROL_PREFIX",
    "Handler",
    "NoResponse",
    "answer_errors",
    "check_key",
    "enter_world",
    "failure_response",
    "is_api_call",
]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTROL_PREFIX = "/_emulator/"
"""The paths of the controls: they need the key, and are neither logged nor limited."""

_LOG = logging.getLogger("postman_async.emulator")
_OWN_PREFIX = "/_"  # no part of the API: collections call these paths without a key
_DISCONNECTED = (ConnectionError, ClientConnectionError)


class NoResponse(web.Response):
    """The response object for a connection that is gone; nothing is sent."""

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send nothing."""

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """Send nothing."""

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open: it does not."""
        return False


def is_api_call(request: web.Request) -> bool:
    """Return whether the path belongs to the API, known or unknown to it."""
    return not request.path.startswith(_OWN_PREFIX)


@web.middleware
async def enter_world(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request with the emulator's own clock and ids."""
    with within(request.app[SERVICE].world):
        return await handler(request)


@web.middleware
async def check_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a call of the API, or of the controls, without the right key."""
    service = request.app[SERVICE]
    if is_api_call(request):
        service.api_calls += 1
        _check_key(request, service.api_key)
    elif request.path.startswith(CONTROL_PREFIX):
        _check_key(request, service.api_key)
    return await handler(request)


def _check_key(request: web.Request, expected: str) -> None:
    given = request.headers.get("X-Api-Key") or request.query.get("apikey")
    if not given:
        raise unauthorized("No API key was sent. Every request needs one.")
    if not hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode()):
        raise unauthorized("The API key is not valid.")


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request; every error becomes the service's JSON."""
    try:
        return await handler(request)
    except ServiceError as error:
        return _error_response(error)
    except web.HTTPException as error:
        return _error_response(_http_error(error))
    except ModuleNotFoundError as error:
        return _error_response(server_error(str(lacking(error)), 503))
    except Exception as error:
        return failure_response(request, error)


def failure_response(request: web.Request, error: Exception) -> web.StreamResponse:
    """Return the answer to a request that failed; `NoResponse` if the client has disconnected."""
    transport = request.transport
    if isinstance(error, _DISCONNECTED) and (transport is None or transport.is_closing()):
        _LOG.debug("%s %s: the client disconnected too early", request.method, request.path)
        return NoResponse()
    _LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    return _error_response(server_error("The emulator failed; its log says why."))


def _error_response(error: ServiceError) -> web.Response:
    response = answer(error.body, error.status)
    response.headers.update(error.headers)
    return response


def _http_error(error: web.HTTPException) -> ServiceError:
    if error.status == 405:
        refused = plain_problem(405, "The method is not allowed for this path.")
        refused.headers["Allow"] = error.headers.get("Allow", "")
        return refused
    if error.status == 404:
        return named(404, "notFound", "The requested resource was not found.")
    return plain_problem(error.status, error.reason)
