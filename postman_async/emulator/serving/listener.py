"""Listens on a port, and lets new connections meet their faults before their first byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from postman_async.emulator.controls.fault_injection import end_connection
from postman_async.emulator.controls.fault_script import CONNECT, Faults
from postman_async.emulator.controls.faults import Break, Fault, SlowTls
from postman_async.emulator.state.clock import Clock

__all__ = ["Listener"]

_BACKLOG = 1024  # hundreds of runs begin at once


class Listener:
    """The open port of an emulator.

    Args:
        serve: makes the protocol that serves one connection.
        faults: what new connections meet.
        clock: what their waits are measured by.
        tls: the server's context; None speaks plain http.
    """

    def __init__(
        self,
        serve: Callable[[], asyncio.BaseProtocol],
        faults: Faults,
        clock: Clock,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._serve = serve
        self._faults = faults
        self._clock = clock
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Begin to listen; OSError if the port cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port, backlog=_BACKLOG)

    @property
    def port(self) -> int | None:
        """The port it listens on; None while it does not."""
        if self._server is None or not self._server.sockets:
            return None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Listen no more, and end the connections that still wait to be let in."""
        if self._server is not None:
            self._server.close()
        waiting = list(self._tasks)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _accept(self) -> asyncio.BaseProtocol:
        """Return what serves a new connection: usually the server itself, at once."""
        fault = self._faults.next(CONNECT)
        if fault is None and self._tls is None:
            return self._serve()
        return _Gate(self, fault)

    def admit(self, gate: _Gate, transport: asyncio.Transport) -> None:
        """Let the connection of a gate in, when it has met its fault."""
        if isinstance(gate.fault, Break):
            end_connection(transport, reset=gate.fault.reset)
            return
        task = asyncio.create_task(self._let_in(gate, transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_in(self, gate: _Gate, transport: asyncio.Transport) -> None:
        try:
            await self._open(gate, transport)
        except OSError:
            transport.abort()  # a client that trusts nobody, or has gone, is not our trouble
        except asyncio.CancelledError:
            transport.abort()
            raise

    async def _open(self, gate: _Gate, transport: asyncio.Transport) -> None:
        if isinstance(gate.fault, SlowTls):
            await self._clock.sleep(gate.fault.seconds)
        if self._tls is None:
            gate.hand_over(transport, self._serve())
            transport.resume_reading()
            return
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(transport, gate, self._tls, server_side=True)
        assert secured is not None
        gate.hand_over(secured, self._serve())


class _Gate(asyncio.Protocol):
    """Stands before the server while a connection waits, and keeps what arrives meanwhile."""

    def __init__(self, listener: Listener, fault: Fault | None) -> None:
        self.fault = fault
        self._listener = listener
        self._arrived = bytearray()
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hold the connection."""
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._listener.admit(self, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came together with the end of the handshake."""
        self._arrived += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that there is nobody to serve."""
        self._lost = True

    def hand_over(self, transport: asyncio.Transport, server: asyncio.BaseProtocol) -> None:
        """Give the connection, and what has arrived, to the server."""
        if self._lost or transport.is_closing():
            transport.abort()
            return
        transport.set_protocol(server)
        server.connection_made(transport)
        if self._arrived:
            assert isinstance(server, asyncio.Protocol)
            server.data_received(bytes(self._arrived))
