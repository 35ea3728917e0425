"""What an answer's headers tell about limits, in every spelling the service has used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from attrs import frozen

__all__ = ["LONGEST_HOLD", "NOTHING_TOLD", "RateLimit", "read_rate_limit"]

LONGEST_HOLD = 3600.0
"""Seconds: no header holds a client for longer, nor is a limit of a longer window learned."""

_RETRY_AFTER = ("retry-after", "retryafter", "x-ratelimit-retryafter")
_PAIR = re.compile(r"\b(\w++)\s*+=\s*+(\d++(?:\.\d++)?)", re.ASCII)
_POLICY = re.compile(r"(?<!\d)(\d++)\s*+;\s*+w=(\d++)", re.ASCII)
_NAMES = frozenset(
    {"ratelimit", "ratelimit-policy", *_RETRY_AFTER}
    | {
        f"{start}-{what}"
        for start in ("ratelimit", "x-ratelimit")
        for what in ("limit", "remaining", "reset", "limit-month", "remaining-month")
    }
)
_EPOCH = 1_000_000_000
"""Larger than any number of seconds to wait: such a reset is a point in time."""
_ABSURD = 366 * 86_400.0
"""Seconds that no limit has: a reset or window of as many tells nothing, and no wait is longer."""
_MOST_CALLS = 10**9
_LONGEST_VALUE = 256
"""Characters of a header; a longer one is none of these."""


@frozen(kw_only=True)
class RateLimit:
    """The limits as one answer told them; ``None`` where it did not.

    Args:
        limit: calls allowed in the window.
        remaining: calls left in the window.
        reset: seconds until the window ends.
        window: the window's length in seconds.
        retry_after: seconds the service asks to wait before the next call.
        month_limit: calls allowed in the month.
        month_remaining: calls left in the month.

    """

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None
    window: float | None = None
    retry_after: float | None = None
    month_limit: int | None = None
    month_remaining: int | None = None


NOTHING_TOLD = RateLimit()
"""What most answers of a server without limits tell."""


def read_rate_limit(headers: Mapping[str, str], now: datetime | None = None) -> RateLimit:
    """Read the limits from an answer's headers (a case-insensitive mapping).

    Args:
        headers: the answer's headers.
        now: the present time, for headers that name a point in time.

    """
    if _NAMES.isdisjoint(map(str.lower, headers)):
        return NOTHING_TOLD
    now = now or datetime.now(UTC)
    headers = {name.lower(): v[:_LONGEST_VALUE] for name, v in reversed([*headers.items()])}
    combined = _combined(headers.get("ratelimit", ""))
    policy = _POLICY.search(headers.get("ratelimit-policy", ""))
    reset = _number(headers, "ratelimit-reset", "x-ratelimit-reset")
    return RateLimit(
        limit=_count(combined.get("limit", _number(headers, *_spelled("limit")))),
        remaining=_count(combined.get("remaining", _number(headers, *_spelled("remaining")))),
        reset=_until(combined.get("reset", reset), now),
        window=_sensible(float(policy[2])) if policy else None,
        retry_after=_retry_after(headers, now),
        month_limit=_count(_number(headers, *_spelled("limit-month"))),
        month_remaining=_count(_number(headers, *_spelled("remaining-month"))),
    )


def _spelled(name: str) -> tuple[str, str]:
    return f"ratelimit-{name}", f"x-ratelimit-{name}"


def _combined(value: str) -> dict[str, float]:
    """Read ``limit=300, remaining=12, reset=7``."""
    return {key: float(number) for key, number in _PAIR.findall(value.lower())}


def _number(headers: Mapping[str, str], *names: str) -> float | None:
    for name in names:
        value = headers.get(name)
        if value is not None and re.fullmatch(r"\s*\d+(\.\d+)?\s*", value, re.ASCII):
            return float(value)
    return None


def _count(value: float | None) -> int | None:
    return None if value is None or value > _MOST_CALLS else int(value)


def _until(value: float | None, now: datetime) -> float | None:
    if value is not None and value > _EPOCH:
        return _sensible(max(0.0, value - now.timestamp()))
    return _sensible(value)


def _sensible(seconds: float | None) -> float | None:
    return None if seconds is None or seconds > _ABSURD else seconds


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    seconds = _number(headers, *_RETRY_AFTER)
    if seconds is not None:
        since = now.timestamp() if seconds > _EPOCH else 0.0
        return min(max(0.0, seconds - since), _ABSURD)
    for name in _RETRY_AFTER:
        moment = _http_date(headers.get(name, ""))
        if moment is not None:
            return min(max(0.0, (moment - now).total_seconds()), _ABSURD)
    return None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
