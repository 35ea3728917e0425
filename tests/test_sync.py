"""The sync facade: the same names and values, one loop, shared connections."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
from collections.abc import Iterator

import aiohttp
import pytest

from postman_async import (
    OPERATIONS,
    AsyncPostman,
    ConfigurationError,
    InvalidArgumentError,
    NotFoundError,
    Postman,
)
from postman_async.emulator import PostmanEmulator
from tests.support import KEY, ScriptedServer, reply, scripted

ME = (
    '{"user": {"id": 1, "username": "u", "fullName": "U", "email": "e", "avatar": null,'
    ' "isPublic": false}, "operations": []}'
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted server in a thread of its own."""
    ready, end = threading.Event(), threading.Event()
    found: list[ScriptedServer] = []

    async def serve() -> None:
        async with scripted(*[reply(body=ME)] * 10) as made:
            found.append(made)
            ready.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    yield found[0]
    end.set()
    thread.join(10)


def test_calls_share_one_connection(server: ScriptedServer) -> None:
    with Postman(KEY, base_url=server.url) as pm:
        for _ in range(5):
            assert pm.users.me().user.username == "u"
    assert (len(server.received), server.connections) == (5, 1)


def test_threads_take_turns(server: ScriptedServer) -> None:
    with Postman(KEY, base_url=server.url) as pm:
        threads = [threading.Thread(target=pm.users.me) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert len(server.received) == 8


@pytest.mark.parametrize("moment", ["in a callback of the loop", "in the call itself"])
def test_an_interrupt_ends_the_call_and_leaves_the_client_usable(
    server: ScriptedServer, moment: str
) -> None:
    async def middleware(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if interrupting and moment == "in the call itself":
            signal.raise_signal(signal.SIGINT)
        if interrupting:
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        return await handler(request)

    with Postman(KEY, base_url=server.url, middlewares=[middleware]) as pm:
        interrupting = True
        with pytest.raises(KeyboardInterrupt):
            pm.users.me()
        assert not asyncio.all_tasks(pm._loop._runner.get_loop())
        interrupting = False
        assert pm.users.me().user.username == "u"


async def test_inside_a_running_loop_it_says_what_to_use() -> None:
    """As in a notebook; nothing is sent and no coroutine is left unawaited."""
    pm = Postman(KEY)
    for call in (pm.users.me, lambda: pm.run_monitors([]), lambda: pm.stream_monitor_runs([])):
        with pytest.raises(ConfigurationError, match=r"AsyncPostman.*await"):
            call()


def test_a_client_that_was_never_used_needs_no_end() -> None:
    Postman(KEY)


def test_the_end_may_come_twice_and_then_says_so() -> None:
    pm = Postman(KEY)
    pm.close()
    pm.close()
    with pytest.raises(ConfigurationError, match="closed"):
        pm.users.me()


def test_pages_errors_and_raw_responses_are_those_of_the_async_client(
    thread_emulator: PostmanEmulator, sync_pm: Postman
) -> None:
    uids = [thread_emulator.add_monitor(f"m{n}") for n in range(7)]
    assert [monitor.uid for monitor in sync_pm.monitors.iter(limit=3)] == uids
    assert sync_pm.monitors.list(limit=3).next_cursor is not None
    assert sync_pm.call("monitors.get", monitor_uid=uids[0]).uid == uids[0]
    assert sync_pm.monitors.with_raw_response.get(uids[0]).value.name == "m0"
    with pytest.raises(NotFoundError):
        sync_pm.monitors.get("1-none")


def test_many_monitors_run_in_parallel_and_are_reported_in_order(
    thread_emulator: PostmanEmulator, sync_pm: Postman
) -> None:
    outcomes = ["passed", "failed", "error"] * 4
    uids = [thread_emulator.add_monitor(o, outcome=o, duration=0.05) for o in outcomes]  # type: ignore[arg-type]
    report = sync_pm.run_monitors(uids, concurrency=12)
    assert [outcome.status for outcome in report] == outcomes


def test_a_stream_can_be_left_early(thread_emulator: PostmanEmulator, sync_pm: Postman) -> None:
    uids = [thread_emulator.add_monitor(f"m{n}") for n in range(5)]
    for outcome in sync_pm.stream_monitor_runs(uids, concurrency=1):
        assert outcome.status == "passed"
        break
    assert sync_pm.monitors.get(uids[0]).name == "m0"


def test_wrong_arguments_are_refused_when_the_stream_is_asked_for(sync_pm: Postman) -> None:
    with pytest.raises(InvalidArgumentError, match="concurrency"):
        sync_pm.stream_monitor_runs(["1-m"], concurrency=0)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_each_method_has_the_signature_and_the_docs_of_its_async_twin(operation: str) -> None:
    namespace, _, name = operation.partition(".")
    ours, theirs = (
        getattr(getattr(client, namespace), name) for client in (Postman(KEY), AsyncPostman(KEY))
    )
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert inspect.getdoc(ours) == inspect.getdoc(theirs)


def test_both_clients_have_the_same_public_names() -> None:
    names = [
        {n for n in dir(client) if not n.startswith("_")} for client in (Postman, AsyncPostman)
    ]
    assert names[0] - {"base_url"} == names[1]
