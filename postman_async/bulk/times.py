"""Reads the times that the service writes: ISO 8601 in bodies, HTTP dates in headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["SKEW", "has_whole_seconds", "parse_date", "parse_time"]

SKEW = 1.0
"""Seconds by which the clocks of the service's machines may differ."""


def parse_time(text: object) -> datetime | None:
    """Read a time in ISO 8601; a time without a zone is in UTC.

    Returns:
        The time, or None if the value is not one.

    """
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def has_whole_seconds(started_at: str) -> bool:
    """Return whether a time has no fraction of a second, as in samples of the service."""
    time = parse_time(started_at)
    return time is None or time.microsecond == 0


def parse_date(headers: Mapping[str, str]) -> datetime | None:
    """Read the ``Date`` header of an answer.

    Returns:
        The date, or None if the header is missing or unreadable.

    """
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
