"""A server that plays faults over real sockets: protocols of asyncio, and nothing of aiohttp.

It answers every request well, but for those that the fault strikes that it is armed with.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from tests.faults.fault import Fault, Good, Stage
from tests.faults.service import Service, find
from tests.faults.wire import FIN, RESET, STALL, Drip, Pause, Step, answer

__all__ = ["FaultServer", "Request"]

Strikes = Callable[[str, str], bool]
"""Tells by method and path whether a request is one that the fault strikes."""


@frozen
class Request:
    """A request of which at least the first line came."""

    method: str
    path: str


@define
class FaultServer:
    """The server, with a port for plain HTTP and one for TLS.

    Attributes:
        service: makes its good answers.
        certificates: the TLS contexts by the name of their certificate; there is one ``good``.
        requests: what came, in order.
        connections: how many connections were made.
        peers: the connections that are open.

    """

    service: Service
    certificates: Mapping[str, ssl.SSLContext]
    requests: list[Request] = field(factory=list)
    connections: int = 0
    peers: set[Peer] = field(factory=set)
    tasks: set[asyncio.Task[None]] = field(factory=set)
    plain_port: int = 0
    tls_port: int = 0
    fault: Fault | None = None
    strikes: Strikes = field(default=lambda method, path: False)
    _listening: list[asyncio.Server] = field(factory=list)

    async def start(self) -> None:
        """Listen on two free ports of this machine."""
        loop = asyncio.get_running_loop()
        plain = await loop.create_server(lambda: Peer(self), "127.0.0.1", 0)
        secure = await loop.create_server(lambda: Peer(self, secure=True), "127.0.0.1", 0)
        self._listening = [plain, secure]
        self.plain_port, self.tls_port = (s.sockets[0].getsockname()[1] for s in (plain, secure))

    async def stop(self) -> None:
        """Stop listening, and abort what is open."""
        for listening in self._listening:
            listening.close()
        for peer in list(self.peers):
            peer.abort()
        await asyncio.sleep(1)  # for the loop to close them

    def arm(self, fault: Fault, strikes: Strikes) -> None:
        """Let a fault strike from now on."""
        self.fault, self.strikes = fault, strikes

    def disarm(self) -> None:
        """Let no fault strike any more; one that has struck goes on."""
        self.fault = None
        for peer in list(self.peers):
            peer.relent()

    def struck(self, *stages: Stage, request: Request | None = None) -> Fault | None:
        """Return the fault if it strikes at one of these stages."""
        fault = self.fault
        if fault is None or fault.stage not in stages:
            return None
        if request is not None and not self.strikes(request.method, request.path):
            return None
        return fault


@define(eq=False)
class Peer(asyncio.Protocol):
    """One connection, as the server sees it."""

    server: FaultServer
    secure: bool = False
    _transport: Any = None
    _raw: Any = None
    _buffer: bytearray = field(factory=bytearray)
    _steps: Iterator[Step] | None = None
    _timer: asyncio.TimerHandle | None = None
    _seen: Request | None = None
    _needed: int | None = None
    _dripping: bool = False
    _handshake: Fault | None = None

    # -- what asyncio calls ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Play a fault of this stage, or begin with TLS where that is spoken."""
        self._transport = self._raw = transport
        server = self.server
        server.connections += 1
        server.peers.add(self)
        if (fault := server.struck(Stage.ACCEPT)) is not None:
            self._play(fault, _NOTHING)
        elif self.secure:
            self._handshake = server.struck(Stage.TLS)
            if self._handshake is None or self._handshake.certificate is not None:
                self._speak_tls(self._handshake)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless a fault is played already."""
        if self._handshake is not None and self._transport is self._raw:
            fault, self._handshake = self._handshake, None
            self._play(fault, _NOTHING)
        elif self._steps is None:
            self._buffer += data
            if not self.secure or self._transport is not self._raw:
                self._serve()

    def eof_received(self) -> None:
        """Have the transport close itself: the client has gone."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._timer is not None:
            self._timer.cancel()
        self.server.peers.discard(self)

    # -- TLS --------------------------------------------------------------------------------------

    def _speak_tls(self, fault: Fault | None) -> None:
        name = "good" if fault is None or fault.certificate is None else fault.certificate
        self._raw.pause_reading()
        task = asyncio.get_running_loop().create_task(self._upgrade(self.server.certificates[name]))
        self.server.tasks.add(task)
        task.add_done_callback(self.server.tasks.discard)

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._transport = await loop.start_tls(self._raw, self, context, server_side=True)
        except OSError:  # the client did not like the certificate, or has gone
            self.server.peers.discard(self)
        else:
            self._serve()  # what came before this task went on

    # -- requests ---------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Answer each request that has come as a whole."""
        while self._steps is None and self._next_is_whole():
            request, self._seen = self._seen, None
            assert request is not None
            del self._buffer[: self._needed]
            self._needed = None
            self._respond(request)

    def _next_is_whole(self) -> bool:
        line, found, _ = bytes(self._buffer[:4096]).partition(b"\r\n")
        if self._seen is None and found:
            method, target, _ = line.decode("latin-1").split(" ")
            self._seen = Request(method, target.partition("?")[0])
            self.server.requests.append(self._seen)
            if (fault := self.server.struck(Stage.HALF, request=self._seen)) is not None:
                self._raw.pause_reading()
                self._play(fault, _NOTHING)
                return False
        if self._needed is None:
            self._needed = _length(bytes(self._buffer))
        return self._needed is not None and len(self._buffer) >= self._needed

    def _respond(self, request: Request) -> None:
        operation = find(request.method, request.path)
        if operation is None:
            self._transport.write(answer(b'{"error": {"name": "notFound"}}', status=404))
            return
        fault = self.server.struck(Stage.ANSWER, request=request)
        begins = fault is None or fault.taken
        good = self.server.service.good(operation, request.path, begins=begins)
        if fault is None:
            self._transport.write(good.whole)
        else:
            self._play(fault, good)

    # -- faults -----------------------------------------------------------------------------------

    def _play(self, fault: Fault, good: Good) -> None:
        self._steps = iter(fault.play(good))
        self._step()

    def _step(self) -> None:
        """Do what comes until something has to be waited for."""
        for step in self._steps or ():
            if isinstance(step, bytes):
                self._transport.write(step)
            elif isinstance(step, Pause):
                self._later(step.seconds, self._step)
                return
            elif isinstance(step, Drip):
                self._drip(step, 0)
                return
            else:
                self._move(step)
                return
        self._steps = None
        self._serve()

    def _later(self, seconds: float, function: Callable[..., None], *arguments: Any) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, function, *arguments)

    def _drip(self, drip: Drip, position: int) -> None:
        self._dripping = True
        position %= len(drip.content)
        self._transport.write(drip.content[position : position + 1])
        self._later(drip.every, self._drip, drip, position + 1)

    def _move(self, move: Any) -> None:
        if move is RESET:
            self.abort()
        elif move is FIN:
            self._raw.write_eof()  # below TLS, so that nothing says goodbye
        else:
            assert move is STALL

    def abort(self) -> None:
        """Abort the connection with a RST."""
        made: socket.socket | None = self._raw.get_extra_info("socket")
        if made is not None and made.fileno() != -1:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._raw.abort()

    def relent(self) -> None:
        """Read what the fault left unread, to see the client's end, and drip no more."""
        if self._dripping and self._timer is not None:
            self._timer.cancel()
            self._raw.write_eof()
        if not self._raw.is_closing():
            self._raw.resume_reading()


_NOTHING = Good("nothing", {}, b"{}", "")
"""The answer to a request that nobody has read."""


def _length(buffer: bytes) -> int | None:
    """Return how many bytes the request takes, or None while its head is not whole."""
    first, found, _ = buffer.partition(b"\r\n\r\n")
    if not found:
        return None
    for line in first.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(first) + 4 + int(line.partition(b":")[2])
    return len(first) + 4
