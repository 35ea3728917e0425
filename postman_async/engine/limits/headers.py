"""The rate limit headers of an answer, in every spelling the service has used.

See https://learning.postman.com/docs/developer/postman-api/postman-api-rate-limits/ and the draft
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from attrs import frozen

__all__ = ["LONGEST_WAIT", "NO_LIMITS", "RateLimit", "read_rate_limit"]

LONGEST_WAIT = 3600.0
"""Seconds; no header makes a client wait longer, and no limit of a longer window is learned."""

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
"""A larger number of seconds is not a wait but a point in time."""
_MAX_SECONDS = 366 * 86_400.0
"""A longer reset or window is ignored, and a longer wait is cut to this."""
_MAX_CALLS = 10**9
_MAX_LENGTH = 256
"""Characters of a header's value that are read."""


@frozen(kw_only=True)
class RateLimit:
    """The limits that the headers of one answer state; ``None`` for what they do not state.

    Args:
        limit: calls allowed in the window.
        remaining: calls left in the window.
        reset: seconds until the window ends.
        window: the length of the window in seconds.
        retry_after: seconds that the service asks to wait before the next call.
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


NO_LIMITS = RateLimit()
"""The limits of an answer without such headers."""


def read_rate_limit(headers: Mapping[str, str], now: datetime | None = None) -> RateLimit:
    """Read the limits from the headers of an answer.

    Args:
        headers: the headers, a case-insensitive mapping.
        now: the present time, for headers that state a point in time; default: the clock's.

    Returns:
        The limits; `NO_LIMITS` itself if there is no such header.

    """
    if _NAMES.isdisjoint(map(str.lower, headers)):
        return NO_LIMITS
    now = now or datetime.now(UTC)
    headers = {name.lower(): v[:_MAX_LENGTH] for name, v in reversed([*headers.items()])}
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
    return None if value is None or value > _MAX_CALLS else int(value)


def _until(value: float | None, now: datetime) -> float | None:
    if value is not None and value > _EPOCH:
        return _sensible(max(0.0, value - now.timestamp()))
    return _sensible(value)


def _sensible(seconds: float | None) -> float | None:
    return None if seconds is None or seconds > _MAX_SECONDS else seconds


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    seconds = _number(headers, *_RETRY_AFTER)
    if seconds is not None:
        since = now.timestamp() if seconds > _EPOCH else 0.0
        return min(max(0.0, seconds - since), _MAX_SECONDS)
    for name in _RETRY_AFTER:
        moment = _http_date(headers.get(name, ""))
        if moment is not None:
            return min(max(0.0, (moment - now).total_seconds()), _MAX_SECONDS)
    return None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
