"""The base of all faults, and the registry of what a script can name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeAlias, TypeVar

from aiohttp import web
from attrs import frozen

from postman_async.emulator.errors import ServiceError
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.serving.call import read_body
from postman_async.emulator.serving.listener import Admission, end_connection

__all__ = [
    "LONGEST_WAIT",
    "MAKERS",
    "Fault",
    "Proceed",
    "end",
    "fault_of",
    "is_connected",
    "maker",
    "read",
    "wait_seconds",
]

LONGEST_WAIT = 1e9
"""Thirty years in seconds: a moment that far off can still be written."""

Proceed: TypeAlias = Callable[[], Awaitable[web.StreamResponse]]
"""Carries the operation out, as if there were no fault, and returns its answer."""


@frozen(kw_only=True)
class Fault:
    """One thing that goes wrong with one request, or with one new connection.

    Attributes:
        name: how the fault was written, for instance ``stall(2, 'read')``.
        of_requests: whether requests can meet it.
        of_connections: whether new connections can meet it.
    """

    of_requests: ClassVar[bool] = True
    of_connections: ClassVar[bool] = False

    name: str = ""

    def __str__(self) -> str:
        """Return the name."""
        return self.name or f"{type(self).__name__}()"

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        """Answer a request that meets the fault.

        Args:
            request: the request; its head was read.
            proceed: carries the operation out.

        Returns:
            The answer, which may be on the wire already; `NoResponse` if none is sent.
        """
        return await proceed()

    def admission(self) -> Admission:
        """Return how a new connection that meets the fault is admitted."""
        return Admission()


# -- the registry -----------------------------------------------------------------------------

M = TypeVar("M", bound=Callable[..., Fault])

MAKERS: dict[str, Callable[..., Fault]] = {}
"""The functions and classes that make a fault, by the names that JSON has for them."""


def maker(function: M) -> M:
    """Register a function, or a class of faults, under its name."""
    MAKERS[function.__name__] = function
    return function


def fault_of(value: Any) -> Fault:
    """Return the fault that JSON describes: ``"ok"``, or ``{"fault": "stall", "seconds": 2}``.

    Raises:
        EmulatorError: no fault has this name, or it takes other arguments.
    """
    given = {"fault": value} if isinstance(value, str) else value
    name = given.get("fault") if isinstance(given, dict) else None
    if not isinstance(name, str) or name not in MAKERS:
        known = ", ".join(sorted(MAKERS))
        raise EmulatorError(f"a fault is one of {known}, not {repr(value)[:100]}")
    arguments = {key: argument for key, argument in given.items() if key != "fault"}
    try:
        return MAKERS[name](**arguments)
    except (TypeError, ValueError, EmulatorError) as error:
        raise EmulatorError(f"the fault {name!r}: {error}") from None


# -- what several faults need -----------------------------------------------------------------


def wait_seconds(seconds: float) -> float:
    """Return a number of seconds to wait, if it is one; EmulatorError otherwise."""
    if not 0 <= seconds <= LONGEST_WAIT:
        raise EmulatorError(f"seconds is from 0 to {LONGEST_WAIT:g}, not {seconds!r}")
    return seconds


async def read(request: web.Request) -> None:
    """Read the whole request; one that cannot be read is refused where it is carried out."""
    with contextlib.suppress(ServiceError):
        await read_body(request)


async def end(request: web.Request, *, reset: bool) -> None:
    """End the connection of a request."""
    if request.transport is not None:
        end_connection(request.transport, reset=reset)
        await asyncio.sleep(0)  # the loop closes it in its next turn


def is_connected(request: web.Request) -> bool:
    """Return whether the client can still be answered."""
    return request.transport is not None and not request.transport.is_closing()
