"""What a client shows of its rate limits: the state of each, and the quota of the month."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit
    from postman_async.engine.limits.limiter import Limiter

__all__ = ["MonthlyQuota", "RateLimitState", "RateLimits"]

log: logging.Logger = logging.getLogger("postman_async")

_LOW = 0.1
_WARNINGS = (0.2, _LOW, 0.05, 0.01, 0.0)
"""The fractions of the month's quota at which a warning is logged, once each."""


@frozen(kw_only=True)
class RateLimitState:
    """The present state of one limit.

    Attributes:
        limit: how many calls may start in the window.
        remaining: how many more may start now, as far as this client knows.
        reset: seconds until the next counted call leaves the window; 0 when none is counted.
        window: the length of the window in seconds.
        waiting: how many calls that count against the limit wait.

    """

    limit: int
    remaining: int
    reset: float
    window: float
    waiting: int


@define(eq=False)
class MonthlyQuota:
    """The quota of the month, from the headers of the last answers.

    Attributes:
        limit: how many calls the plan has in a month; None until an answer states it.
        remaining: how many of them are left; None until an answer states it.

    """

    limit: int | None = None
    remaining: int | None = None
    _warned: float = field(default=1.0, init=False)

    def update(self, limits: RateLimit) -> None:
        """Adopt the figures of an answer; log a warning when little is left."""
        if limits.month_limit is not None:
            self.limit = limits.month_limit
        if limits.month_remaining is None:
            return
        self.remaining = limits.month_remaining
        fraction = self.fraction
        if fraction is None or fraction > _WARNINGS[0]:
            self._warned = 1.0  # a new month
            return
        reached = min(level for level in _WARNINGS if fraction <= level)
        if reached < self._warned:
            self._warned = reached
            log.warning("%d of the month's %d API calls are left", self.remaining, self.limit)

    @property
    def fraction(self) -> float | None:
        """The fraction of the quota that is left, from 0 to 1; None if it is not known."""
        if not self.limit or self.remaining is None:
            return None
        return self.remaining / self.limit


class RateLimits(Mapping[str, RateLimitState]):
    """The present limits of a client, by bucket; the bucket ``user`` counts every call.

    The figures are the published or configured ones, corrected by the headers of the answers.
    They include the calls of this client, and those of other clients of the key that the headers
    have shown.
    """

    def __init__(self, limiter: Limiter | None, quota: MonthlyQuota) -> None:
        """Show the state of a limiter and a quota."""
        self._limiter = limiter
        self._quota = quota

    def __getitem__(self, bucket: str) -> RateLimitState:
        """Return the present state of the limit of a bucket."""
        if self._limiter is None:
            raise KeyError(bucket)
        return self._limiter.state(bucket)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the buckets."""
        return iter(() if self._limiter is None else list(self._limiter.windows))

    def __len__(self) -> int:
        """Return the number of limits."""
        return 0 if self._limiter is None else len(self._limiter.windows)

    def __repr__(self) -> str:
        return f"RateLimits({dict(self)!r}, month_remaining={self.month_remaining!r})"

    @property
    def waiting(self) -> int:
        """How many calls wait for the limits now."""
        return 0 if self._limiter is None else self._limiter.waiting

    @property
    def month_limit(self) -> int | None:
        """How many calls the plan has in a month; None until an answer states it."""
        return self._quota.limit

    @property
    def month_remaining(self) -> int | None:
        """How many calls of the month are left; None until an answer states it."""
        return self._quota.remaining

    @property
    def month_low(self) -> bool:
        """Whether at most a tenth of the month's calls is left; each such step is logged once."""
        fraction = self._quota.fraction
        return fraction is not None and fraction <= _LOW
