"""What a client shows of its limits: `RateLimits`, and the month's quota."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import define, field

from postman_async.engine.limits.windows import RateLimitState

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit
    from postman_async.engine.limits.limiter import Limiter

__all__ = ["Quota", "RateLimits"]

log: logging.Logger = logging.getLogger("postman_async")

_LOW = 0.1
_WARNINGS = (0.2, _LOW, 0.05, 0.01, 0.0)
"""The parts of the month's quota at which a warning is logged, once each."""


@define(eq=False)
class Quota:
    """The month's quota, as the last answers told it."""

    limit: int | None = None
    remaining: int | None = None
    _warned: float = field(default=1.0, init=False)

    def note(self, told: RateLimit) -> None:
        """Take over what an answer told; warn when little is left."""
        if told.month_limit is not None:
            self.limit = told.month_limit
        if told.month_remaining is None:
            return
        self.remaining = told.month_remaining
        part = self.part
        if part is None or part > _WARNINGS[0]:
            self._warned = 1.0  # a new month
            return
        passed = min(level for level in _WARNINGS if part <= level)
        if passed < self._warned:
            self._warned = passed
            log.warning("%d of the month's %d API calls are left", self.remaining, self.limit)

    @property
    def part(self) -> float | None:
        """The part of the quota that is left, 0 to 1."""
        if not self.limit or self.remaining is None:
            return None
        return self.remaining / self.limit


class RateLimits(Mapping[str, RateLimitState]):
    """The limits of a client as they stand now, by the bucket they count; ``user`` is every call.

    The figures are the published or given ones, corrected by what the service told.  They know
    of the client's own calls, and of other clients of the key as far as the service told.
    """

    def __init__(self, limiter: Limiter | None, quota: Quota) -> None:
        """Look at these."""
        self._limiter = limiter
        self._quota = quota

    def __getitem__(self, bucket: str) -> RateLimitState:
        """Return the limit of a bucket as it stands now."""
        if self._limiter is None:
            raise KeyError(bucket)
        return self._limiter.state(bucket)

    def __iter__(self) -> Iterator[str]:
        """Name the buckets."""
        return iter(() if self._limiter is None else list(self._limiter.windows))

    def __len__(self) -> int:
        """Count the buckets."""
        return 0 if self._limiter is None else len(self._limiter.windows)

    def __repr__(self) -> str:
        return f"RateLimits({dict(self)!r}, month_remaining={self.month_remaining!r})"

    @property
    def waiting(self) -> int:
        """How many calls wait for a place now."""
        return 0 if self._limiter is None else self._limiter.waiting

    @property
    def month_limit(self) -> int | None:
        """How many calls the plan has in a month; None until an answer told."""
        return self._quota.limit

    @property
    def month_remaining(self) -> int | None:
        """How many of them are left; None until an answer told."""
        return self._quota.remaining

    @property
    def month_low(self) -> bool:
        """Whether at most a tenth of the month's calls is left; each such step is logged once."""
        part = self._quota.part
        return part is not None and part <= _LOW
