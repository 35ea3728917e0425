"""What is no proper request: it gets the service's form of an error, and the log stays quiet."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.serving.call import MAX_BODY

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

MANY = b"".join(b"a%d: b\r\n" % number for number in range(2000))
HEAD = b"Host: x\r\nX-Api-Key: KEY\r\n"
UNREADABLE = {
    "both lengths": b"POST /collections HTTP/1.1\r\n%sContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /me HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /me HTTP/1.1\r\n%sContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "negative length": b"POST /me HTTP/1.1\r\n%sContent-Length: -5\r\n\r\nhello",
    "unknown transfer": b"POST /me HTTP/1.1\r\n%sTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "no chunk": b"POST /me HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "long URL": b"GET /me?" + b"a" * 100_000 + b" HTTP/1.1\r\n%s\r\n",
    "many headers": b"GET /me HTTP/1.1\r\n%s" + MANY + b"\r\n",
    "long header": b"GET /me HTTP/1.1\r\n%sa: " + b"b" * 100_000 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 %s\r\n\r\n",
    "no host": b"GET /me HTTP/1.1\r\n\r\n",
    "odd method": b"G@T /me HTTP/1.1\r\n%s\r\n",
    "no URL": b"GET http://[evil/me HTTP/1.1\r\n%s\r\n",
    "space before a colon": b"GET /me HTTP/1.1\r\n%sa : b\r\n\r\n",
    "folded header": b"GET /me HTTP/1.1\r\n%sa: b\r\n c\r\n\r\n",
    "bare line ends": b"GET /me HTTP/1.1\n%s\n",
    "NUL": b"GET /me HTTP/1.1\r\n%sa: \0\r\n\r\n",
    "raw UTF-8": b"GET /collections/\xc3\xa9 HTTP/1.1\r\n%s\r\n",
    "unknown encoding": b"POST /me HTTP/1.1\r\n%sContent-Encoding: zz, br\r\n"
    b"Transfer-Encoding: gzip\r\n\r\n{}",
}


ME = b"GET /me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def exchange(emulator: PostmanEmulator, raw: bytes, *, ends: bool = True) -> bytes:
    """Send bytes, and return all that is answered until the server ends the connection.

    Where it may wait for more, it is ended by closing the emulator, when it has read all.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", emulator.port)
    received = b""
    try:
        writer.write(raw)
        if not ends:
            await exchange(emulator, ME)
            await emulator.close()
        while part := await reader.read(65536):
            received += part
    except ConnectionError:
        pass  # the server closed with something unread: what it answered is here
    finally:
        writer.close()
    return received


