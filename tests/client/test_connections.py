"""Connections: which are reused, what failing to make one means, and aiohttp's private members."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction, signature
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

import postman_async
from postman_async import (
    AsyncPostman,
    ConnectError,
    DisconnectedError,
    InvalidResponseError,
    TransportError,
)
from postman_async.emulator import PostmanEmulator
from postman_async.engine.http.response import parse_json
from tests.support import KEY, CutShort, ScriptedServer, reply, scripted

LOOPBACK = "http://127.0.0.1:1"


def run_of(monitor: str) -> str:
    return json.dumps({"run": {"info": {"monitorId": monitor, "status": "success"}, "stats": {}}})


# -- the members of aiohttp that are not public ------------------------------------------------


async def test_the_private_members_of_aiohttp_are_as_connections_py_uses_them() -> None:
    """All of them: where a version of aiohttp lacks one, this says which."""
    for name, arguments in {
        "_create_connection": ["self", "req", "traces", "timeout"],
        "_get": ["self", "key", "traces"],
    }.items():
        method = getattr(aiohttp.TCPConnector, name)
        assert iscoroutinefunction(method), name
        assert list(signature(method).parameters) == arguments, name
    assert isinstance(ResponseHandler.should_close, property)
    async with aiohttp.ClientSession() as session:
        assert session._retry_connection is True
        assert session._default_proxy is None
        async with scripted(reply()) as server, session.get(server.url) as response:
            await response.read()
            assert isinstance(response._protocol, ResponseHandler)
            assert response.connection is None


def test_private_members_of_aiohttp_are_used_in_one_file() -> None:
    """One test shows what a new version of aiohttp changes."""
    names = ("_retry_connection", "_default_proxy", "._protocol", "_create_connection")
    files = Path(postman_async.__file__).parent.rglob("*.py")
    found = {path.name for path in files if any(n in path.read_text("utf-8") for n in names)}
    assert found == {"connections.py"}


# -- an answer nobody asked for ----------------------------------------------------------------


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[ScriptedServer, list[asyncio.StreamWriter]]]:
    """Answer each run with its own monitor's, over connections on which a test may say more."""
    server, writers = ScriptedServer([]), list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        writers.append(writer)
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                monitor = head.split(" ")[1].split("/")[2].partition("-")[2]
                writer.write(reply(body=run_of(monitor)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server, writers


@pytest.mark.parametrize(
    "unasked", [reply(body=run_of("x")), reply(408, "", Connection="close"), b"\0"]
)
async def test_a_connection_on_which_something_came_unasked_is_not_used_again(
    unasked: bytes,
) -> None:
    """It would be taken for the answer to the next monitor, and each answer after it be shifted."""
    async with echoing() as (server, writers), AsyncPostman(KEY, base_url=server.url) as pm:
        assert (await pm.monitors.run("1-a")).info.monitor_id == "a"
        writers[0].write(unasked)
        for _ in range(10):  # let it be read
            await asyncio.sleep(0)
        for monitor in "bcd":
            assert (await pm.monitors.run(f"1-{monitor}")).info.monitor_id == monitor
    assert server.connections == 2


async def test_a_silent_connection_is_used_again() -> None:
    async with echoing() as (server, _), AsyncPostman(KEY, base_url=server.url) as pm:
        for monitor in "bcd":
            await pm.monitors.run(f"1-{monitor}")
    assert server.connections == 1


@pytest.mark.parametrize("large", [False, True])
async def test_an_answer_of_another_monitor_is_refused_and_its_connection_closed(
    large: bool,
) -> None:
    """The next answer on it would be shifted, too."""
    run = json.loads(run_of("x"))
    run["run"]["executions"] = [{"id": 1}] * (2000 if large else 1)
    async with (
        scripted(reply(body=json.dumps(run)), reply(body=run_of("b"))) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        with pytest.raises(InvalidResponseError, match="is about 'x' and not") as caught:
            await pm.monitors.run("1-a")
        assert (await pm.monitors.run("1-b")).info.monitor_id == "b"
    assert (caught.value.sent, caught.value.attempts) == (True, 1)
    assert (server.connections, len(server.received)) == (2, 2)


async def test_a_look_at_another_monitor_is_refused() -> None:
    """Such an answer states the result of a run."""
    body = json.dumps({"monitor": {"id": "x", "uid": "1-x", "name": "n"}})
    async with scripted(reply(body=body)) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(InvalidResponseError, match="is about '1-x' and not"):
            await pm.monitors.get("1-a")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("1-a", "a"), ("1-a", "1-a"), ("a", "1-a"), ("a", "a"), ("1-A-B", "a-b"),
        ("1-a", None), ("1-a", 7), ("1-a", ["x"]),
    ],
)  # fmt: skip
async def test_an_id_with_or_without_its_owner_is_the_same_and_drift_is_none(
    asked: str, answered: object
) -> None:
    body = json.dumps({"run": {"info": {"monitorId": answered, "status": "success"}}})
    bare = json.dumps({"run": {"info": None}})
    async with (
        scripted(reply(body=body), reply(body=bare), reply(body='{"run": 7}')) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        for _ in range(3):
            await pm.monitors.run(asked)
    assert server.connections == 1


async def test_a_run_whose_answer_was_of_another_monitor_is_settled_by_looking(
    local_emulator: PostmanEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is not strict, for then the made-up answer would be refused for its form."""
    uids = [local_emulator.add_monitor(f"m{i}") for i in range(2)]
    other = json.loads(run_of("another"))
    parse, answers = parse_json, [other]

    def mixed_up(call: str, answer: Any, *mask: Any) -> Any:
        return answers.pop() if answers and call.endswith("/run") else parse(call, answer, *mask)

    monkeypatch.setattr("postman_async.engine.caller.parse_json", mixed_up)
    async with AsyncPostman(**local_emulator.client_options) as pm:
        report = await pm.run_monitors(uids)
    assert [outcome.status for outcome in report] == ["passed", "passed"]
    assert [outcome.reconciled for outcome in report].count(True) == 1
    assert [outcome.attempts for outcome in report] == [1, 1]


async def test_a_101_is_no_answer_and_its_connection_is_closed() -> None:
    switch = (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    async with (
        scripted(switch, reply(body=run_of("b"))) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        with pytest.raises(InvalidResponseError, match="nobody asked for the answer 101") as caught:
            await pm.monitors.run("1-a")
        await pm.monitors.run("1-b")
        connector = pm._sessions.get().connector
        assert isinstance(connector, aiohttp.TCPConnector)
        assert len(connector._acquired) == 0
    assert (caught.value.sent, server.connections) == (True, 2)


# -- no connection -----------------------------------------------------------------------------


async def failure_of_connecting(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Any:
    """Fail with an error of the system where the socket is to be made."""

    def refuse(*_: Any, **__: Any) -> socket.socket:
        raise error

    async with AsyncPostman(KEY, base_url=LOOPBACK, retries=1) as pm:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", refuse)
            with pytest.raises(TransportError) as caught:
                await pm.monitors.run("1-m")
    return caught.value


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_no_file_left_for_a_socket_is_an_error_of_connecting(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = await failure_of_connecting(monkeypatch, OSError(number, os.strerror(number)))
    assert type(failure) is ConnectError
    assert not failure.sent
    assert "limit of open files" in str(failure)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        OSError("no errno"),
        UnicodeError("label empty or too long"),
        RuntimeError("can't start new thread"),
        aiohttp.ClientError("anything"),
    ],
)
async def test_whatever_fails_while_connecting_was_surely_not_sent(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what aiohttp hands on as it came: it was raw, or taken for a broken connection."""

    async def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", refuse)
    async with AsyncPostman(KEY, base_url=LOOPBACK, retries=1) as pm:
        with pytest.raises(ConnectError) as caught:
            await pm.monitors.run("1-m")
    assert not caught.value.sent
    assert ("limit of open files" in str(caught.value)) == (error.args[0] == errno.EMFILE)


async def test_no_file_left_is_told_of_a_connector_of_the_caller_too() -> None:
    class Full(aiohttp.TCPConnector):
        async def connect(self, *_: Any, **__: Any) -> Any:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async with Full() as full, AsyncPostman(KEY, base_url=LOOPBACK, connector=full) as pm:
        with pytest.raises(ConnectError, match="limit of open files"):
            await pm.monitors.run("1-m", retries=1)


async def test_what_only_sounds_like_no_file_left_may_have_been_sent() -> None:
    """An answer can hold any words, and code of the caller open files of its own at any time."""

    async def writes_a_log(request: Any, handler: Any) -> Any:
        await handler(request)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    garbage = CutShort(b"Too many open files\r\n\r\n")
    async with scripted(garbage, reply(body=run_of("a"))) as server:
        for middlewares in ([], [writes_a_log]):
            async with AsyncPostman(KEY, base_url=server.url, middlewares=middlewares) as pm:
                with pytest.raises(DisconnectedError) as caught:
                    await pm.monitors.run("1-a")
            assert caught.value.sent
    assert len(server.received) == 2


WITHOUT_FILES = """
import asyncio, errno, os, resource, sys
from postman_async import AsyncPostman, ConnectError, Timeout

async def main():
    silent = await asyncio.start_server(lambda r, w: r.read(), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with AsyncPostman("PMAK-1", base_url=f"http://127.0.0.1:{port}", retries=1) as pm:
        if sys.argv[1] == "imported":
            await asyncio.gather(pm.users.me(timeout=0.01), return_exceptions=True)
        runs, mocks = pm.monitors, pm.mocks
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))
        calls = (runs.run("1-a"), runs.get("1-a"), mocks.list())
        for failure in await asyncio.gather(*calls, return_exceptions=True):
            assert type(failure) is ConnectError and not failure.sent, repr(failure)
            assert "Too many open files" in str(failure), str(failure)
            assert "limit of open files" in str(failure), str(failure)

asyncio.run(main())
os._exit(0)
"""


@pytest.mark.parametrize("state", ["new", "imported"])
def test_with_no_file_left_at_all_a_call_says_so_and_was_surely_not_sent(state: str) -> None:
    """Also where what reads the answer is not imported yet: it was, too late, a raw OSError."""
    command = [sys.executable, "-c", WITHOUT_FILES, state]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.stderr.decode() == ""
    assert done.returncode == 0


async def test_what_reads_an_answer_is_imported_before_the_call_is_sent() -> None:
    """A batch that has all files in use cannot import it any more."""
    async with scripted(reply(body='{"mocks": []}')) as server:
        code = f"""
import asyncio, sys
from postman_async import AsyncPostman
from postman_async.engine.http.transport import Transport

async def main():
    async with AsyncPostman("PMAK-1", base_url={server.url!r}) as pm:
        before = set()
        opened = Transport._open
        def open_(*args):
            before.update(sys.modules)
            return opened(*args)
        Transport._open = open_
        await pm.mocks.list()
        late = {{name for name in set(sys.modules) - before if not name.startswith("encodings")}}
        assert not late, late

asyncio.run(main())
"""
        command = [sys.executable, "-c", code]
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
        assert (await process.communicate())[1].decode() == ""
