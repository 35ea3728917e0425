"""Which limit the headers of an answer describe: pure.

A call counts against several limits at once, and the headers name none of them.  The figures do:
300 is the limit of the user, 10 that of a group of calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from postman_async.engine.limits.headers import LONGEST_WAIT
from postman_async.options import RateLimitRule

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit
    from postman_async.engine.limits.windows import Window

__all__ = ["match_refusal", "match_window", "rule_from_headers"]

_DEFAULT_SECONDS = 60.0
"""The length of a window that no header states."""


def match_window(windows: Sequence[Window], limits: RateLimit) -> Window | None:
    """Find the window with the figures of the headers, or the one with the nearest figures."""
    if limits.limit is None:
        return windows[0] if len(windows) == 1 and limits.remaining is not None else None
    if limits.window is not None:
        windows = [w for w in windows if math.isclose(w.seconds, limits.window)]
    limit = max(1, limits.limit)
    return min(windows, key=lambda w: abs(math.log(limit / w.limit)), default=None)


def match_refusal(windows: Sequence[Window], limits: RateLimit, now: float) -> Window | None:
    """Find the window that a 429 is about.

    If its headers have no figures, it is the fullest of the windows that are not shorter than the
    wait which the service asks for.
    """
    found = match_window(windows, limits) if limits.limit is not None else None
    if found is not None or not windows:
        return found
    wait = limits.retry_after or limits.reset or 0.0
    long_enough = [w for w in windows if wait <= w.seconds + 1] or windows
    return max(long_enough, key=lambda w: (w.used(now) / w.limit, -w.seconds))


def rule_from_headers(
    published: Iterable[RateLimitRule], buckets: Iterable[str | None], limits: RateLimit
) -> RateLimitRule | None:
    """Make the rule that the headers of an answer describe.

    Args:
        published: the known rules; one with the same figure says which bucket is counted, and the
            length of the window if the headers do not.
        buckets: the buckets that the answered call counts against.
        limits: the headers.

    Returns:
        The rule; None if the headers state no limit, or one of a window longer than an hour.

    """
    if limits.limit is None or limits.limit < 1:
        return None
    counted = list(buckets)
    for rule in published:
        same_window = limits.window is None or math.isclose(rule.seconds, limits.window)
        if rule.bucket in counted and rule.calls == limits.limit and same_window:
            return rule
    seconds = limits.window or limits.reset or _DEFAULT_SECONDS
    if seconds > LONGEST_WAIT:
        return None  # its pace would stop the client for as long; a 429 says when it is reached
    bucket = next((name for name in counted if name is not None), None)
    return RateLimitRule(calls=limits.limit, seconds=max(seconds, 1.0), bucket=bucket)
