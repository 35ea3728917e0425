"""Schedules of monitors: cron patterns, time zones, and the time of the next run."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from postman_async.emulator.errors import bad_request
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import iso, now

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["UNSCHEDULED", "checked_schedule", "with_next_run"]

Json: TypeAlias = dict[str, Any]

UNSCHEDULED: Json = {"cron": "", "timezone": "UTC"}
"""The schedule of a monitor without scheduled runs, such as a webhook's."""

# Only the fields and names of POSIX: croniter accepts more than the service does.
_NUMBERS = r"[0-9*,/-]{1,60}"
_NAMES = r"(?:[0-9*,/-]|[a-zA-Z]{3}){1,60}"
_FIVE_FIELDS = re.compile(rf"{_NUMBERS}(?: +{_NUMBERS}){{2}}(?: +{_NAMES}){{2}}", re.ASCII)


def checked_schedule(value: Any, before: Json | None = None) -> Json:
    """Return a validated ``{cron, timezone}``; absent keys are taken from the earlier schedule."""
    given = {**(before or {}), **validation.mapping(value, "schedule")}
    cron = validation.text(validation.required(given, "cron", "schedule"), "schedule.cron")
    zone = validation.text(validation.required(given, "timezone", "schedule"), "schedule.timezone")
    found = _zone(zone)
    if not _FIVE_FIELDS.fullmatch(cron) or _following(cron, found) is None:
        message = "The cron pattern is not allowed."
        raise bad_request(message, "cronPatternNotAllowedError", {"pattern": cron})
    return {"cron": cron, "timezone": zone}


def with_next_run(schedule: Json) -> Json:
    """Return a stored schedule with ``nextRun``, in UTC; None if there is no further run."""
    if not schedule["cron"]:
        return dict(schedule)
    following = _following(schedule["cron"], _zone(schedule["timezone"]))
    return {**schedule, "nextRun": None if following is None else iso(following)}


def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    try:
        # For paths such as "../" and for directories ZoneInfo raises ValueError or OSError.
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        details = {"timezone": name}
        raise bad_request("Invalid timezone", "invalidTimezoneError", details) from None


def _following(cron: str, zone: ZoneInfo) -> datetime | None:
    from croniter import CroniterError, croniter  # type: ignore[import-untyped]

    try:
        following: datetime = croniter(cron, now().astimezone(zone)).get_next(datetime)
    except (CroniterError, ValueError, OverflowError):
        return None
    return following
