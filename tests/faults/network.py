"""The name look-up and the connecting, as the loop does them: here they fail on request.

What fails there fails in the kernel or in a thread, which no server can play.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from attrs import define, field

from tests.faults.fault import Fault, Stage

__all__ = ["Network"]

PATIENCE = 15.0
"""Seconds until the system itself gives up: longer than a client waits for a connection."""


@define
class Network:
    """Replaces two methods of a loop.

    Attributes:
        fault: what fails now, if anything does.
        failures: how often it has failed.

    """

    loop: asyncio.AbstractEventLoop
    fault: Fault | None = None
    failures: int = 0
    _connect: Any = field(default=None)

    def install(self) -> None:
        """Replace the methods; the loop is one of the tests' own, and ends with them."""
        self._connect = self.loop.sock_connect
        self.loop.getaddrinfo = self.look_up  # type: ignore[method-assign]
        self.loop.sock_connect = self.connect  # type: ignore[method-assign]

    async def look_up(self, host: Any, port: Any, **_: Any) -> list[Any]:
        """Find this machine under every name, without a thread."""
        await self._fail(Stage.LOOKUP)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port or 0)))]

    async def connect(self, sock: socket.socket, address: Any) -> None:
        """Connect."""
        await self._fail(Stage.CONNECT)
        await self._connect(sock, address)

    async def _fail(self, stage: Stage) -> None:
        if self.fault is None or self.fault.stage is not stage:
            return
        self.failures += 1
        if self.fault.raises is not None:
            raise type(self.fault.raises)(*self.fault.raises.args)
        await asyncio.sleep(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")
