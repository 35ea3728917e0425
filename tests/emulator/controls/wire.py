"""A client that knows nothing but sockets: what it receives is what was on the wire."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple

from postman_async.emulator import PostmanEmulator


class Wire(NamedTuple):
    """What came over the connection, and how it ended."""

    raw: bytes
    end: str

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, their names in lower case."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        """The body as far as it came."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def send(
    emulator: PostmanEmulator, method: str = "GET", path: str = "/me", body: bytes = b""
) -> Wire:
    """Send one request on a connection of its own; read until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", emulator.port)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {emulator.api_key}\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    received = bytearray()
    end = "closed"
    try:
        writer.write(head.encode() + body)
        while chunk := await reader.read(65536):
            received += chunk
    except ConnectionResetError:
        end = "reset"
    finally:
        writer.close()
    return Wire(bytes(received), end)
