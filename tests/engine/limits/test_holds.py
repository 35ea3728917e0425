"""No header holds a client longer than an hour, whatever it says."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import define
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from postman_async import PUBLISHED_LIMITS, RateLimitRule
from postman_async.engine.http.response import error_of
from postman_async.engine.http.retry import retry_wait
from postman_async.engine.limits.headers import RateLimit, read_rate_limit
from postman_async.engine.limits.limiter import Limiter
from postman_async.errors import Answer
from postman_async.options import Retries

HOUR = 3600.0
DAY = RateLimitRule(calls=5, seconds=86_400)


@define
class Clock:
    """As much of a loop as the limiter asks for."""

    now: float = 1000.0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, *_: Any) -> Any:
        raise AssertionError("nothing waits here")


def limiter(*rules: RateLimitRule, jitter: float = 0.5) -> tuple[Limiter, Clock]:
    made, clock = Limiter(rules, PUBLISHED_LIMITS, jitter=lambda: jitter), Clock()
    made._loop = clock  # type: ignore[assignment]
    return made, clock


def next_slot(made: Limiter, clock: Clock) -> tuple[Any, float]:
    """Let the next call start; returns its slot and how long it had to wait."""
    group, began = made.group("monitors", "monitors.run"), clock.now
    while (slot := made.try_acquire(group)) is None:
        opens = group.next_start(clock.now)
        assert opens > clock.now
        clock.now = opens
    return slot, clock.now - began


def limits_of(headers: Mapping[str, str]) -> RateLimit:
    return read_rate_limit(CIMultiDict(headers))


numbers = (
    st.integers(0, 10**12).map(str)
    | st.floats(0, 1e12).map(lambda n: f"{n:.3f}")
    | st.sampled_from(["9" * 400, "1" + "0" * 308, "1e999", "inf", "nan", "-1", "", "0", "0.0001"])
    | st.sampled_from(["3600", "3599.99", "3601", "86400", "999999", "4102444800", "99999999999"])
)
values = numbers | st.builds("limit={}, remaining={}, reset={}".format, numbers, numbers, numbers)
policies = st.builds("{};w={}".format, numbers, numbers)
headers = st.dictionaries(
    st.sampled_from(
        ["RateLimit", "RateLimit-Limit", "RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"]
    ),
    values | st.just("Fri, 31 Dec 9999 23:59:59 GMT"),
) | st.fixed_dictionaries({"RateLimit": values, "RateLimit-Policy": policies})
answers = st.lists(st.tuples(st.booleans(), headers), min_size=1, max_size=6)


@settings(max_examples=300)
@given(answers, st.sampled_from([(), tuple(PUBLISHED_LIMITS)]), st.floats(0, 1))
@example([(False, {"RateLimit": f"limit=1, remaining=0, reset={'9' * 400}"})], (), 0.5)
@example([(False, {"RateLimit-Limit": "1", "RateLimit-Policy": "1;w=1000000000"})], (), 0.5)
@example([(False, {"RateLimit": "limit=1, remaining=0, reset=999999"})], (), 0.5)
@example([(True, {"RateLimit": "limit=1, remaining=0, reset=999999"})], (), 1.0)
@example([(True, {"Retry-After": "999999"})] * 3, tuple(PUBLISHED_LIMITS), 1.0)
@example([(True, {"RateLimit": "limit=1", "RateLimit-Policy": "1;w=3600"})] * 3, (), 1.0)
@example([(False, {"RateLimit-Limit": "9" * 400})], (), 0.5)
def test_no_header_holds_a_client_longer_than_an_hour(
    came: list[tuple[bool, dict[str, str]]], rules: tuple[RateLimitRule, ...], jitter: float
) -> None:
    made, clock = limiter(*rules, jitter=jitter)
    for refused, given_headers in came:
        slot, waited = next_slot(made, clock)
        assert waited <= HOUR + 1e-6
        if refused:
            made.on_refusal(slot, limits_of(given_headers))
        else:
            made.on_answer(slot, limits_of(given_headers))
    assert next_slot(made, clock)[1] <= HOUR + 1e-6


@given(headers, st.floats(0, 1), st.sampled_from([429, 503]))
@example({"Retry-After": "3600"}, 1.0, 429)
@example({"Retry-After": "999999"}, 1.0, 503)
def test_no_header_makes_a_call_wait_longer_than_an_hour_before_it_is_sent_again(
    given_headers: dict[str, str], jitter: float, status: int
) -> None:
    """Not even where the caller would wait for ever."""
    error = error_of("GET /me", Answer(status, CIMultiDict(given_headers), b""))
    patient = Retries(max_retry_after=float("inf"))
    wait = retry_wait(error, 1, patient, jitter)
    assert wait is None or 0 <= wait <= HOUR


@pytest.mark.parametrize("value", ["9" * 400, "inf", "nan", "-7", "1e12", "999999999"])
@pytest.mark.parametrize("name", ["X-RateLimit-Reset", "RateLimit-Reset"])
def test_an_absurd_value_tells_nothing(name: str, value: str) -> None:
    assert limits_of({name: value}) == RateLimit()


@pytest.mark.parametrize("value", ["9" * 400, "999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_that_nobody_lives_to_see_is_a_number_that_json_can_hold(value: str) -> None:
    """It ends the call at once, and is kept in its error and in journals."""
    assert limits_of({"Retry-After": value}).retry_after == 366 * 86_400


def test_a_rule_of_yours_may_be_as_long_as_you_want_and_headers_do_not_lengthen_it() -> None:
    made, clock = limiter(DAY)
    slot = [next_slot(made, clock)[0] for _ in range(5)][-1]
    made.on_answer(slot, limits_of({"RateLimit": "limit=5, remaining=0, reset=80000"}))
    assert next_slot(made, clock)[1] > 20 * HOUR
    made, clock = limiter(DAY)
    slot, _ = next_slot(made, clock)
    made.on_answer(slot, limits_of({"RateLimit": "limit=5, remaining=0, reset=80000"}))
    assert next_slot(made, clock)[1] <= HOUR


def test_headers_cannot_add_limits_without_end() -> None:
    made, clock = limiter()
    for seconds in range(1, 200):
        slot, _ = next_slot(made, clock)
        made.on_answer(
            slot, limits_of({"RateLimit-Limit": "9", "RateLimit-Policy": f"9;w={seconds}"})
        )
    assert len(made.windows) <= 16


def test_a_limit_that_was_learned_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "postman_async")
    made, clock = limiter()
    slot, _ = next_slot(made, clock)
    made.on_answer(slot, limits_of({"RateLimit-Limit": "1", "RateLimit-Policy": "1;w=3600"}))
    assert "the service states a limit: 1 calls in 3600 s" in caplog.text


@pytest.mark.looptime
async def test_a_long_hold_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    made = Limiter((), PUBLISHED_LIMITS)
    group = made.group("monitors", "monitors.run")
    slot = await made.acquire(group)
    made.on_answer(slot, limits_of({"RateLimit-Limit": "1", "RateLimit-Policy": "1;w=3600"}))
    await made.acquire(group)
    await made.acquire(group)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "the rate limits let no call start for 3600 s; 1 wait" in record.message
