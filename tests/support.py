"""What several tests share: a key, and a server that says what it is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import IO, Any, TypeAlias

import pytest
from attrs import field, frozen, mutable

from postman_async import AsyncPostman, Postman

Call: TypeAlias = Callable[..., Any]

KEY = "PMAK-0123456789abcdef01234567-0123456789abcdef0123456789abcdef01"


def full_disk() -> IO[bytes]:
    """Open a file on a disk that is full.

    It is an open file, so that no code under test gets the path of a device: what replaces files
    would replace it too, and tests are run as root in containers.
    """
    try:
        return open(os.open("/dev/full", os.O_WRONLY), "wb")
    except OSError:
        pytest.skip("this system has no device that is always full")


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Let no file that this process writes grow beyond so many bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="this system does not limit files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def caller_of(kind: str, key: str, **options: Any) -> Iterator[Call]:
    """Call methods by name with either client: ``call("monitors.get", uid)``.

    ``call("raw.monitors.get", uid)`` calls the twin of ``with_raw_response``.
    """
    if kind == "sync":
        with Postman(key, **options) as sync:
            yield lambda name, /, *ids, **rest: method_of(sync, name)(*ids, **rest)
        return
    client = AsyncPostman(key, **options)
    with asyncio.Runner() as runner:

        async def awaited(name: str, /, *ids: Any, **rest: Any) -> Any:
            return await method_of(client, name)(*ids, **rest)

        yield lambda name, /, *ids, **rest: runner.run(awaited(name, *ids, **rest))
        runner.run(client.close())


def method_of(client: object, name: str) -> Any:
    """Find the method of a public name."""
    *raw, namespace, method = name.split(".")
    found = getattr(client, namespace)
    return getattr(found.with_raw_response if raw else found, method)


@frozen
class Received:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def reply(status: int = 200, body: str | bytes = "{}", **headers: str) -> bytes:
    """Write an HTTP answer; underscores in header names stand for hyphens."""
    content = body.encode() if isinstance(body, str) else body
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content)), **given}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode() + content


class CutShort(bytes):
    """An answer after which the server closes the connection."""


HANG_UP = CutShort(b"")
"""Instead of an answer: read the request, then close the connection."""

SILENCE: bytes = b"silence"
"""Instead of an answer: say nothing until the client gives up."""


@mutable
class ScriptedServer:
    """Answers the requests in order with what the script holds, and remembers them.

    When the script is over it hangs up.
    """

    script: list[bytes]
    received: list[Received] = field(factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, which some tests want
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        self.received.append(Received(method, target, headers, body))
        answer = self.script.pop(0) if self.script else HANG_UP
        if answer is SILENCE:
            await reader.read()
            return False
        writer.write(answer)
        await writer.drain()
        return not isinstance(answer, CutShort)


@asynccontextmanager
async def scripted(*script: bytes) -> AsyncIterator[ScriptedServer]:
    """Run a `ScriptedServer` on a free port of this machine."""
    server = ScriptedServer(list(script))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}"
    async with listening:
        yield server
