"""Which limit an answer's headers tell of: pure.

A call counts against several limits at once, and the headers name none of them.  The figures do:
300 is the user's limit, 10 that of a group of calls.  `Known` holds the limits of one call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from postman_async.engine.limits.headers import LONGEST_HOLD
from postman_async.options import RateLimitRule

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit
    from postman_async.engine.limits.windows import Window

__all__ = ["rule_told", "window_refused", "window_told"]

_UNTOLD_SECONDS = 60.0


def window_told(windows: Sequence[Window], told: RateLimit) -> Window | None:
    """Find the limit whose figures the headers give, or the nearest one with another figure."""
    if told.limit is None:
        return windows[0] if len(windows) == 1 and told.remaining is not None else None
    if told.window is not None:
        windows = [w for w in windows if math.isclose(w.seconds, told.window)]
    limit = max(1, told.limit)
    return min(windows, key=lambda w: abs(math.log(limit / w.limit)), default=None)


def window_refused(windows: Sequence[Window], told: RateLimit, now: float) -> Window | None:
    """Find the limit that a 429 tells of.

    Without figures it is the one that is used up most, of those not shorter than the wait.
    """
    found = window_told(windows, told) if told.limit is not None else None
    if found is not None or not windows:
        return found
    wait = told.retry_after or told.reset or 0.0
    long_enough = [w for w in windows if wait <= w.seconds + 1] or windows
    return max(long_enough, key=lambda w: (w.used(now) / w.limit, -w.seconds))


def rule_told(
    published: Iterable[RateLimitRule], names: Iterable[str | None], told: RateLimit
) -> RateLimitRule | None:
    """Make the rule that headers tell of, of a call that counts in the buckets of these names.

    A published rule with that figure says what is counted, and the window's length if need be.
    A limit of a window longer than an hour is not kept.
    """
    if told.limit is None or told.limit < 1:
        return None
    counted = list(names)
    for rule in published:
        same_window = told.window is None or math.isclose(rule.seconds, told.window)
        if rule.bucket in counted and rule.calls == told.limit and same_window:
            return rule
    seconds = told.window or told.reset or _UNTOLD_SECONDS
    if seconds > LONGEST_HOLD:
        return None  # paced by it, the client would rest for as long; a 429 tells when it is met
    bucket = next((name for name in counted if name is not None), None)
    return RateLimitRule(calls=told.limit, seconds=max(seconds, 1.0), bucket=bucket)
