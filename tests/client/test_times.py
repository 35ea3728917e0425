"""Timeouts, deadlines and the waits between attempts, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from postman_async import (
    AsyncPostman,
    CallTimeoutError,
    InvalidArgumentError,
    RateLimitError,
    RateLimitRule,
    Retries,
    ServerError,
    Timeout,
)
from postman_async.emulator import PostmanEmulator
from tests.support import HANG_UP, KEY, SILENCE, reply, scripted

pytestmark = pytest.mark.looptime

ME = (
    '{"user": {"id": 1, "username": "u", "fullName": "U", "email": "e", "avatar": null,'
    ' "isPublic": false}, "operations": []}'
)
LIMITED = '{"error": {"name": "rateLimited", "message": "slow down"}}'
FAILED = '{"error": {"name": "serverError", "message": "sorry"}}'


def now() -> float:
    return asyncio.get_running_loop().time()


async def seconds_of_a_run(pm: AsyncPostman, emulator: PostmanEmulator, duration: float) -> float:
    uid = emulator.add_monitor("long", duration=duration)
    began = now()
    run = (await pm.monitors.with_raw_response.run(uid)).value
    assert run.info.status == ("success" if duration < 300 else "running")
    return now() - began


async def test_a_run_may_be_silent_for_longer_than_any_read_timeout(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    """299 s without a byte, where other calls give up after 60 s."""
    assert await seconds_of_a_run(pm, local_emulator, 299.0) == pytest.approx(299, abs=1)


async def test_the_202_of_a_run_over_300_s_arrives(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    """The default total timeout of aiohttp, 300 s, loses exactly this answer."""
    assert await seconds_of_a_run(pm, local_emulator, 1000.0) == pytest.approx(300, abs=1)


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(Timeout(), 1200), (Timeout(run=90.0), 90), (Timeout(total=30.0), 30), (500, 500)],
)
async def test_a_run_has_a_deadline_of_its_own(timeout: Timeout | float, seconds: float) -> None:
    async with scripted(SILENCE) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        began = now()
        with pytest.raises(CallTimeoutError, match="deadline") as caught:
            await pm.monitors.run("1-m", timeout=timeout)
    assert now() - began == pytest.approx(seconds, abs=2)
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.attempts, len(server.received)) == (1, 1)


async def test_another_call_waits_60_s_for_a_silent_service() -> None:
    async with scripted(SILENCE) as server, AsyncPostman(KEY, base_url=server.url, retries=1) as pm:
        began = now()
        with pytest.raises(CallTimeoutError, match="silent"):
            await pm.users.me()
    assert now() - began == pytest.approx(60, abs=2)


@asynccontextmanager
async def dripping(every: float, start: bytes = b"HTTP/1.1 200 OK\r\n") -> AsyncIterator[str]:
    """Answer so that no read timeout ever notices: a little of the header from time to time."""

    writers: list[asyncio.StreamWriter] = []

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(start)
            while not reader.at_eof() and not writer.is_closing():
                await asyncio.sleep(every)
                writer.write(b"x")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # the sockets close in the next turn of the loop


BODY_TO_COME = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", BODY_TO_COME], ids=["head", "body"])
@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(Timeout(), 600), (Timeout(call=90.0), 90), (Timeout(total=700.0), 700), (700, 700)],
)
async def test_an_answer_that_comes_drop_by_drop_has_a_bound(
    timeout: Timeout | float, seconds: float, start: bytes
) -> None:
    """It is never silent for the read timeout."""
    async with dripping(50, start) as url, AsyncPostman(KEY, base_url=url) as pm:
        began = now()
        with pytest.raises(CallTimeoutError, match=f"deadline of {seconds}"):
            await pm.users.me(timeout=timeout)
    assert now() - began == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize("timeout", [None, Timeout(call=None)])
async def test_that_bound_can_be_lifted(timeout: Timeout | None) -> None:
    async with dripping(50) as url, AsyncPostman(KEY, base_url=url, timeout=timeout) as pm:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10_000):
                await pm.users.me()
    assert now() >= 10_000


async def test_a_large_body_has_more_time_to_be_sent() -> None:
    """At the rate at which 100 kB take a second."""
    async with scripted(SILENCE) as server:
        timeout = Timeout(call=30.0, read=None)
        async with AsyncPostman(KEY, base_url=server.url, timeout=timeout) as pm:
            began = now()
            with pytest.raises(CallTimeoutError, match=r"deadline of 50\.0 s"):
                await pm.apis.create(name="n" * 2_000_000)
    assert now() - began == pytest.approx(50, abs=2)


async def test_the_wait_for_a_place_is_not_time_of_the_call() -> None:
    """Many calls at once wait for the rate limit as long as it takes."""
    rule = RateLimitRule(calls=1, seconds=400)
    answers = [reply(body=ME)] * 3
    async with (
        scripted(*answers) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=[rule]) as pm,
    ):
        await asyncio.gather(*(pm.users.me() for _ in answers))
    assert now() >= 800


async def test_a_read_that_timed_out_is_repeated_where_that_is_safe() -> None:
    async with (
        scripted(SILENCE, reply(body=ME)) as server,
        AsyncPostman(KEY, base_url=server.url, timeout=Timeout(read=5.0)) as pm,
    ):
        raw = await pm.users.with_raw_response.me()
    assert raw.attempts == 2


async def test_the_total_of_a_call_includes_its_waits() -> None:
    busy = reply(503, FAILED, Retry_After="40")
    async with scripted(busy, busy, busy) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        began = now()
        with pytest.raises(CallTimeoutError, match="50 s"):
            await pm.users.me(timeout=50)
    assert now() - began == pytest.approx(50, abs=1)


@pytest.mark.parametrize("name", ["Retry-After", "RetryAfter", "X-RateLimit-RetryAfter"])
async def test_the_service_names_the_wait_and_it_is_kept(name: str) -> None:
    """At least what it asks for, and not much more."""
    limited = reply(429, LIMITED, **{name: "7"})
    async with (
        scripted(limited, reply(body=ME)) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        began = now()
        await pm.users.me()
    assert 7 <= now() - began <= 8.5


async def test_a_wait_can_be_named_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=20)
    limited = reply(429, LIMITED, Retry_After=format_datetime(moment, usegmt=True))
    async with (
        scripted(limited, reply(body=ME)) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        began = now()
        await pm.users.me()
    assert 15 <= now() - began <= 22


async def test_a_longer_wait_than_allowed_is_an_error_at_once() -> None:
    limited = reply(429, LIMITED, Retry_After="121")
    async with scripted(limited) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        began = now()
        with pytest.raises(RateLimitError) as caught:
            await pm.users.me()
    assert (caught.value.retry_after, caught.value.attempts) == (121, 1)
    assert now() - began < 1


async def test_waits_of_our_own_grow_and_are_capped() -> None:
    """0.5, 1, 2 and then 3 s at most, each at least half of that."""
    failures = [reply(500, FAILED)] * 5
    retries = Retries(attempts=6, backoff=0.5, max_backoff=3.0)
    async with (
        scripted(*failures, reply(body=ME)) as server,
        AsyncPostman(KEY, base_url=server.url, retries=retries) as pm,
    ):
        began = now()
        raw = await pm.users.with_raw_response.me()
    assert raw.attempts == 6
    assert 4.75 <= now() - began <= 9.5


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("method", ["get", "delete"])
async def test_an_idempotent_call_is_sent_again_after_a_passing_failure(
    status: int, method: str
) -> None:
    answer = '{"monitor": {"id": "m", "uid": "1-m"}}'
    async with (
        scripted(reply(status, FAILED), HANG_UP, reply(body=answer)) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        raw = await getattr(pm.monitors.with_raw_response, method)("1-m")
    assert (raw.attempts, len(server.received)) == (3, 3)


async def test_attempts_are_settable_for_the_client_and_for_a_call() -> None:
    answers = [reply(500, FAILED)] * 5
    async with (
        scripted(*answers) as server,
        AsyncPostman(KEY, base_url=server.url, retries=2) as pm,
    ):
        for retries, attempts in ((None, 2), (1, 1), (Retries(attempts=2, backoff=0), 2)):
            options = {} if retries is None else {"retries": retries}
            with pytest.raises(ServerError) as caught:
                await pm.call("users.me", **options)
            assert caught.value.attempts == attempts
    assert len(server.received) == 5


async def test_options_that_make_no_sense_are_refused_before_anything_is_sent() -> None:
    async with scripted() as server, AsyncPostman(KEY, base_url=server.url) as pm:
        for options in ({"retries": 0}, {"timeout": -1}, {"timeout": "5"}, {"tiemout": 5}):
            with pytest.raises(InvalidArgumentError, match=r"users\.me"):
                await pm.call("users.me", **options)
    assert server.connections == 0
