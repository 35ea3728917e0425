"""What an answer's headers tell about limits, in every spelling the service has used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from attrs import frozen

__all__ = ["NOTHING_TOLD", "RateLimit", "read_rate_limit"]

_RETRY_AFTER = ("retry-after", "retryafter", "x-ratelimit-retryafter")
_PAIR = re.compile(r"(\w+)\s*=\s*(\d+(?:\.\d+)?)", re.ASCII)
_POLICY = re.compile(r"(\d+)\s*;\s*w=(\d+)", re.ASCII)
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
    combined = _combined(headers.get("ratelimit", ""))
    policy = _POLICY.search(headers.get("ratelimit-policy", ""))
    reset = _number(headers, "ratelimit-reset", "x-ratelimit-reset")
    return RateLimit(
        limit=_count(combined.get("limit", _number(headers, *_spelled("limit")))),
        remaining=_count(combined.get("remaining", _number(headers, *_spelled("remaining")))),
        reset=_until(combined.get("reset", reset), now),
        window=float(policy[2]) if policy else None,
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
    return None if value is None else int(min(value, 2**63))


def _until(value: float | None, now: datetime) -> float | None:
    if value is not None and value > _EPOCH:
        return max(0.0, value - now.timestamp())
    return value


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    seconds = _number(headers, *_RETRY_AFTER)
    if seconds is not None:
        return _until(seconds, now)
    for name in _RETRY_AFTER:
        moment = _http_date(headers.get(name, ""))
        if moment is not None:
            return max(0.0, (moment - now).total_seconds())
    return None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
