"""The middleware of the controls: the request log, scripted faults and limits."""

from __future__ import annotations

from aiohttp import web

from postman_async.emulator.controls.controls import CONTROLS
from postman_async.emulator.controls.request_log import LoggedRequest
from postman_async.emulator.serving.middleware import (
    CONTROL_PREFIX,
    Handler,
    NoResponse,
    answer_errors,
    failure_response,
    is_api_call,
)

__all__ = ["hold_limits", "log_request", "meet_fault"]

_ENTRY: web.RequestKey[LoggedRequest] = web.RequestKey("log entry", LoggedRequest)


@web.middleware
async def log_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log a request, and the status of its answer; calls of the controls are not logged."""
    if request.path.startswith(CONTROL_PREFIX):
        return await handler(request)
    entry = LoggedRequest(request.method, request.path, request.match_info.route.name)
    request[_ENTRY] = entry
    request.app[CONTROLS].requests.add(entry)
    response = await handler(request)
    if not isinstance(response, NoResponse):
        entry.status = response.status
    return response


@web.middleware
async def meet_fault(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request of an operation meet the next scripted fault, if there is one."""
    operation = request.match_info.route.name
    fault = None if operation is None else request.app[CONTROLS].faults.next(operation)
    if fault is None:
        return await handler(request)
    request[_ENTRY].fault = str(fault)
    try:
        return await fault.meet(request, lambda: handler(request))
    except Exception as error:
        return failure_response(request, error)


@web.middleware
async def hold_limits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count a call, refuse one too many, and write the headers of the limits."""
    if not is_api_call(request):
        return await handler(request)
    headers = request.app[CONTROLS].limiter.admit(request.match_info.route.name)
    response = await answer_errors(request, handler)  # an error has the headers of the limits too
    response.headers.update(headers)
    return response
