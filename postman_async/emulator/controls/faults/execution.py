"""Operations that are carried out in another way, or as usual."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from aiohttp import web
from attrs import frozen

from postman_async.emulator.controls.faults.base import Fault, Proceed, maker, read
from postman_async.emulator.serving.call import ACCEPT_RUNS

__all__ = ["Ok", "Trigger", "accepted", "ok", "twice"]


@frozen(kw_only=True)
class Ok(Fault):
    """Nothing goes wrong: the request, or the connection, is served as usual."""

    of_connections: ClassVar[bool] = True


@frozen(kw_only=True)
class Trigger(Fault):
    """The operation is carried out in another way.

    Attributes:
        executions: how often it is carried out.
        accepted: whether a run is answered with 202 while it goes on.
    """

    executions: int = 1
    accepted: bool = False

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        """Carry the operation out, as often as that is wanted."""
        ACCEPT_RUNS.set(self.accepted)  # for this request: each has a context of its own
        await read(request)
        first, *_ = await asyncio.gather(*(proceed() for _ in range(self.executions)))
        return first


@maker
def ok() -> Fault:
    """Nothing goes wrong: for the places of a script where all is well."""
    return Ok(name="ok()")


@maker
def accepted() -> Fault:
    """Begin a run and answer at once with 202, as for one that takes more than 300 s."""
    return Trigger(name="accepted()", accepted=True)


@maker
def twice() -> Fault:
    """Carry the operation out two times, as when a proxy repeats a request."""
    return Trigger(name="twice()", executions=2)