def head_with(emulator: PostmanEmulator, raw: bytes) -> bytes:
    """Put the usual headers, with the key, into a request."""
    return raw.replace(b"%s", HEAD.replace(b"KEY", emulator.api_key.encode()))


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_cannot_be_read_is_malformed_and_no_traceback(
    emulator: PostmanEmulator, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """aiohttp answered plain text and logged the bytes, with the key in them."""
    with caplog.at_level(logging.INFO):
        received = await exchange(emulator, head_with(emulator, UNREADABLE[name]))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert b"application/json" in head
    assert json.loads(body)["error"]["name"] == "malformedRequestError"
    assert emulator.api_key not in received.decode() + caplog.text
    assert caplog.records == []


async def test_what_is_smuggled_behind_two_lengths_is_not_answered(
    emulator: PostmanEmulator,
) -> None:
    received = await exchange(emulator, head_with(emulator, UNREADABLE["both lengths"]))
    assert received.count(b"HTTP/1.") == 1
    assert len(emulator.requests) == 0


async def test_an_unknown_expectation_is_refused_in_json(api: Api) -> None:
    headers = {"Expect": "nonsense"}
    refused = await api.call("POST", "/collections", {"a": 1}, headers=headers)
    assert (refused.status, refused.body["title"]) == (417, "Expectation Failed")


async def test_who_asks_first_is_told_to_go_on(api: Api) -> None:
    body = {"environment": {"name": "Staging", "values": []}}
    made = await api.call("POST", "/environments", body, headers={"Expect": "100-continue"})
    assert made.status == 200


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@settings(max_examples=150, deadline=None)
@given(
    start=st.sampled_from([b"GET /me", b"POST /collections", b"PUT /_emulator/seed", b"\0"]),
    line=st.binary(max_size=20),
    headers=st.lists(st.binary(max_size=30), max_size=4),
    body=st.binary(max_size=20),
)
def test_no_bytes_are_logged_or_answered_with_anything_but_json(
    start: bytes, line: bytes, headers: list[bytes], body: bytes
) -> None:
    raw = b"".join(
        [start, line, b" HTTP/1.1\r\n%s", *(h + b"\r\n" for h in headers), b"\r\n", body]
    )
    handler = Kept(logging.INFO)
    logging.getLogger().addHandler(handler)
    try:
        received = asyncio.run(_alone(raw))
    finally:
        logging.getLogger().removeHandler(handler)
    assert handler.messages == []
    assert b" 500 " not in received.partition(b"\r\n")[0]
    assert not received or b"application/json" in received


async def _alone(raw: bytes) -> bytes:
    async with PostmanEmulator(api_key="PMAK-wire") as emulator:
        return await exchange(emulator, head_with(emulator, raw), ends=False)


# -- clients that go before the end -----------------------------------------------------------

UPLOADS = [
    *(("POST", "/collections"), ("POST", "/import/openapi"), ("POST", "/_echo/post")),
    *(("PUT", "/_emulator/snapshot"), ("POST", "/_emulator/load"), ("POST", "/_mocks/x/y")),
]


@pytest.mark.parametrize(("method", "path"), UPLOADS)
@pytest.mark.parametrize(
    "framing", ["Content-Length: 1000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"]
)
async def test_an_aborted_upload_is_no_failure_of_the_emulator(
    emulator: PostmanEmulator,
    method: str,
    path: str,
    framing: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each logged the traceback of a ConnectionResetError."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {emulator.api_key}\r\n"
    with caplog.at_level(logging.DEBUG, logger="postman_async.emulator"):
        _, writer = await asyncio.open_connection("127.0.0.1", emulator.port)
        writer.write(f"{head}{framing}".encode())
        await writer.drain()
        await exchange(emulator, ME)  # it has read the other
        writer.transport.abort()
        async with asyncio.timeout(10):
            while not caplog.records:
                await asyncio.sleep(0)
    (record,) = caplog.records
    assert (record.levelname, record.exc_info) == ("DEBUG", None)
    assert path in record.getMessage()


LIMITED = """
import asyncio, resource, sys
from postman_async.emulator import PostmanEmulator

async def main():
    async with PostmanEmulator(api_key="PMAK-wire") as emulator:
        resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
        print(emulator.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.mark.parametrize(("method", "path"), UPLOADS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_a_body_over_the_limit_is_refused_in_the_form_of_an_error(
    api: Api, method: str, path: str, packed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A snapshot has no limit: it is refused for what it is."""
    large = b" " * (MAX_BODY + 1)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    body = gzip.compress(large, 1) if packed else large
    refused = await api.call(method, path, data=io.BytesIO(body), headers=headers)
    assert refused.status == (400 if path.endswith("snapshot") else 413)
    assert "detail" in refused.body or "error" in refused.body
    assert caplog.records == []


@pytest.mark.skipif(sys.platform == "win32", reason="the limit of open files is POSIX's")
def test_the_limit_of_open_files_is_told_once_and_the_rest_waits() -> None:
    """It logged two million lines a minute: one for each connection, a thousand times a second."""
    server = subprocess.Popen(
        [sys.executable, "-c", LIMITED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert server.stdin is not None
    assert server.stdout is not None
    port = int(server.stdout.readline())
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    last = connections.pop()
    last.sendall(b"GET /me HTTP/1.1\r\nHost: x\r\nX-Api-Key: PMAK-wire\r\n\r\n")
    last.settimeout(0.5)
    with pytest.raises(TimeoutError):
        last.recv(1)
    for connection in connections:
        connection.close()
    last.settimeout(30)
    assert last.recv(15) == b"HTTP/1.1 200 OK"
    last.close()
    _, logged = server.communicate(b"", timeout=30)
    assert server.returncode == 0
    assert logged.count(b"\n") == 1
    assert b"ulimit" in logged
