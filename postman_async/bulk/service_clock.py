"""Keeps bounds of the service's time, from the times in its answers.

Each answer bounds the offset of the service's clock from our monotonic one: it was dated between
the time the call was sent and the time the answer was there, and a run that the call started did
not start before the call.  Nothing is estimated: the narrowest bounds of all answers are kept.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from attrs import define, field

from postman_async.bulk import clock
from postman_async.bulk.times import SKEW, has_whole_seconds, parse_time

__all__ = ["Bounds", "ServiceClock", "read_bounds"]

Bounds: TypeAlias = tuple[float, float]
"""The least and the greatest value, in seconds."""

_WORTH_RECORDING = 0.2
"""Seconds by which bounds must be narrower to be recorded again."""

_SECOND = 1.0
"""Dates are whole seconds: the true time is at most this much later."""


@define
class ServiceClock:
    """Bounds of the offset of the service's clock from our monotonic one.

    Attributes:
        name: names the pair of clocks.  It changes when the two have drifted apart, as after a
            virtual machine was suspended.
        low: the least offset in seconds.
        high: the greatest offset in seconds.

    """

    name: str = field(factory=lambda: clock.boot())
    low: float = -math.inf
    high: float = math.inf

    def add_date(self, date: datetime | None, sent_at: float, received_at: float) -> None:
        """Narrow the bounds by the date of an answer.

        Args:
            date: the answer's ``Date``, in whole seconds.
            sent_at: when the call was sent, on the monotonic clock.
            received_at: when its answer was there.

        """
        if date is not None:
            seconds = date.timestamp()
            self._narrow(seconds - received_at, seconds + _SECOND - sent_at)

    def add_run_start(self, started_at: Any, sent_at: float) -> None:
        """Narrow the bounds by the start of a run, which is not before the call that started it.

        Args:
            started_at: the run's start in ISO 8601; anything else is ignored.
            sent_at: when the call was sent, on the monotonic clock.

        """
        time = parse_time(started_at)
        if time is None:
            return
        high = time.timestamp() + has_whole_seconds(str(started_at)) - sent_at
        if high + 2 * SKEW >= self.low:  # otherwise the time is wrong: dates are trusted more
            self._narrow(-math.inf, high + SKEW)

    def _narrow(self, low: float, high: float) -> None:
        least, most = max(self.low, low), min(self.high, high)
        if least - most > 2 * SKEW:  # more than the service's machines may differ by
            self.name = f"{clock.boot()}-{secrets.token_hex(3)}"
            least, most = low, high
        self.low, self.high = min(least, most), max(least, most)

    @property
    def record(self) -> tuple[str, float, float] | None:
        """Name and bounds as a journal holds them, or None while there are no bounds."""
        if not math.isfinite(self.low) or not math.isfinite(self.high):
            return None
        return self.name, round(self.low, 3), round(self.high, 3)

    def is_narrower(self, than: tuple[str, float, float] | None) -> bool:
        """Return whether the bounds are worth recording after an earlier record."""
        record = self.record
        if record is None or than is None or record[0] != than[0]:
            return record is not None
        return record[2] - record[1] < than[2] - than[1] - _WORTH_RECORDING


def read_bounds(record: Sequence[Any]) -> tuple[str, Bounds]:
    """Read a `ServiceClock.record`.

    Raises:
        ValueError, TypeError: the value is not such a record.

    """
    name, low, high = record
    if not isinstance(name, str) or not -math.inf < low <= high < math.inf:
        raise ValueError(f"{record!r} are no bounds of a clock")
    return name, (float(low), float(high))
