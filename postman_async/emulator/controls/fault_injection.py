"""What a fault does to the request that meets it, down to the socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from aiohttp import web

from postman_async.emulator.controls.faults import (
    Alter,
    Answer,
    Break,
    Drip,
    Fault,
    Place,
    SlowTls,
    Stall,
    Trigger,
)
from postman_async.emulator.errors import ServiceError
from postman_async.emulator.serving.call import HURRIED, SERVICE, answer, read_body
from postman_async.emulator.serving.headers import retry_after
from postman_async.emulator.serving.listener import Admission, end_connection
from postman_async.emulator.serving.middleware import NoResponse

__all__ = ["Proceed", "admission", "inject"]

Proceed: TypeAlias = Callable[[], Awaitable[web.StreamResponse]]
"""Carries the operation out, as if there were no fault, and returns its answer."""

_REPLACED = ("Content-Length", "Content-Type", "Transfer-Encoding")


async def inject(fault: Fault, request: web.Request, proceed: Proceed) -> web.StreamResponse:
    """Let a request meet a fault; the answer returned may already be on the wire, or never be.

    Args:
        fault: what goes wrong.
        request: its head was read.
        proceed: carries the operation out.
    """
    act = _ACTIONS.get(type(fault))
    return await (proceed() if act is None else act(fault, request, proceed))


def admission(fault: Fault | None) -> Admission | None:
    """Return how a new connection that meets a fault is admitted."""
    if isinstance(fault, Break):
        return Admission(end=True, reset=fault.reset)
    if isinstance(fault, SlowTls):
        return Admission(delay=fault.seconds)
    return None if fault is None else Admission()


# -- answers of the test's own ----------------------------------------------------------------


async def _answer(fault: Answer, request: web.Request, proceed: Proceed) -> web.StreamResponse:
    await _read(request)
    if isinstance(fault.body, str):
        made = web.Response(body=_encoded(fault.body), status=fault.status)
        made.headers["Content-Type"] = "text/plain; charset=utf-8"
    else:
        made = answer(fault.body, fault.status)
    made.headers.update(fault.headers)
    if fault.retry_after is not None:
        now = request.app[SERVICE].world.clock.now()
        made.headers[fault.spelling] = retry_after(now, fault.retry_after, date=fault.date)
    return made


async def _trigger(fault: Trigger, request: web.Request, proceed: Proceed) -> web.StreamResponse:
    HURRIED.set(fault.accepted)  # for this request: each has a context of its own
    await _read(request)
    first, *_ = await asyncio.gather(*(proceed() for _ in range(fault.executions)))
    return first


# -- connections that end or stand still ------------------------------------------------------


async def _break(fault: Break, request: web.Request, proceed: Proceed) -> web.StreamResponse:
    return await _reach(fault.at, request, proceed, lambda: _end(request, reset=fault.reset))


async def _stall(fault: Stall, request: web.Request, proceed: Proceed) -> web.StreamResponse:
    clock = request.app[SERVICE].world.clock
    return await _reach(fault.at, request, proceed, lambda: clock.sleep(fault.seconds))


async def _reach(
    place: Place, request: web.Request, proceed: Proceed, act: Callable[[], Awaitable[None]]
) -> web.StreamResponse:
    """Do something when a request has come to a place; go on if it is still there then."""
    if place == "arrival":
        await act()
        return await proceed() if _connected(request) else NoResponse()
    await _read(request)
    if place == "read":
        await act()
        return await proceed() if _connected(request) else NoResponse()
    made = await proceed()
    if place == "done":
        await act()
        return made if _connected(request) else NoResponse()
    return await _send_in_halves(made, request, act)


async def _send_in_halves(
    made: web.StreamResponse, request: web.Request, act: Callable[[], Awaitable[None]]
) -> web.StreamResponse:
    body = _body(made)
    half = len(body) // 2
    sent = _begun(made, len(body))
    await sent.prepare(request)
    await sent.write(body[:half])
    await act()
    if _connected(request):
        await sent.write(body[half:])
    return sent


async def _end(request: web.Request, *, reset: bool) -> None:
    if request.transport is not None:
        end_connection(request.transport, reset=reset)
        await asyncio.sleep(0)  # the loop closes it in its next turn


# -- answers that are spoilt on their way -----------------------------------------------------


async def _drip(fault: Drip, request: web.Request, proceed: Proceed) -> web.StreamResponse:
    clock = request.app[SERVICE].world.clock
    made = await proceed()
    body = _body(made)
    sent = _begun(made, len(body))
    await sent.prepare(request)
    for start in range(0, len(body), fault.size):
        await clock.sleep(fault.seconds)
        await sent.write(body[start : start + fault.size])
    return sent


async def _alter(fault: Alter, request: web.Request, proceed: Proceed) -> web.StreamResponse:
    made = await proceed()
    body = _body(made) if fault.body is None else _encoded(fault.body)
    if fault.cut:
        body = body[: len(body) // 2]
    if fault.lie:
        return await _lie(made, body, len(body) + fault.lie, request)
    changed = web.Response(body=body, status=made.status, headers=_kept(made))
    changed.content_type = fault.content_type or made.content_type
    return changed


async def _lie(
    made: web.StreamResponse, body: bytes, length: int, request: web.Request
) -> web.StreamResponse:
    """Tell a length that is not the body's; by hand, since the server would keep to it."""
    headers = {**_kept(made), "Content-Type": made.content_type, "Content-Length": str(length)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    first = f"HTTP/1.1 {made.status} {HTTPStatus(made.status).phrase}\r\n"
    assert request.transport is not None
    request.transport.write(f"{first}{lines}\r\n".encode() + body)
    await _end(request, reset=False)
    return NoResponse(status=made.status)


def _begun(made: web.StreamResponse, length: int) -> web.StreamResponse:
    """Return an answer with the same head, whose body is sent piece by piece."""
    begun = web.StreamResponse(status=made.status, headers=_kept(made))
    begun.content_type = made.content_type
    begun.content_length = length
    return begun


def _kept(made: web.StreamResponse) -> dict[str, str]:
    return {name: value for name, value in made.headers.items() if name not in _REPLACED}


def _encoded(text: str) -> bytes:
    """Return a text as UTF-8, with half a surrogate pair as JSON can bring it."""
    return text.encode(errors="surrogatepass")


def _body(made: web.StreamResponse) -> bytes:
    body: Any = made.body if isinstance(made, web.Response) else b""
    return body if isinstance(body, bytes) else b""


# -- small things -----------------------------------------------------------------------------


async def _read(request: web.Request) -> None:
    """Read the whole request; one that cannot be read is refused where it is carried out."""
    with contextlib.suppress(ServiceError):
        await read_body(request)


def _connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


_Action: TypeAlias = Callable[[Any, web.Request, Proceed], Awaitable[web.StreamResponse]]
_ACTIONS: dict[type[Fault], _Action] = {
    Answer: _answer,
    Trigger: _trigger,
    Break: _break,
    Stall: _stall,
    Drip: _drip,
    Alter: _alter,
}
