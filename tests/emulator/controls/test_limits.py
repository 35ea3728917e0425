"""Limits as the service has them: who is refused, what the answers tell, and when it is over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async import AsyncPostman, UsageLimitError
from postman_async.emulator import EmulatorError, Limits, PostmanEmulator
from postman_async.emulator.controls.faults import RetryAfter
from postman_async.emulator.controls.limits import (
    FixedWindow,
    HeaderStyle,
    Rate,
    SlidingWindow,
    bucket_of,
    service_rates,
)
from postman_async.operations import OPERATIONS
from tests.emulator.controls.wire import Wire, send

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


async def ask(emulator: PostmanEmulator, count: int = 1, path: str = "/me") -> Wire:
    """Send some requests, and return the last answer."""
    for _ in range(count - 1):
        assert (await send(emulator, path=path)).status == 200
    return await send(emulator, path=path)


# -- windows ------------------------------------------------------------------------------------

RATES = st.builds(Rate, st.integers(1, 6), st.floats(0.5, 20))
GAPS = st.lists(st.floats(0, 8), max_size=60)


def admitted(window: SlidingWindow | FixedWindow, gaps: list[float]) -> list[float]:
    """Call after each gap, and return the times at which that was allowed."""
    now, times = 1000.0, []
    for gap in gaps:
        now += gap
        if window.state(now).remaining:
            window.take(now)
            times.append(now)
    return times


@given(rate=RATES, gaps=GAPS)
def test_no_sliding_window_has_more_calls_than_allowed(rate: Rate, gaps: list[float]) -> None:
    times = admitted(SlidingWindow(rate), gaps)
    for began in times:
        assert sum(began <= each < began + rate.seconds for each in times) <= rate.calls


@given(rate=RATES, gaps=GAPS)
def test_a_fixed_window_lets_two_of_them_in_at_its_edge_at_most(
    rate: Rate, gaps: list[float]
) -> None:
    times = admitted(FixedWindow(rate), gaps)
    for began in times:
        assert sum(began <= each < began + rate.seconds for each in times) <= 2 * rate.calls


@given(rate=RATES, gaps=GAPS, kind=st.sampled_from([SlidingWindow, FixedWindow]))
def test_who_waits_as_long_as_told_is_let_in(rate: Rate, gaps: list[float], kind: Any) -> None:
    window = kind(rate)
    now = admitted(window, gaps)[-1] if gaps else 1000.0
    wait = window.state(now).reset
    assert 0 <= wait <= rate.seconds + 1e-9
    assert window.state(now + wait + 1e-6).remaining > 0


def test_every_bucket_of_the_client_is_one_of_the_emulator() -> None:
    """They are read from the same description, on ways that share no code."""
    for operation in OPERATIONS.values():
        assert bucket_of(operation.id) == operation.bucket
    assert {o.bucket for o in OPERATIONS.values() if o.bucket} <= service_rates().keys()


# -- over the socket ----------------------------------------------------------------------------


async def test_there_are_none_by_default(postman_emulator: PostmanEmulator) -> None:
    assert postman_emulator.limits is None
    answer = await ask(postman_emulator, 12, "/monitors")
    assert not [name for name in answer.headers if "ratelimit" in name]


@pytest.mark.parametrize(
    ("path", "calls", "seconds"), [("/me", 300, 60), ("/monitors", 10, 10), ("/workspaces", 10, 10)]
)
async def test_the_service_s_own_numbers(path: str, calls: int, seconds: int) -> None:
    async with PostmanEmulator(limits=Limits()) as emulator:
        emulator.clock.freeze(NOON)
        assert (await ask(emulator, calls, path)).status == 200
        refused = await ask(emulator, 1, path)
        assert (refused.status, refused.json["error"]["name"]) == (429, "rateLimited")
        assert refused.headers["retry-after"] == str(seconds)
        emulator.clock.advance(seconds - 0.01)
        assert (await ask(emulator, 1, path)).status == 429
        emulator.clock.advance(0.01)
        assert (await ask(emulator, 1, path)).status == 200


async def test_groups_are_counted_apart_and_all_together() -> None:
    async with PostmanEmulator(limits=Limits(user=(25, 60))) as emulator:
        await ask(emulator, 10, "/monitors")
        await ask(emulator, 10, "/workspaces")
        assert (await ask(emulator, 1, "/monitors")).status == 429
        assert (await ask(emulator, 5, "/me")).status == 200
        assert (await ask(emulator, 1, "/me")).status == 429


async def test_neither_the_echo_service_nor_a_wrong_key_is_counted() -> None:
    async with PostmanEmulator(limits=Limits(user=(1, 60))) as emulator:
        await ask(emulator, 3, "/_echo/get")
        key, emulator._api_key = emulator._api_key, "PMAK-wrong"
        assert (await send(emulator)).status == 401
        emulator._api_key = key
        assert (await ask(emulator)).status == 200


@pytest.mark.parametrize("window", ["sliding", "fixed"])
async def test_a_window_slides_or_ends(window: Any) -> None:
    """Two calls, the second late: a sliding window gives them back one by one."""
    limits = Limits(user=(2, 10), window=window)
    async with PostmanEmulator(limits=limits) as emulator:
        emulator.clock.freeze()
        await ask(emulator)
        emulator.clock.advance(9)
        await ask(emulator)
        emulator.clock.advance(1)
        await ask(emulator)
        assert (await ask(emulator)).status == (429 if window == "sliding" else 200)


STYLES: dict[HeaderStyle, dict[str, str]] = {
    "X-RateLimit-*": {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": str(int(NOON.timestamp()) + 60),
    },
    "RateLimit-*": {
        "ratelimit-limit": "2",
        "ratelimit-remaining": "1",
        "ratelimit-reset": "60",
    },
    "RateLimit": {"ratelimit": "limit=2, remaining=1, reset=60"},
    "RateLimit-Policy": {"ratelimit-policy": "2;w=60"},
}


@pytest.mark.parametrize("style", STYLES)
async def test_what_is_left_is_told_in_every_spelling(style: HeaderStyle) -> None:
    async with PostmanEmulator(limits=Limits(user=(2, 60), headers=[style])) as emulator:
        emulator.clock.freeze(NOON)
        told = (await ask(emulator)).headers
    assert {name: value for name, value in told.items() if "ratelimit" in name} == STYLES[style]


async def test_errors_tell_what_is_left_too() -> None:
    async with PostmanEmulator(limits=Limits()) as emulator:
        answer = await ask(emulator, 1, "/monitors/nothing")
    assert (answer.status, answer.headers["ratelimit-remaining"]) == (404, "9")


@pytest.mark.parametrize("spelling", ["Retry-After", "RetryAfter", "X-RateLimit-RetryAfter", None])
@pytest.mark.parametrize("date", [False, True])
async def test_the_wait_is_told_in_every_spelling(spelling: RetryAfter | None, date: bool) -> None:
    limits = Limits(user=(1, 30), retry_after=spelling, date=date, error="rateLimitError")
    async with PostmanEmulator(limits=limits) as emulator:
        emulator.clock.freeze(NOON)
        refused = await ask(emulator, 2)
    assert (refused.status, refused.json["error"]["name"]) == (429, "rateLimitError")
    names = {"retry-after", "retryafter", "x-ratelimit-retryafter"} & refused.headers.keys()
    assert names == ({spelling.lower()} if spelling else set())
    for name in names:
        value = refused.headers[name]
        moment = parsedate_to_datetime(value) if date else NOON + timedelta(seconds=int(value))
        assert moment == NOON + timedelta(seconds=30)


async def test_a_quota_of_the_month_does_not_come_back_by_waiting() -> None:
    limits = Limits(month=3, buckets={})
    async with PostmanEmulator(limits=limits) as emulator:
        emulator.clock.freeze(NOON)
        told = (await ask(emulator, 2)).headers
        assert (told["x-ratelimit-limit-month"], told["ratelimit-remaining-month"]) == ("3", "1")
        async with AsyncPostman(**emulator.client_options) as pm:
            me = await pm.users.me()
            assert me.operations is not None
            assert (me.operations[0].limit, me.operations[0].usage) == (3, 3)
            with pytest.raises(UsageLimitError) as caught:
                await pm.users.me()
        assert (caught.value.name, caught.value.attempts) == ("serviceLimitExhausted", 1)
        emulator.clock.advance(3600)
        assert (await ask(emulator)).status == 429
        emulator.clock.set(datetime(2026, 4, 1, tzinfo=UTC))
        assert (await ask(emulator)).status == 200


async def test_limits_change_while_it_runs_and_a_reset_brings_the_first_ones_back() -> None:
    async with PostmanEmulator(limits=Limits(user=(1, 60))) as emulator:
        await ask(emulator)
        assert (await ask(emulator)).status == 429
        emulator.limits = None
        await ask(emulator, 5)
        emulator.limits = Limits(user=(2, 60))
        await ask(emulator, 2)
        assert (await ask(emulator)).status == 429
        emulator.reset()
        await ask(emulator)
        assert (await ask(emulator)).status == 429


@pytest.mark.looptime
@pytest.mark.parametrize(("paced", "refused"), [({}, False), ({"rate_limits": None}, True)])
async def test_a_client_gets_through_in_time(
    postman_emulator: PostmanEmulator, paced: dict[str, Any], refused: bool
) -> None:
    """40 calls where 10 in 10 s are allowed, in virtual time: each ends well, after 30 s.

    One that learns the limit from the headers is never refused; one that does not waits as told.
    """
    postman_emulator.limits = Limits()
    began = asyncio.get_running_loop().time()
    async with AsyncPostman(**postman_emulator.client_options, **paced) as pm:
        for _ in range(40):
            await pm.monitors.list()
    assert 30 <= asyncio.get_running_loop().time() - began < 40
    statuses = {entry.status for entry in postman_emulator.requests}
    assert statuses == ({200, 429} if refused else {200})


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": (0, 60)},
        {"user": (10, 0)},
        {"user": 300},
        {"buckets": {"monitors": (1.5, 10)}},
        {"month": -1},
        {"window": "round"},
        {"headers": ["RateLimits"]},
        {"headers": "RateLimit"},
        {"error": "tooMany"},
    ],
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(EmulatorError, match="not "):
        Limits(**wrong)
