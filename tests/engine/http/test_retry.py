"""A call is sent again only where that is safe and of use, and after a wait within bounds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from postman_async.engine.http.response import error_of
from postman_async.engine.http.retry import may_retry, retry_wait
from postman_async.errors import (
    Answer,
    CallTimeoutError,
    ConfigurationError,
    ConnectError,
    DisconnectedError,
    InvalidArgumentError,
    InvalidResponseError,
    PostmanError,
    RedirectError,
    ResponseValidationError,
)
from postman_async.options import Retries

CALL = "POST /monitors/1-a/run"
ALL_HEADERS = {
    "Retry-After": "1",
    "RateLimit-Reset": "1",
    "X-RateLimit-Remaining": "0",
}


def answered(status: int, name: str | None = None, **headers: str) -> PostmanError:
    """Make the error of an answer with that status, error name and headers."""
    spelled = {key.replace("_", "-"): value for key, value in headers.items()}
    content = json.dumps({"error": {"name": name, "message": "m"}}).encode()
    return error_of(CALL, Answer(status, CIMultiDict(spelled), content))


def waiting(seconds: float | None, status: int = 503) -> PostmanError:
    """Make the error of an answer that asks for that wait, or for none."""
    return answered(status) if seconds is None else answered(status, Retry_After=f"{seconds:.6f}")


# --- whether: the table of the module, row by row

NOT_TAKEN = [
    ConnectError(CALL, "refused"),
    answered(429),
    answered(429, "rateLimited"),
    answered(429, "rateLimitError", RateLimit_Reset="3"),
    answered(429, "rateLimited", Retry_After="100000"),
    answered(503, Retry_After="0"),
    answered(503, RetryAfter="3"),
    answered(503, X_RateLimit_RetryAfter="3"),
    answered(503, Retry_After="Sun, 01 Mar 2026 12:01:30 GMT"),
]
AMBIGUOUS = [
    answered(500),
    answered(500, "serverError"),
    answered(502),
    answered(504),
    answered(503),
    answered(503, Retry_After="soon"),
    answered(503, RateLimit_Reset="3"),
    answered(500, Retry_After="3"),
    answered(502, Retry_After="3"),
    answered(504, Retry_After="3"),
    DisconnectedError(CALL, "reset by peer"),
    CallTimeoutError(CALL, "silence"),
]
FINAL = [
    *(answered(status, **ALL_HEADERS) for status in range(400, 429)),
    *(answered(status, **ALL_HEADERS) for status in (501, 505, 507, 511, 529)),
    answered(429, "serviceLimitExhausted"),
    answered(429, "serviceLimitExhausted", Retry_After="1"),
    RedirectError(CALL, 301, "https://elsewhere.example"),
    answered(307, Retry_After="1"),
    InvalidResponseError(CALL, Answer(200, {}, b""), "cut"),
    ResponseValidationError(CALL, ["$: missing"]),
    ConfigurationError("no key"),
    InvalidArgumentError("empty id"),
    PostmanError("anything"),
]


@pytest.mark.parametrize("error", NOT_TAKEN, ids=str)
def test_what_the_service_did_not_take_is_sent_again_by_every_method(error: PostmanError) -> None:
    assert may_retry(error, idempotent=True)
    assert may_retry(error, idempotent=False)


@pytest.mark.parametrize("error", AMBIGUOUS, ids=str)
def test_what_may_have_been_done_is_sent_again_only_where_twice_is_once(
    error: PostmanError,
) -> None:
    """A monitor must never run twice because an answer was lost."""
    assert may_retry(error, idempotent=True)
    assert not may_retry(error, idempotent=False)


@pytest.mark.parametrize("error", FINAL, ids=str)
def test_anything_else_is_never_sent_again(error: PostmanError) -> None:
    """Above all ``serviceLimitExhausted``, whatever wait the answer names."""
    assert not may_retry(error, idempotent=True)
    assert not may_retry(error, idempotent=False)


# --- when

WAIT = Retries(attempts=10, backoff=0.5, max_backoff=30, max_retry_after=120)
jitters = st.floats(0, 1)


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_a_call_is_sent_as_often_as_allowed_and_no_more(attempts: int) -> None:
    retries = Retries(attempts=attempts)
    waits = [retry_wait(waiting(None), n, retries, 0.5) for n in range(1, attempts + 1)]
    assert None not in waits[:-1]
    assert waits[-1] is None


def test_one_attempt_is_no_retry_even_when_the_service_names_a_wait() -> None:
    assert retry_wait(waiting(0), 1, Retries(attempts=1), 0.5) is None


def test_the_wait_of_our_own_doubles_up_to_its_cap() -> None:
    waits = [retry_wait(waiting(None), n, WAIT, 1.0) for n in range(1, 10)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


@given(st.integers(1, 10_000), jitters, st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_wait_of_our_own_stays_between_half_and_whole(
    attempt: int, jitter: float, backoff: float, cap: float
) -> None:
    """Half at least, so that a wait is one; below the cap, however many attempts there were."""
    retries = Retries(attempts=20_000, backoff=backoff, max_backoff=cap)
    wait = retry_wait(waiting(None), attempt, retries, jitter)
    ceiling = min(backoff * 2.0 ** min(attempt - 1, 30), cap)
    assert wait is not None
    assert ceiling / 2 <= wait <= ceiling


@given(st.floats(0, 120), jitters, st.integers(1, 9), st.sampled_from([429, 503, 500]))
def test_a_named_wait_is_kept_and_spread_by_a_second_at_most(
    seconds: float, jitter: float, attempt: int, status: int
) -> None:
    """Coming back earlier is refused again, and all together is a rush."""
    wait = retry_wait(waiting(seconds, status), attempt, WAIT, jitter)
    named = float(f"{seconds:.6f}")
    assert wait is not None
    assert named <= wait <= named + 1


def test_two_waiters_with_the_same_named_wait_do_not_come_back_together() -> None:
    for seconds in (0, 1, 60):
        first, second = (retry_wait(waiting(seconds), 1, WAIT, j) for j in (0.1, 0.9))
        assert first != second


def test_a_named_wait_longer_than_we_are_willing_to_wait_ends_it() -> None:
    assert retry_wait(waiting(120), 1, WAIT, 0) == 120
    assert retry_wait(waiting(120.1), 1, WAIT, 0) is None
    assert retry_wait(answered(429, Retry_After="9" * 400), 1, WAIT, 0) is None


def test_the_cap_of_named_waits_is_not_that_of_our_own() -> None:
    """``max_backoff`` must not make us come back before the time the service named."""
    retries = Retries(backoff=0.5, max_backoff=1, max_retry_after=60)
    assert retry_wait(waiting(50), 1, retries, 0) == 50


def test_a_rate_limit_without_retry_after_waits_for_the_window_to_end() -> None:
    assert retry_wait(answered(429, RateLimit_Reset="8"), 1, WAIT, 0) == 8
    assert retry_wait(answered(429, Retry_After="3", RateLimit_Reset="8"), 1, WAIT, 0) == 3


def test_the_end_of_the_window_says_nothing_about_other_failures() -> None:
    assert retry_wait(answered(500, RateLimit_Reset="8"), 1, WAIT, 1) == 0.5


@pytest.mark.parametrize(
    "error", [ConnectError(CALL, "refused"), DisconnectedError(CALL, "reset")], ids=str
)
def test_failures_without_an_answer_wait_by_the_backoff(error: PostmanError) -> None:
    assert retry_wait(error, 2, WAIT, 1.0) == 1


def test_a_backoff_of_zero_does_not_wait() -> None:
    assert retry_wait(waiting(None), 3, Retries(backoff=0), 1.0) == 0
