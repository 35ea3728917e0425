"""The emulator's time: real by default, and a test's own where it sets, stops or advances it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from postman_async.emulator.arguments import conforms
from postman_async.emulator.exceptions import EmulatorError

__all__ = ["Clock"]

_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_LONGEST = 100 * 366 * 86_400.0
_TICK = 1e-6  # a timer of the event loop may fire this much early


class Clock:
    """Tells the time to everything in one emulator, and waits by it.

    It has two hands: the moment that time stamps show, and the seconds by which runs, limits
    and stalls are measured.  The seconds follow the event loop, a virtual one too, and never go
    back.  The methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moved: asyncio.Future[None] | None = None
        self._ahead = timedelta(0)
        self._gained = 0.0
        self._stopped: tuple[datetime, float] | None = None

    def __repr__(self) -> str:
        """Tell the moment, and whether it passes."""
        return f"<Clock {self.now().isoformat()}{' frozen' if self.frozen else ''}>"

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Measure by the loop in which the emulator runs."""
        self._loop = loop

    # -- reading it -------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return self._stopped[0] if self._stopped else datetime.now(UTC) + self._ahead

    def time(self) -> float:
        """Return a number of seconds that only grows."""
        return self._stopped[1] if self._stopped else self._seconds() + self._gained

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._stopped is not None

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed here; `advance` and `set` shorten the wait."""
        until = self.time() + seconds
        await asyncio.sleep(0)
        while (left := until - self.time()) > _TICK:
            if self._moved is None:
                self._moved = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._moved}, timeout=None if self.frozen else left)

    # -- changing it ------------------------------------------------------------------------

    def set(self, moment: datetime) -> None:
        """Go to a moment; a clock that passes goes on passing from there.

        Args:
            moment: with a time zone.  Going back changes time stamps only: what waits goes on
                waiting.

        Raises:
            EmulatorError: the moment has no time zone, or is far off.
        """
        if moment.tzinfo is None:
            raise EmulatorError("a moment needs a time zone, for instance datetime.UTC")
        if not _FIRST <= moment <= _LAST:
            raise EmulatorError(f"a moment is from {_FIRST.year} to {_LAST.year}, not {moment}")
        gained = moment - self.now()
        self._move(gained, max(0.0, gained.total_seconds()))

    def advance(self, seconds: float) -> None:
        """Let time pass at once: runs end, limits open, stalls are over.

        Args:
            seconds: how much, not less than 0 and not more than a century.

        Raises:
            EmulatorError: the number is another, or leads too far off.
        """
        if not conforms(seconds, float) or not 0 <= seconds < _LONGEST:
            raise EmulatorError(f"time advances by 0 to {_LONGEST:g} seconds, not by {seconds!r}")
        if self.now() + timedelta(seconds=seconds) > _LAST:
            raise EmulatorError(f"time advances to the year {_LAST.year}, and not beyond")
        self._move(timedelta(seconds=seconds), seconds)

    def freeze(self, moment: datetime | None = None) -> None:
        """Stand still until `advance`, `set` or `resume`; nothing that takes time ends by itself.

        Args:
            moment: where to stand, with a time zone; None means the present one.

        Raises:
            EmulatorError: the moment has no time zone, or is far off.
        """
        if moment is not None:
            self.set(moment)
        self._stopped = (moment or self.now(), self.time())
        self._wake()

    def resume(self) -> None:
        """Pass again, from where it stands."""
        if self._stopped is not None:
            moment, seconds = self._stopped
            self._ahead = moment - datetime.now(UTC)
            self._gained = seconds - self._seconds()
            self._stopped = None
            self._wake()

    def reset(self) -> None:
        """Show the real time again, and let it pass."""
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
        """Make all who wait look again, in their own thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._notify)

    def _notify(self) -> None:
        moved, self._moved = self._moved, None
        if moved is not None and not moved.done():
            moved.set_result(None)
