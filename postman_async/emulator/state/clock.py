"""The emulator's clock: real time by default; a test can set, freeze and advance it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from postman_async.emulator.arguments import conforms
from postman_async.emulator.exceptions import EmulatorError

__all__ = ["Clock"]

_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_CENTURY = 100 * 366 * 86_400.0
_TICK = 1e-6  # a timer of the event loop may fire this much early


class Clock:
    """The source of time stamps, durations and waits of one emulator.

    The clock has two readings: `now`, the moment for time stamps, and `time`, the seconds that
    measure runs, limits and stalls.  The seconds follow the event loop (also a virtual one) and
    never decrease.  All methods are thread-safe.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moved: asyncio.Future[None] | None = None
        self._ahead = timedelta(0)
        self._gained = 0.0
        self._stopped: tuple[datetime, float] | None = None

    def __repr__(self) -> str:
        """Show the current moment, and whether the clock is frozen."""
        return f"<Clock {self.now().isoformat()}{' frozen' if self.frozen else ''}>"

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Measure seconds with the event loop of the emulator."""
        self._loop = loop

    # -- reading it -------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the current moment, in UTC."""
        return self._stopped[0] if self._stopped else datetime.now(UTC) + self._ahead

    def time(self) -> float:
        """Return monotonic seconds."""
        return self._stopped[1] if self._stopped else self._seconds() + self._gained

    @property
    def frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self._stopped is not None

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds of this clock; `advance` and `set` shorten the wait."""
        until = self.time() + seconds
        await asyncio.sleep(0)
        while (left := until - self.time()) > _TICK:
            if self._moved is None:
                self._moved = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._moved}, timeout=None if self.frozen else left)

    # -- changing it ------------------------------------------------------------------------

    def set(self, moment: datetime) -> None:
        """Set the current moment; a clock that is not frozen continues from there.

        Args:
            moment: a moment with a time zone.  An earlier moment changes time stamps only; waits
                do not become longer.

        Raises:
            EmulatorError: the moment has no time zone, or is out of range.
        """
        if moment.tzinfo is None:
            raise EmulatorError("a moment needs a time zone, for instance datetime.UTC")
        if not _FIRST <= moment <= _LAST:
            raise EmulatorError(f"a moment is from {_FIRST.year} to {_LAST.year}, not {moment}")
        gained = moment - self.now()
        self._move(gained, max(0.0, gained.total_seconds()))

    def advance(self, seconds: float) -> None:
        """Advance the clock at once: runs end, rate limits reset, stalls end.

        Args:
            seconds: the seconds to advance by, from 0 to a century.

        Raises:
            EmulatorError: the number is out of range, or the new moment is.
        """
        if not conforms(seconds, float) or not 0 <= seconds < _CENTURY:
            raise EmulatorError(f"time advances by 0 to {_CENTURY:g} seconds, not by {seconds!r}")
        if self.now() + timedelta(seconds=seconds) > _LAST:
            raise EmulatorError(f"time advances to the year {_LAST.year}, and not beyond")
        self._move(timedelta(seconds=seconds), seconds)

    def freeze(self, moment: datetime | None = None) -> None:
        """Freeze the clock: only `advance`, `set` and `resume` end what waits for it.

        Args:
            moment: the moment to freeze at, with a time zone; None means the current one.

        Raises:
            EmulatorError: the moment has no time zone, or is out of range.
        """
        if moment is not None:
            self.set(moment)
        self._stopped = (moment or self.now(), self.time())
        self._wake()

    def resume(self) -> None:
        """Let a frozen clock continue from its moment."""
        if self._stopped is not None:
            moment, seconds = self._stopped
            self._ahead = moment - datetime.now(UTC)
            self._gained = seconds - self._seconds()
            self._stopped = None
            self._wake()

    def reset(self) -> None:
        """Return to the real time."""
        self.resume()
        self._ahead = timedelta(0)

    def _seconds(self) -> float:
        return time.monotonic() if self._loop is None else self._loop.time()

    def _move(self, ahead: timedelta, gained: float) -> None:
        if self._stopped is not None:
            moment, seconds = self._stopped
            self._stopped = (moment + ahead, seconds + gained)
        else:
            self._ahead += ahead
            self._gained += gained
        self._wake()

    def _wake(self) -> None:
        """Let all waits check the time again, in the thread of their loop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._notify)

    def _notify(self) -> None:
        moved, self._moved = self._moved, None
        if moved is not None and not moved.done():
            moved.set_result(None)
