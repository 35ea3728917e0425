"""Every field of every control, given every kind of JSON: it is taken, or refused by its name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.controls.faults import MAKERS, accepted
from tests.emulator.controls.test_control import Remote

KINDS: list[Any] = [
    *(None, True, 7, -1, 1.5, 1e300, 10**400, 10**9, "text", "1", "", "a\r\nb: c", "\ud83d", "\0"),
    *([], [1], [[1]], {}, {"a": 1}, {"a": "b\r\n"}, {"a b": "c"}, {"a": "\ud83d"}),
]
FIELDS: dict[tuple[str, str], tuple[dict[str, Any], tuple[str, ...]]] = {
    ("PUT", "seed"): ({}, ("seed",)),
    ("POST", "load"): ({}, ("environment", "environments", "collection", "collections", "values")),
    ("POST", "faults"): (
        {"operation": "users.me", "script": "ok"},
        ("operation", "script", "times", "probability", "seed"),
    ),
    ("PUT", "clock"): ({}, ("set", "freeze", "advance", "resume")),
    ("PUT", "limits"): (
        {},
        ("user", "buckets", "month", "window", "headers", "retry_after", "date", "error"),
    ),
    ("POST", "monitors"): (
        {"name": "m"},
        ("name", "workspace", "outcome", "duration", "requests", "assertions"),
    ),
    ("PUT", "monitors/{uid}/script"): (
        {},
        ("run", "failed_assertions", "outcome", "duration", "requests", "assertions"),
    ),
}
CASES = [(*route, fit, field) for route, (fit, fields) in FIELDS.items() for field in fields]
ARGUMENTS = {
    "status": ({"code": 429}, ("code", "name", "message", "details", "problem", "body", "headers")),
    "status, waiting": ({"code": 429}, ("retry_after", "spelling", "date")),
    "status, on a date": ({"code": 429, "date": True}, ("retry_after",)),
    "reset_connection": ({}, ("at",)),
    "hang_up": ({}, ("at",)),
    "stall": ({"seconds": 0}, ("seconds", "at")),
    "drip": ({"seconds": 0, "size": 1000}, ("seconds", "size")),
    "bad_json": ({}, ("body",)),
    "content_type": ({"value": "text/x"}, ("value",)),
    "wrong_length": ({"by": 1}, ("by",)),
    "proxy_html": ({}, ("code", "title")),
    "redirect": ({"location": "/x"}, ("location", "code")),
    "slow_tls": ({"seconds": 0}, ("seconds",)),
    **{name: ({}, ()) for name in ("accepted", "cut_body", "ok", "twice")},
}
FAULTS = [(n, fit, argument) for n, (fit, found) in ARGUMENTS.items() for argument in found]


@pytest_asyncio.fixture
async def remote(postman_emulator: PostmanEmulator) -> AsyncIterator[Remote]:
    """A remote hand on the emulator."""
    headers = {"X-Api-Key": postman_emulator.api_key}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Remote(postman_emulator.url, session)


def test_every_fault_is_in_the_list() -> None:
    assert {name.partition(",")[0] for name in ARGUMENTS} == set(MAKERS)


def naming(status: int, answer: Any, field: str) -> None:
    """Check that it was done, or was refused as the caller's mistake in this field."""
    if status != 200:
        assert (status, answer["error"]["name"]) == (400, "emulatorError"), answer
        assert field in answer["error"]["message"]


@pytest.mark.parametrize(("method", "path", "fit", "field"), CASES)
async def test_a_control_takes_a_value_or_names_the_field(
    postman_emulator: PostmanEmulator,
    remote: Remote,
    method: str,
    path: str,
    fit: Any,
    field: str,
) -> None:
    """And whatever was taken, the API goes on to answer."""
    for kind in KINDS:
        uid = postman_emulator.add_monitor("checkout")
        sent = {**fit, field: kind}
        status, answer = await remote.call(method, path.replace("{uid}", uid), sent)
        naming(status, answer, "" if path == "load" else field)  # its documents name their own
        uid = answer.get("uid", uid)
        run = await _run_hurried(postman_emulator, remote, uid)
        assert run in (200, 202, 429), (sent, run)
        assert (await remote.call("GET", "/me"))[0] in (200, 429), sent
        await remote.ok("POST", "reset")
        await remote.ok("DELETE", "limits")


async def _run_hurried(emulator: PostmanEmulator, remote: Remote, uid: str) -> int:
    """Run a monitor, however long that takes, and look at it."""
    emulator.faults.on("monitors.run", accepted())
    run, _ = await remote.call("POST", f"/monitors/{uid}/run")
    shown, _ = await remote.call("GET", f"/monitors/{uid}")
    return max(run, shown)


@pytest.mark.parametrize(("fault", "fit", "argument"), FAULTS)
async def test_a_fault_takes_an_argument_or_names_it(
    postman_emulator: PostmanEmulator,
    remote: Remote,
    fault: str,
    fit: Any,
    argument: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`{"fault": "status", "code": 429, "retry_after": "1"}` was taken, and became a raw 500."""
    name = fault.partition(",")[0]
    operation = "connect" if name == "slow_tls" else "users.me"
    for kind in KINDS:
        script = {"fault": name, **fit, argument: kind}
        status, answer = await remote.call(
            "POST", "faults", {"operation": operation, "script": script}
        )
        naming(status, answer, argument)
        if status == 200 and operation == "users.me":
            await _meet(postman_emulator, remote)
        await remote.ok("DELETE", "faults")
    assert caplog.records == []


async def _meet(emulator: PostmanEmulator, remote: Remote) -> None:
    """Let a request meet the fault, whatever the client then makes of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", emulator.port)
    writer.write(f"GET /me HTTP/1.1\r\nHost: x\r\nX-Api-Key: {emulator.api_key}\r\n".encode())
    writer.write(b"Connection: close\r\n\r\n")
    while not emulator.faults.met:
        await remote.ok("GET", "clock")
    emulator.clock.advance(40 * 365 * 86_400)
    try:
        raw = await reader.read()
    except ConnectionError:
        raw = b""
    assert b"Server got itself in trouble" not in raw
    writer.close()
    await remote.ok("POST", "reset")
