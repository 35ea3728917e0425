"""`AsyncPostman` as an object: its settings, its loop, its session, its end."""

from __future__ import annotations

import asyncio
import inspect
import socket
from typing import Any

import aiohttp
import pytest

from postman_async import (
    AsyncPostman,
    ConfigurationError,
    ConnectError,
    InvalidArgumentError,
    InvalidResponseError,
    MonitorRun,
    NotFoundError,
    Postman,
    ResponseValidationError,
)
from postman_async.emulator import PostmanEmulator
from tests.support import KEY, reply, scripted

RUN = '{"run": {"info": {"monitorId": "m", "status": "success"}, "stats": %s}}'


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# -- settings -----------------------------------------------------------------------------------


async def test_key_and_host_come_from_the_environment(
    local_emulator: PostmanEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTMAN_API_KEY", f" {local_emulator.api_key}\n")
    monkeypatch.setenv("POSTMAN_BASE_URL", f"{local_emulator.url}/")
    async with AsyncPostman() as pm:
        assert (await pm.users.me()).user.username


def test_the_host_is_the_service_s_own_by_default() -> None:
    assert AsyncPostman(KEY).base_url == "https://api.getpostman.com"
    assert AsyncPostman(KEY, region="eu").base_url == "https://api.eu.postman.com"


def test_a_region_is_meant_even_where_the_environment_names_a_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POSTMAN_BASE_URL", "https://other.test")
    assert AsyncPostman(KEY).base_url == "https://other.test"
    assert AsyncPostman(KEY, region="us").base_url == "https://api.getpostman.com"


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"region": "mars"}, "mars"),
        ({"region": "eu", "base_url": "https://x.test"}, "not both"),
        ({"retries": 0}, "attempts"),
        ({"timeout": "soon"}, "total"),
        ({"time_out": 3}, "time_out"),
    ],
)
@pytest.mark.parametrize("client", [AsyncPostman, Postman])
def test_a_wrong_setting_is_named(client: Any, options: dict[str, Any], culprit: str) -> None:
    with pytest.raises(ConfigurationError, match=culprit):
        client(KEY, **options)


# -- calls ----------------------------------------------------------------------------------------


