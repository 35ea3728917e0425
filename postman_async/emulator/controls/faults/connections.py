"""Connections that end or stand still at a stage of the request, or before its TLS handshake.

The stages are:

``arrival``
    the head of the request has arrived, its body is not read;
``read``
    the request is read, and the operation is not carried out;
``done``
    the operation is carried out, and nothing is answered;
``body``
    the operation is carried out, and half of the answer's body is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Literal, TypeAlias

from aiohttp import web
from attrs import frozen

from postman_async.emulator.arguments import checked
from postman_async.emulator.controls.faults.base import (
    Fault,
    Proceed,
    end,
    is_connected,
    maker,
    read,
    wait_seconds,
)
from postman_async.emulator.controls.faults.bodies import body_of, with_same_head
from postman_async.emulator.serving.call import SERVICE
from postman_async.emulator.serving.listener import Admission
from postman_async.emulator.serving.middleware import NoResponse

__all__ = [
    "Break",
    "SlowTls",
    "Stage",
    "Stall",
    "cut_body",
    "hang_up",
    "reset_connection",
    "slow_tls",
    "stall",
]

Stage: TypeAlias = Literal["arrival", "read", "done", "body"]


@frozen(kw_only=True)
class Break(Fault):
    """The connection ends, by a TCP reset or in good order.

    Attributes:
        stage: the stage at which it ends.
        reset: whether it ends by a reset.
    """

    of_connections: ClassVar[bool] = True

    stage: Stage
    reset: bool

    def admission(self) -> Admission:
        """End the connection before its first byte."""
        return Admission(end=True, reset=self.reset)

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        """End the connection at the stage."""
        return await _at_stage(self.stage, request, proceed, lambda: end(request, reset=self.reset))


@frozen(kw_only=True)
class Stall(Fault):
    """Nothing happens for some time, and then all goes on.

    Attributes:
        stage: the stage at which nothing happens.
        seconds: how long, by the emulator's clock.
    """

    stage: Stage
    seconds: float

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        """Wait at the stage."""
        clock = request.app[SERVICE].world.clock
        return await _at_stage(self.stage, request, proceed, lambda: clock.sleep(self.seconds))


@frozen(kw_only=True)
class SlowTls(Fault):
    """A new connection waits before its TLS handshake.

    Attributes:
        seconds: how long, by the emulator's clock.
    """

    of_requests: ClassVar[bool] = False
    of_connections: ClassVar[bool] = True

    seconds: float

    def admission(self) -> Admission:
        """Delay the connection."""
        return Admission(delay=self.seconds)


async def _at_stage(
    stage: Stage, request: web.Request, proceed: Proceed, act: Callable[[], Awaitable[None]]
) -> web.StreamResponse:
    """Do something when a request has come to a stage; go on if the client is still connected."""
    if stage == "arrival":
        await act()
        return await proceed() if is_connected(request) else NoResponse()
    await read(request)
    if stage == "read":
        await act()
        return await proceed() if is_connected(request) else NoResponse()
    made = await proceed()
    if stage == "done":
        await act()
        return made if is_connected(request) else NoResponse()
    return await _send_in_halves(made, request, act)


async def _send_in_halves(
    made: web.StreamResponse, request: web.Request, act: Callable[[], Awaitable[None]]
) -> web.StreamResponse:
    body = body_of(made)
    half = len(body) // 2
    sent = with_same_head(made, len(body))
    await sent.prepare(request)
    await sent.write(body[:half])
    await act()
    if is_connected(request):
        await sent.write(body[half:])
    return sent


@maker
@checked
def reset_connection(at: Stage = "read") -> Fault:
    """Reset the TCP connection (RST) at a stage."""
    return Break(name=f"reset_connection({at!r})", stage=at, reset=True)


@maker
@checked
def hang_up(at: Stage = "read") -> Fault:
    """Close the connection in good order (FIN) at a stage; no further byte is sent."""
    return Break(name=f"hang_up({at!r})", stage=at, reset=False)


@maker
def cut_body() -> Fault:
    """Carry the operation out, send half of the body, and close the connection."""
    return Break(name="cut_body()", stage="body", reset=False)


@maker
@checked
def stall(seconds: float, at: Stage = "read") -> Fault:
    """Send nothing for so many seconds at a stage, then go on."""
    return Stall(name=f"stall({seconds:g}, {at!r})", stage=at, seconds=wait_seconds(seconds))


@maker
@checked
def slow_tls(seconds: float) -> Fault:
    """Let a new connection wait before its TLS handshake: ``faults.on("connect", …)``."""
    return SlowTls(name=f"slow_tls({seconds:g})", seconds=wait_seconds(seconds))
