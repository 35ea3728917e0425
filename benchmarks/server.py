"""The server of all measurements: a bare asyncio protocol with answers made beforehand.

Run as ``python -m benchmarks.server CPU``, it prints its port.  Paths below ``/held/SECONDS``
are answered after that time; everything else at once.
"""

from __future__ import annotations

import asyncio
import os
import sys

from benchmarks.bodies import SMALL, run_result

__all__ = ["main"]

_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n"
)


def _answer(body: bytes) -> bytes:
    return _HEAD % len(body) + body


ANSWERS = {
    b"environments": _answer(SMALL),
    b"r3": _answer(run_result(3)),
    b"r80": _answer(run_result(80)),
}


class Answering(asyncio.Protocol):
    """One connection: reads requests, whose bodies it skips, and answers each in turn."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            after = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            whole = end + 4 + int(after or 0)
            if len(self._buffer) < whole:
                return
            path = self._buffer.split(b" ", 2)[1]
            self._buffer = self._buffer[whole:]
            self._reply(path)

    def _reply(self, path: bytes) -> None:
        """Answer by the first part of the path: r3, r80, held or environments."""
        parts = path.split(b"?")[0].split(b"/")
        if parts[1] == b"held":
            loop = asyncio.get_running_loop()
            loop.call_later(float(parts[2]), self._transport.write, ANSWERS[b"r3"])  # type: ignore[attr-defined]
        else:
            self._transport.write(ANSWERS[parts[1]])  # type: ignore[attr-defined]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=16384)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)  # until the other side has gone
    server.close()


def main() -> None:
    """Serve until standard input ends."""
    if sys.argv[1:]:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    import uvloop

    uvloop.run(_serve())


if __name__ == "__main__":
    main()