async def test_calling_by_name_is_the_same_as_calling_the_method(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uid = local_emulator.add_monitor("checkout")
    assert await pm.call("monitors.get", monitor_uid=uid) == await pm.monitors.get(uid)


async def test_an_unknown_operation_is_refused_with_the_nearest_name(pm: AsyncPostman) -> None:
    with pytest.raises(InvalidArgumentError, match=r"'monitors\.run'"):
        await pm.call("monitor.run", monitor_uid="1-m")


async def test_the_raw_response_has_status_headers_bytes_limits_and_value() -> None:
    body = RUN % "null"
    answer = reply(202, body, RateLimit="limit=300, remaining=12, reset=7")
    async with scripted(answer) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        raw = await pm.monitors.with_raw_response.run("1-m")
    assert (raw.status, raw.content, raw.headers["content-type"]) == (
        202,
        body.encode(),
        "application/json",
    )
    assert (raw.rate_limit.limit, raw.rate_limit.remaining, raw.rate_limit.reset) == (300, 12, 7)
    assert isinstance(raw.value, MonitorRun)


async def test_drift_is_kept_as_it_came_or_raised_with_its_path_when_strict() -> None:
    """A number that arrives as text, and a key nobody has heard of."""
    body = RUN % '{"assertions": {"total": "7", "failed": 0}, "requests": {"total": 1}, "new": 1}'
    async with scripted(reply(body=body), reply(body=body)) as server:
        async with AsyncPostman(KEY, base_url=server.url) as pm:
            stats = (await pm.monitors.run("1-m")).stats
            assert stats is not None
            kept: list[object] = [stats.assertions.total, stats.requests.failed, stats.extra]
            assert kept == ["7", None, {"new": 1}]
        async with AsyncPostman(KEY, base_url=server.url, strict=True) as pm:
            with pytest.raises(ResponseValidationError) as caught:
                await pm.monitors.run("1-m")
    assert caught.value.faults == [
        "$.run.stats.assertions.total: a string instead of an integer",
        "$.run.stats.requests.failed: missing",
        "$.run.stats.new: not in the specification",
    ]


@pytest.mark.parametrize("body", ["", '{"run": {', "<html>hello</html>", "NaN"])
async def test_a_2xx_that_is_not_json_is_an_error_with_its_bytes(body: str) -> None:
    async with scripted(reply(200, body)) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(InvalidResponseError, match="not JSON") as caught:
            await pm.monitors.run("1-m")
    assert (caught.value.status, caught.value.content) == (200, body.encode())


async def test_extra_headers_query_and_body_reach_the_service() -> None:
    answer = reply(body='{"monitor": {"id": "m", "name": "n", "uid": "1-m"}}')
    async with scripted(answer) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        await pm.monitors.update(
            "1-m",
            name="n",
            extra_headers={"X-Trace": "7"},
            extra_query={"beta": "a b&c"},
            extra_body={"monitor": {"future": True}},
        )
    (request,) = server.received
    assert request.target == "/monitors/1-m?beta=a+b%26c"
    assert request.headers["x-trace"] == "7"
    assert request.body == b'{"monitor":{"name":"n","future":true}}'


async def test_an_error_of_the_service_says_what_it_said(pm: AsyncPostman) -> None:
    with pytest.raises(NotFoundError, match="GET /monitors/1-none answered 404") as caught:
        await pm.monitors.get("1-none")
    assert caught.value.name == "instanceNotFoundError"
    assert caught.value.headers["content-type"].startswith("application/json")


async def test_no_connection_is_a_connect_error_after_all_attempts() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    async with AsyncPostman(KEY, base_url=url) as pm:
        with pytest.raises(ConnectError) as caught:
            await pm.call("monitors.run", monitor_uid="1-m", retries=1)
    assert (caught.value.sent, caught.value.attempts) == (False, 1)


# -- session and loop ---------------------------------------------------------------------------


async def test_nothing_is_opened_before_the_first_call_and_nothing_is_open_after_the_end() -> None:
    pm = AsyncPostman(KEY)
    assert pm._sessions._session is None
    await pm.close()
    await pm.close()


async def test_a_closed_client_says_so(pm: AsyncPostman) -> None:
    await pm.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await pm.users.me()


def test_another_loop_gets_a_clear_error(thread_emulator: PostmanEmulator) -> None:
    pm = AsyncPostman(thread_emulator.api_key, base_url=thread_emulator.url)
    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(pm.users.me())
        with pytest.raises(ConfigurationError, match="another event loop"):
            second.run(pm.users.me())
        first.run(pm.close())


async def test_a_session_of_the_caller_is_used_and_stays_open(
    local_emulator: PostmanEmulator,
) -> None:
    """Also one that raises for bad statuses by itself: our errors come all the same."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        async with AsyncPostman(
            local_emulator.api_key, base_url=local_emulator.url, session=session
        ) as pm:
            await pm.users.me()
            with pytest.raises(NotFoundError):
                await pm.monitors.get("1-none")
        assert not session.closed


async def test_a_connector_of_the_caller_is_used_and_stays_open(
    local_emulator: PostmanEmulator,
) -> None:
    connector = aiohttp.TCPConnector(limit=1)
    async with AsyncPostman(
        local_emulator.api_key, base_url=local_emulator.url, connector=connector
    ) as pm:
        await asyncio.gather(*(pm.users.me() for _ in range(3)))
    assert not connector.closed
    await connector.close()


async def test_what_belongs_to_a_session_is_refused_together_with_one() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="trust_env"):
            AsyncPostman(KEY, session=session, trust_env=True)


@pytest.mark.parametrize("own_session", [False, True])
async def test_middlewares_and_tracing_see_each_attempt(
    local_emulator: PostmanEmulator, own_session: bool
) -> None:
    seen: list[str] = []

    async def middleware(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(f"{request.method} {request.url.path}")
        return await handler(request)

    options: dict[str, Any] = {"middlewares": [middleware]}
    session = aiohttp.ClientSession() if own_session else None
    async with AsyncPostman(
        local_emulator.api_key, base_url=local_emulator.url, session=session, **options
    ) as pm:
        await pm.users.me()
    if session:
        await session.close()
    assert seen == ["GET /me"]


async def test_a_middleware_may_read_the_answer(
    local_emulator: PostmanEmulator,
) -> None:
    async def middleware(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        assert await response.read()
        return response

    async with AsyncPostman(
        local_emulator.api_key, base_url=local_emulator.url, middlewares=[middleware]
    ) as pm:
        assert (await pm.users.me()).user.username


async def test_a_cancelled_call_leaves_the_connection_closed_and_no_task(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uid = local_emulator.add_monitor("endless", duration=3600)
    before = asyncio.all_tasks()
    call = asyncio.create_task(pm.monitors.run(uid))
    while not any(request.operation == "monitors.run" for request in local_emulator.requests):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    left = {task for task in asyncio.all_tasks() - before if "client" in repr(task.get_coro())}
    assert not left


def test_methods_are_coroutines_with_docs_that_name_their_endpoint() -> None:
    """What an editor shows: signature, parameters, result, errors, endpoint."""
    pm = AsyncPostman(KEY)
    text = inspect.getdoc(pm.monitors.run) or ""
    for part in ("POST /monitors/{monitor_uid}/run", "Args:", "run_async:", "Returns:", "Raises:"):
        assert part in text
    assert inspect.iscoroutinefunction(pm.monitors.run)
    assert "MonitorRun" in str(inspect.signature(pm.monitors.run).return_annotation)
