"""What time it is on the service's clock, as far as its answers tell.

Each answer bounds how far the service's clock is ahead of our monotonic one: it was dated between
the moment when the call was sent and the moment when the answer was there, and a run that the call
began has a time that is not before the call.  Nothing is estimated: the bounds that are kept are
the narrowest of all answers.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from attrs import define, field

from postman_async.bulk import clock
from postman_async.bulk.reconcile import SKEW, coarse, moment

__all__ = ["Bounds", "ServiceClock", "bounds_of"]

Bounds: TypeAlias = tuple[float, float]
"""The least and the most of seconds."""

_WORTH = 0.2
"""Seconds by which bounds must be narrower to be noted again."""

_SECOND = 1.0
"""Dates are whole seconds: the true time is at most so much later."""


@define
class ServiceClock:
    """Bounds of how far the service's clock is ahead of our monotonic one.

    Attributes:
        name: of the pair of clocks; another one once they have been found to drift apart, as
            when a virtual machine stood still.
        low: seconds that it is ahead at the least.
        high: seconds that it is ahead at the most.

    """

    name: str = field(factory=lambda: clock.boot())
    low: float = -math.inf
    high: float = math.inf

    def dated(self, date: datetime | None, asked: float, answered: float) -> None:
        """Learn from an answer's date.

        Args:
            date: what stands in the answer, in whole seconds.
            asked: when the call was sent, on the monotonic clock.
            answered: when its answer was there.

        """
        if date is not None:
            told = date.timestamp()
            self._narrow(told - answered, told + _SECOND - asked)

    def began(self, started_at: Any, asked: float) -> None:
        """Learn from the time of a run which a call began that was sent at that moment."""
        found = moment(started_at)
        high = math.inf if found is None else found.timestamp() + coarse(str(started_at)) - asked
        if high + 2 * SKEW >= self.low:  # else one of the two tells nonsense, and dates do not
            self._narrow(-math.inf, high + SKEW)

    def _narrow(self, low: float, high: float) -> None:
        least, most = max(self.low, low), min(self.high, high)
        if least - most > 2 * SKEW:  # more than the service's machines may differ by
            self.name = f"{clock.boot()}-{secrets.token_hex(3)}"
            least, most = low, high
        self.low, self.high = min(least, most), max(least, most)

    @property
    def told(self) -> tuple[str, float, float] | None:
        """Return name and bounds as a journal holds them, or None while nothing is known."""
        if not math.isfinite(self.low) or not math.isfinite(self.high):
            return None
        return self.name, round(self.low, 3), round(self.high, 3)

    def tells_more(self, than: tuple[str, float, float] | None) -> bool:
        """Whether the bounds are worth noting after those were noted."""
        told = self.told
        if told is None or than is None or told[0] != than[0]:
            return told is not None
        return told[2] - told[1] < than[2] - than[1] - _WORTH


def bounds_of(told: Sequence[Any]) -> tuple[str, Bounds]:
    """Read what `ServiceClock.told` wrote.

    Raises:
        ValueError, TypeError: it is nothing of the kind.

    """
    name, low, high = told
    if not isinstance(name, str) or not -math.inf < low <= high < math.inf:
        raise ValueError(f"{told!r} are no bounds of a clock")
    return name, (float(low), float(high))
