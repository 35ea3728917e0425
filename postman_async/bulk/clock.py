"""The clocks of this room, in one place, so that a test can set them.

Durations and the ages of runs are told by the monotonic one, which nobody can set.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["monotonic", "wall"]


def monotonic() -> float:
    """Return the time on a clock that only goes forward, in seconds."""
    return time.monotonic()


def wall() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)
