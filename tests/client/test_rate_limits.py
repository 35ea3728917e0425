"""The client keeps to the limits: which ones, what a wait costs a call, and what it shows."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from postman_async import (
    PUBLISHED_LIMITS,
    AsyncPostman,
    CallTimeoutError,
    ConfigurationError,
    ConnectError,
    Postman,
    RateLimitError,
    RateLimitRule,
    Retries,
    Timeout,
)
from tests.support import KEY, SILENCE, reply, scripted

pytestmark = pytest.mark.looptime

ME = (
    '{"user": {"id": 1, "username": "u", "fullName": "U", "email": "e", "avatar": null,'
    ' "isPublic": false}, "operations": []}'
)
RUN = '{"run": {"info": {"monitorId": "m", "status": "success"}}}'
LIMITED = '{"error": {"name": "rateLimited", "message": "slow down"}}'
TWO = RateLimitRule(calls=2, seconds=10)


def now() -> float:
    return asyncio.get_running_loop().time()


def figures(pm: AsyncPostman | Postman) -> dict[str, tuple[int, float]]:
    return {name: (state.limit, state.window) for name, state in pm.rate_limits.items()}


# --- which limits


@pytest.mark.parametrize(
    "url",
    ["https://api.getpostman.com", "https://api.postman.com", "https://api.eu.postman.com/"],
)
async def test_on_the_hosts_of_the_service_the_published_limits_hold(url: str) -> None:
    assert figures(AsyncPostman(KEY, base_url=url)) == {
        "user": (300, 60),
        "monitors": (10, 10),
        "collections.list": (10, 10),
        "imports.openapi": (10, 10),
        "workspaces.list": (10, 10),
        "workspaces.get": (10, 10),
        "workspaces.update": (20, 60),
    }


@pytest.mark.parametrize(
    ("given", "names"),
    [("auto", set()), (None, set()), ("postman", {"user", "monitors"}), ([TWO], {"user"}),
     (TWO, {"user"}), ([], set()),
     ([RateLimitRule(calls=1, seconds=1, bucket="monitors.run")], {"monitors.run"})],
)  # fmt: skip
async def test_on_another_host_the_caller_chooses(given: Any, names: set[str]) -> None:
    pm = AsyncPostman(KEY, base_url="https://proxy.example", rate_limits=given)
    assert names <= set(pm.rate_limits)
    assert bool(names) == bool(pm.rate_limits)


def test_both_clients_show_them() -> None:
    with Postman(KEY) as pm:
        assert figures(pm)["user"] == (300, 60)
        assert (pm.rate_limits.waiting, pm.rate_limits.month_remaining) == (0, None)
        assert "user" in repr(pm.rate_limits)


@pytest.mark.parametrize(
    "given", ["published", 5, [5], [RateLimitRule(calls=1, seconds=1, bucket="monitor")]]
)
async def test_limits_that_cannot_be_meant_are_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="rate_limits"):
        AsyncPostman(KEY, rate_limits=given)


@pytest.mark.parametrize("given", [{"calls": 0, "seconds": 1}, {"calls": 1, "seconds": 0}])
def test_a_rule_allows_something(given: Any) -> None:
    with pytest.raises(ValueError, match=r"calls|seconds"):
        RateLimitRule(**given)


def test_the_published_limits_are_public() -> None:
    assert RateLimitRule(calls=10, seconds=10, bucket="monitors") in PUBLISHED_LIMITS


# --- what a wait costs


async def test_every_attempt_takes_a_slot_and_the_wait_is_reported() -> None:
    """The third attempt is a retry: it waits for a slot as every other call does."""
    answers = [reply(500, LIMITED), reply(500, LIMITED), reply(body=ME)]
    async with (
        scripted(*answers) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=[TWO], timeout=Timeout(read=5.0)) as pm,
    ):
        began = now()
        raw = await pm.users.with_raw_response.me()
        assert 10 <= now() - began <= 11.5
    assert raw.attempts == 3
    assert 8 <= raw.waited <= 10.2


async def test_without_limits_nothing_waits() -> None:
    async with (
        scripted(*[reply(body=ME)] * 20) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=None) as pm,
    ):
        began = now()
        raws = [await pm.users.with_raw_response.me() for _ in range(20)]
    assert now() - began < 1
    assert {raw.waited for raw in raws} == {0.0}


async def test_a_call_that_cannot_start_in_its_time_fails_at_once_and_was_not_sent() -> None:
    async with (
        scripted(reply(body=ME), reply(body=ME)) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=[TWO]) as pm,
    ):
        await asyncio.gather(pm.users.me(), pm.users.me())
        began = now()
        with pytest.raises(CallTimeoutError, match=r"at the earliest.*deadline of 5") as caught:
            await pm.users.me(timeout=5)
        assert now() - began < 0.5
    assert (caught.value.sent, caught.value.attempts) == (False, 0)
    assert len(server.received) == 2


async def test_a_deadline_that_comes_while_it_waits_ends_the_call_unsent() -> None:
    """A later call of higher priority, or a 429, can take the slot that was expected."""
    async with (
        scripted(reply(body=ME), reply(429, LIMITED, Retry_After="60")) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=[TWO]) as pm,
    ):
        await pm.users.me()
        calls = [pm.users.me(retries=1), pm.users.me(timeout=15)]
        refused, late = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(refused, RateLimitError)
    assert isinstance(late, CallTimeoutError)
    assert (late.sent, late.attempts) == (False, 0)
    assert late.waited == pytest.approx(15, abs=0.2)


async def test_the_time_of_a_run_begins_when_it_may_start() -> None:
    rule = RateLimitRule(calls=1, seconds=100, bucket="monitors")
    async with (
        scripted(reply(body=RUN), SILENCE) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=[rule], timeout=Timeout(run=30.0)) as pm,
    ):
        await pm.monitors.run("1-m")
        began = now()
        with pytest.raises(CallTimeoutError, match="30") as caught:
            await pm.monitors.run("1-m")
        assert now() - began == pytest.approx(130, abs=2)
    assert (caught.value.sent, caught.value.attempts) == (True, 1)
    assert caught.value.waited == pytest.approx(100, abs=2)


async def test_after_a_429_all_calls_wait_once_and_only_once() -> None:
    """On a host without published limits, from the header alone."""
    answers = [reply(429, LIMITED, Retry_After="7"), *[reply(body=ME)] * 5]
    async with (
        scripted(*answers) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        began = now()
        first = asyncio.create_task(pm.users.with_raw_response.me())
        await asyncio.sleep(2)
        rest = [await pm.users.with_raw_response.me() for _ in range(3)]
        raw = await first
        assert 7 <= now() - began <= 8.5
    assert (raw.attempts, [r.attempts for r in rest]) == (2, [1, 1, 1])
    assert 6 <= raw.waited <= 8.5


async def test_a_wait_longer_than_others_are_held_for_is_still_kept_by_its_call() -> None:
    answers = [reply(429, LIMITED, Retry_After="200"), reply(body=ME)]
    patient = Retries(max_retry_after=300.0)
    async with (
        scripted(*answers) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=[TWO], retries=patient) as pm,
    ):
        began = now()
        await pm.users.me()
        assert 200 <= now() - began <= 205


async def test_the_slot_of_a_call_that_was_never_sent_is_released() -> None:
    async with AsyncPostman(KEY, base_url="http://127.0.0.1:9", rate_limits=[TWO], retries=1) as pm:
        for _ in range(5):
            with pytest.raises(ConnectError):
                await pm.users.me()
        assert pm.rate_limits["user"].remaining == 2


# --- what is shown


async def test_the_state_shows_what_is_left_and_how_many_wait() -> None:
    async with (
        scripted(*[reply(body=ME)] * 5) as server,
        AsyncPostman(KEY, base_url=server.url, rate_limits=[TWO]) as pm,
    ):
        await pm.users.me()
        state = pm.rate_limits["user"]
        assert (state.limit, state.remaining, state.window) == (2, 1, 10)
        assert 9 < state.reset <= 10
        calls = [asyncio.create_task(pm.users.me()) for _ in range(4)]
        await asyncio.sleep(2)
        assert (pm.rate_limits.waiting, pm.rate_limits["user"].waiting) == (3, 3)
        await asyncio.gather(*calls)
        assert pm.rate_limits.waiting == 0


async def test_the_quota_of_the_month_is_shown_and_each_step_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    left = [500, 190, 180, 90, 40, 40, 0]
    answers = [
        reply(body=ME, X_RateLimit_Limit_Month="1000", X_RateLimit_Remaining_Month=str(n))
        for n in left
    ]
    low = []
    async with scripted(*answers) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with caplog.at_level(logging.WARNING, "postman_async"):
            for _ in left:
                await pm.users.me()
                low.append(pm.rate_limits.month_low)
        assert (pm.rate_limits.month_limit, pm.rate_limits.month_remaining) == (1000, 0)
    assert low == [False, False, False, True, True, True, True]
    logged = [record.getMessage().split(" ")[0] for record in caplog.records]
    assert logged == ["190", "90", "40", "0"]
