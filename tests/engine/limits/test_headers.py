"""The limits are read from every spelling the service has used, and garbage is no limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from postman_async.engine.limits.headers import RateLimit, read_rate_limit

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
WAITS = [
    "Retry-After",
    "RetryAfter",
    "X-RateLimit-RetryAfter",
    "retry-after",
    "X-RATELIMIT-RETRYAFTER",
]
SPELLINGS = [
    "Retry-After",
    "RetryAfter",
    "X-RateLimit-RetryAfter",
    "RateLimit",
    "RateLimit-Policy",
    *(
        f"{prefix}RateLimit-{name}"
        for prefix in ("", "X-")
        for name in ("Limit", "Remaining", "Reset", "Limit-Month", "Remaining-Month")
    ),
]


def read(**headers: str) -> RateLimit:
    """Read headers given by name, with an underscore for each hyphen."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_rate_limit(CIMultiDict(spelled), NOW)


def wait(name: str, value: str) -> float | None:
    """Read one header, and return the wait it asks for."""
    return read_rate_limit(CIMultiDict({name: value}), NOW).retry_after


# --- limits


def test_no_header_is_no_limit() -> None:
    assert read() == RateLimit()


@pytest.mark.parametrize("prefix", ["RateLimit", "X-RateLimit", "x-ratelimit", "RATELIMIT"])
def test_the_three_headers_are_read_with_and_without_x(prefix: str) -> None:
    headers = {f"{prefix}-Limit": "300", f"{prefix}-Remaining": "12", f"{prefix}-Reset": "7"}
    assert read_rate_limit(CIMultiDict(headers), NOW) == RateLimit(limit=300, remaining=12, reset=7)


@pytest.mark.parametrize(
    "value",
    [
        "limit=300, remaining=12, reset=7",
        "limit=300,remaining=12,reset=7",
        "Reset = 7; Remaining=12; LIMIT=300",
    ],
)
def test_the_combined_header_is_read(value: str) -> None:
    assert read(RateLimit=value) == RateLimit(limit=300, remaining=12, reset=7)


def test_the_combined_header_is_completed_by_the_single_ones() -> None:
    limits = read(RateLimit="remaining=12", RateLimit_Limit="300", X_RateLimit_Reset="7.5")
    assert limits == RateLimit(limit=300, remaining=12, reset=7.5)


def test_fractions_of_a_second_are_kept() -> None:
    """Cut off, they would send us back too early."""
    assert read(RateLimit="limit=300, remaining=0, reset=7.5").reset == 7.5
    assert read(RateLimit_Reset="0.25").reset == 0.25


@pytest.mark.parametrize("policy", ["300;w=60", "300; w=60", '"user";q=300, 300;w=60;burst=5'])
def test_the_window_is_read_from_the_policy(policy: str) -> None:
    assert read(RateLimit_Policy=policy) == RateLimit(window=60)


@pytest.mark.parametrize("prefix", ["", "X_"])
def test_the_month_is_counted_beside_the_minute(prefix: str) -> None:
    limits = read(
        **{
            f"{prefix}RateLimit_Limit_Month": "10000",
            f"{prefix}RateLimit_Remaining_Month": "77",
            f"{prefix}RateLimit_Remaining": "3",
        }
    )
    assert limits == RateLimit(month_limit=10000, month_remaining=77, remaining=3)


# --- points in time


def test_a_reset_given_as_an_epoch_is_the_time_until_then() -> None:
    epoch = int(NOW.timestamp()) + 42
    assert read(X_RateLimit_Reset=str(epoch)).reset == 42
    assert read(RateLimit=f"limit=1, remaining=0, reset={epoch}").reset == 42


def test_an_epoch_in_the_past_is_no_wait() -> None:
    epoch = int(NOW.timestamp()) - 42
    assert read(X_RateLimit_Reset=str(epoch)).reset == 0
    assert wait("Retry-After", str(epoch)) == 0


def test_the_present_time_is_used_when_none_is_passed() -> None:
    epoch = int(datetime.now(UTC).timestamp()) + 1000
    reset = read_rate_limit(CIMultiDict({"X-RateLimit-Reset": str(epoch)})).reset
    assert reset is not None
    assert 900 < reset <= 1000


# --- the wait


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("2.5", 2.5),
        ("007", 7),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date(name: str, value: str, seconds: float) -> None:
    assert wait(name, value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 01 Mar 2026 12:00:10 GMT",
        "Sunday, 01-Mar-26 12:00:10 GMT",
        "Sun Mar  1 12:00:10 2026",
        "Sun, 01 Mar 2026 13:00:10 +0100",
        "01 Mar 2026 12:00:10",
    ],
)
def test_dates_are_read_in_every_form_http_allows(value: str) -> None:
    assert wait("Retry-After", value) == 10


@pytest.mark.parametrize(
    "value", ["Sun, 01 Mar 2026 11:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_a_date_in_the_past_is_no_wait(value: str) -> None:
    assert wait("Retry-After", value) == 0


def test_a_wait_given_as_an_epoch_is_the_time_until_then() -> None:
    assert wait("Retry-After", str(int(NOW.timestamp()) + 9)) == 9


def test_the_standard_spelling_wins() -> None:
    assert read(Retry_After="3", RetryAfter="4", X_RateLimit_RetryAfter="5").retry_after == 3


def test_garbage_in_one_spelling_does_not_hide_another() -> None:
    assert read(Retry_After="soon", X_RateLimit_RetryAfter="5").retry_after == 5
    assert read(X_RateLimit_Reset="7", RateLimit_Reset="later").reset == 7


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))
)
def test_any_http_date_gives_the_seconds_until_then(moment: datetime) -> None:
    until = wait("Retry-After", format_datetime(moment, usegmt=True))
    assert until == max(timedelta(0), moment.replace(microsecond=0) - NOW).total_seconds()


# --- garbage


@pytest.mark.parametrize(
    "value",
    ["", "-1", "+5", "1e3", "nan", "inf", "0x10", "1,2", "5s", "\u0665", "\u00b2", "None", "never"],
)
@pytest.mark.parametrize("name", SPELLINGS)
def test_what_is_neither_a_number_nor_a_date_is_no_limit(name: str, value: str) -> None:
    assert read_rate_limit(CIMultiDict({name: value}), NOW) == RateLimit()


garbage = st.text(max_size=30) | st.from_regex(r"[0-9;=,.:\-+ GMTwlimitrs]{0,40}", fullmatch=True)
datelike = st.builds(
    " ".join,
    st.lists(
        st.sampled_from(
            [
                "Sun,",
                "01",
                "Mar",
                "2026",
                "99999999999",
                "12:00:00",
                "-0000",
                "+9999",
                "GMT",
                "0",
                "",
            ]
        ),
        max_size=8,
    ),
)


@given(st.dictionaries(st.sampled_from(SPELLINGS), garbage | datelike, min_size=1))
@example({"Retry-After": "9" * 400})
@example({"RateLimit": f"limit={'9' * 400}, remaining={'9' * 400}, reset={'9' * 400}"})
@example({"RateLimit-Policy": f"1;w={'9' * 400}"})
@example({"Retry-After": "Mon, 01 Jan 0001 00:00:00 +2359"})
@example({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"})
@example({"Retry-After": "Sun, 01 Mar 2026 12:00:00 " + "9" * 5000})
def test_garbage_never_raises_and_no_time_is_negative(headers: dict[str, str]) -> None:
    limits = read_rate_limit(CIMultiDict(headers), NOW)
    assert limits.retry_after is None or limits.retry_after >= 0
    assert limits.reset is None or limits.reset >= 0
