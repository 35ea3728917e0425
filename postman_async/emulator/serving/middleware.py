"""What every request passes on its way: log, faults, key and limits; and errors as JSON."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import ClientConnectionError, web

from postman_async.emulator.controls.fault_injection import Nothing, inject
from postman_async.emulator.controls.faults import Fault
from postman_async.emulator.controls.request_log import LoggedRequest
from postman_async.emulator.errors import (
    ServiceError,
    named,
    plain_problem,
    server_error,
    unauthorized,
)
from postman_async.emulator.exceptions import lacking
from postman_async.emulator.serving.call import SERVICE, Service, answer
from postman_async.emulator.state.ids import within

__all__ = ["guard"]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOG = logging.getLogger("postman_async.emulator")
_OWN = "/_"  # is no part of the API and asks for no key: collections call it
_GONE = (ConnectionError, ClientConnectionError)  # what reading or writing then raises
_CONTROL = "/_emulator/"  # is the test's own hand: it asks for the key, and nothing else


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log a request, let it meet its fault, and answer it in the emulator's world."""
    service = request.app[SERVICE]
    if request.path.startswith(_CONTROL):
        with within(service.world):
            return await _answered(request, handler)
    operation = request.match_info.route.name
    entry = LoggedRequest(request.method, request.path, operation)
    service.requests.add(entry)
    fault = None if operation is None else service.faults.next(operation)
    with within(service.world):
        if fault is None:
            response = await _answered(request, handler)
        else:
            entry.fault = str(fault)
            response = await _injected(fault, request, handler)
    if not isinstance(response, Nothing):
        entry.status = response.status
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request; every failure becomes the service's JSON."""
    told: dict[str, str] = {}
    try:
        told = _admit(request, request.app[SERVICE])
        response = await handler(request)
        response.headers.update(told)
        return response
    except ServiceError as error:
        refusal = error
    except web.HTTPException as error:
        refusal = _refusal(error)
    except ModuleNotFoundError as error:
        refusal = server_error(str(lacking(error)), 503)
    except Exception as error:
        failed = _failed(request, error)
        failed.headers.update(told)
        return failed
    refused = answer(refusal.body, refusal.status)
    refused.headers.update(told | refusal.headers)
    return refused


async def _injected(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request meet its fault; one that cannot happen is answered as any failure is."""
    try:
        return await inject(fault, request, lambda: _answered(request, handler))
    except Exception as error:
        return _failed(request, error)


def _failed(request: web.Request, error: Exception) -> web.StreamResponse:
    """Return the answer to a request that failed: none where the client itself has gone."""
    if isinstance(error, _GONE) and (request.transport is None or request.transport.is_closing()):
        _LOG.debug("%s %s: the client has gone before its end", request.method, request.path)
        return Nothing()
    _LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    refusal = server_error("The emulator failed; its log says why.")
    return answer(refusal.body, refusal.status)


def _admit(request: web.Request, service: Service) -> dict[str, str]:
    """Check key and limits; return the headers that tell what is left of these."""
    if request.path.startswith(_CONTROL):
        _check_key(request, service.api_key)
        return {}
    if request.path.startswith(_OWN):
        return {}
    service.api_calls += 1
    _check_key(request, service.api_key)
    return service.limiter.admit(request.match_info.route.name)


def _check_key(request: web.Request, expected: str) -> None:
    given = request.headers.get("X-Api-Key") or request.query.get("apikey")
    if not given:
        raise unauthorized("No API key was sent. Every request needs one.")
    if not hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode()):
        raise unauthorized("The API key is not valid.")


def _refusal(error: web.HTTPException) -> ServiceError:
    if error.status == 405:
        refused = plain_problem(405, "The method is not allowed for this path.")
        refused.headers["Allow"] = error.headers.get("Allow", "")
        return refused
    if error.status == 404:
        return named(404, "notFound", "The requested resource was not found.")
    return plain_problem(error.status, error.reason)
