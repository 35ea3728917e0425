"""Values of headers."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime

__all__ = ["retry_after"]


def retry_after(now: datetime, seconds: float, *, date: bool) -> str:
    """Return the value of a ``Retry-After`` header: seconds, or an HTTP date."""
    if date:
        return format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    return f"{seconds:g}"
