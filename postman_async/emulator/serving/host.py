"""The network side of an emulator: its address, port and certificate."""

from __future__ import annotations

import asyncio
import ipaddress
import warnings
from functools import partial
from typing import Any

from aiohttp import web

from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.serving.connection import Connection
from postman_async.emulator.serving.listener import Admit, Listener
from postman_async.emulator.serving.tls import Certificates, make_certificates
from postman_async.emulator.state.clock import Clock

__all__ = ["Host", "check_reach"]

_SHUTDOWN_SECONDS = 0.1


class Host:
    """The open address of an emulator.

    Args:
        address: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        tls: whether to speak https.
    """

    def __init__(self, address: str, port: int, *, tls: bool) -> None:
        self.tls = tls
        self._address = address
        self._wanted = port
        self._certificates: Certificates | None = None
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    async def open(self, app: web.Application, clock: Clock, admit: Admit) -> None:
        """Listen; OSError if the port cannot be had.

        Args:
            app: the application that answers.
            clock: the clock that delays of connections are measured by.
            admit: decides how a new connection is admitted.
        """
        if self.tls and self._certificates is None:
            self._certificates = make_certificates(self._address)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        options: dict[str, Any] = {"loop": asyncio.get_running_loop(), "access_log": None}
        serve = partial(Connection, server, **options)
        context = None if self._certificates is None else self._certificates.server
        listener = Listener(serve, admit, clock, context)
        await listener.open(self._address, self._wanted)
        self._listener = listener

    async def close(self) -> None:
        """End every connection; nothing happens if it is not open."""
        listener, self._listener = self._listener, None
        runner, self._runner = self._runner, None
        if listener is not None:
            await listener.close()
        if runner is not None:
            await runner.cleanup()

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._listener is not None

    @property
    def port(self) -> int:
        """The port it listens on; EmulatorError while it does not."""
        port = None if self._listener is None else self._listener.port
        if port is None:
            raise EmulatorError("the emulator does not run: start it first")
        return port

    @property
    def url(self) -> str:
        """The base URL."""
        address = f"[{self._address}]" if ":" in self._address else self._address
        return f"{'https' if self.tls else 'http'}://{address}:{self.port}"

    @property
    def certificates(self) -> Certificates:
        """The certificates for clients; EmulatorError without TLS."""
        if self._certificates is None:
            raise EmulatorError("it has no certificate: start a PostmanEmulator(tls=True) first")
        return self._certificates


def check_reach(address: str, api_key: str | None) -> None:
    """Warn where others can reach the port: who knows the key runs collections here.

    Raises:
        EmulatorError: no key was given, so that this cannot be on purpose.
    """
    if _is_loopback(address):
        return
    if api_key is None:
        raise EmulatorError(f"to listen on {address}, which others can reach, give it an api_key")
    message = f"the emulator listens on {address}: others can run collections with your network"
    warnings.warn(message, stacklevel=3)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
