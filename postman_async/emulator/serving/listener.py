"""The open port: accepts connections, and holds or ends some before their first byte."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from attrs import frozen

from postman_async.emulator.state.clock import Clock

__all__ = ["Admission", "Admit", "Listener", "end_connection"]

_LOG = logging.getLogger("postman_async.emulator")
_BACKLOG = 1024  # hundreds of runs begin at once
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # localhost, on a machine without IPv6
_PAUSE = 0.1
_LINGER_OFF = struct.pack("ii", 1, 0)  # closing discards what was not sent, and sends RST


@frozen(kw_only=True)
class Admission:
    """How a new connection is admitted.

    Attributes:
        delay: the seconds before the TLS handshake, or before the first byte is read.
        end: whether the connection is ended instead.
        reset: whether it ends by a TCP reset (RST) rather than in good order (FIN).
    """

    delay: float = 0.0
    end: bool = False
    reset: bool = False


Admit: TypeAlias = Callable[[], Admission | None]
"""Called for each new connection; None admits it at once."""


class Listener:
    """The open port of an emulator.

    Args:
        serve: makes the protocol that serves one connection.
        admit: decides how a new connection is admitted.
        clock: the clock that delays are measured by.
        tls: the server's context; None speaks plain http.
    """

    def __init__(
        self,
        serve: Callable[[], asyncio.BaseProtocol],
        admit: Admit,
        clock: Clock,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._serve = serve
        self._admit = admit
        self._clock = clock
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []
        self._exhausted = False

    async def open(self, host: str, port: int) -> None:
        """Begin to listen; OSError if the port cannot be had."""
        # A server of the loop logs every connection that there is no file for, a thousand times
        # a second: so connections are accepted here.
        self._sockets = await _listening(host, port)
        for each in self._sockets:
            self._keep(self._accept_all(each))

    @property
    def port(self) -> int | None:
        """The port it listens on; None while it does not."""
        if not self._sockets:
            return None
        port: int = self._sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Listen no more, and end the connections that still wait to be let in."""
        waiting = list(self._tasks)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for each in self._sockets:
            each.close()
        self._sockets = []

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept_all(self, listening: socket.socket) -> None:
        """Serve every connection to a socket, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:
                await self._pause(error)
            else:
                self._keep(self._connect(connection))

    async def _pause(self, error: OSError) -> None:
        """Wait until there may be a file again; that there was none is said once."""
        if error.errno not in _EXHAUSTED:
            return  # a client that has gone before it was accepted
        if not self._exhausted:
            self._exhausted = True
            _LOG.error(
                "no connection can be accepted: %s; they wait until others end"
                " (the limit of open files is raised with ulimit -n)",
                error.strerror,
            )
        await asyncio.sleep(_PAUSE)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._accept, connection)
        except OSError:
            connection.close()  # the client has gone

    def _accept(self) -> asyncio.BaseProtocol:
        """Return the protocol of a new connection: usually the server's own, at once."""
        admission = self._admit()
        if admission is None and self._tls is None:
            return self._serve()
        return _Gate(self, admission or Admission())

    def pass_gate(self, gate: _Gate, transport: asyncio.Transport) -> None:
        """Admit the connection of a gate, or end it."""
        if gate.admission.end:
            end_connection(transport, reset=gate.admission.reset)
            return
        self._keep(self._let_in(gate, transport))

    async def _let_in(self, gate: _Gate, transport: asyncio.Transport) -> None:
        try:
            await self._open(gate, transport)
        except OSError:
            transport.abort()  # the client does not trust the certificate, or has gone
        except asyncio.CancelledError:
            transport.abort()
            raise

    async def _open(self, gate: _Gate, transport: asyncio.Transport) -> None:
        if gate.admission.delay:
            await self._clock.sleep(gate.admission.delay)
        if self._tls is None:
            gate.hand_over(transport, self._serve())
            transport.resume_reading()
            return
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(transport, gate, self._tls, server_side=True)
        assert secured is not None
        gate.hand_over(secured, self._serve())


async def _listening(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of the host; OSError if the port cannot be had."""
    found: list[socket.socket] = []
    try:
        for family, address in await _addresses(host, port):
            try:
                found.append(socket.create_server(address, family=family, backlog=_BACKLOG))
            except OSError as error:
                if error.errno not in _NOT_HERE or not found:
                    raise
    except BaseException:
        for each in found:
            each.close()
        raise
    for each in found:
        each.setblocking(False)
    return found


async def _addresses(host: str, port: int) -> list[tuple[int, Any]]:
    """Return family and address of all that a host means; IPv4 first: it is everywhere."""
    loop, kind = asyncio.get_running_loop(), socket.SOCK_STREAM
    try:
        infos = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:  # it is a name, which may take a while
        infos = await loop.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
    return sorted({(family, address) for family, _, _, _, address in infos})


def end_connection(transport: asyncio.Transport, *, reset: bool) -> None:
    """End a connection: with RST and without what is still to be sent, or in good order."""
    if not reset:
        transport.close()
        return
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
    transport.abort()


def _discard(connection: Any) -> None:
    """Read what has arrived: to close a connection with unread bytes resets it."""
    # The socket objects of other event loops may have no working dup() (TypeError).
    with contextlib.suppress(OSError, TypeError), connection.dup() as own:
        own.setblocking(False)
        while own.recv(65536):
            pass


class _Gate(asyncio.Protocol):
    """Stands before the server while a connection waits, and keeps what arrives meanwhile."""

    def __init__(self, listener: Listener, admission: Admission) -> None:
        self.admission = admission
        self._socket: Any = None
        self._listener = listener
        self._arrived = bytearray()
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hold the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport.get_extra_info("socket")
        transport.pause_reading()
        self._listener.pass_gate(self, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came together with the end of the handshake."""
        self._arrived += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that the client has gone."""
        self._lost = True
        if self.admission.end and not self.admission.reset:
            _discard(self._socket)

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
