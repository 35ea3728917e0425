"""Decides whether a monitor's schedule may have started a run in a given minute.

Only the minute and the hour of a ``cron`` are read; its days are taken to match always.  A cron
that cannot be read may fire at any time, so that no run is wrongly taken for ours.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from postman_async.models.monitors import Monitor

__all__ = ["may_fire"]


def may_fire(monitor: Monitor, when: datetime | None) -> bool:
    """Return whether the schedule of an active monitor may have started a run in that minute."""
    if monitor.active is False:
        return False
    try:
        assert when is not None
        local = when.astimezone(ZoneInfo(monitor.schedule.timezone))
        minute, hour, _, _, _ = monitor.schedule.cron.split()
        return _matches(minute, local.minute, 59) and _matches(hour, local.hour, 23)
    except Exception:  # whatever the service writes there, it must not cost an outcome
        return True


def _matches(field: str, value: int, highest: int) -> bool:
    """Return whether a field of a cron (``*/5``, ``0,30``, ``8-17``) names a value."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = 0 if span == "*" else int(first)
        high = highest if span == "*" or (step and not last) else int(last or first)
        if low <= value <= high and (value - low) % int(step or 1) == 0:
            return True
    return False
