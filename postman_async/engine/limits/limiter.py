"""The limiter of a client: calls wait here for their place within the limits.

The decisions are those of `pacing` and `matching`; this file only waits.  Calls that cannot start
wait in lanes, one for each set of limits, and in each by priority and then by turn.  One timer
wakes the limiter when the first of them may start, so a waiting call costs a future and no work.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from attrs import define, field

from postman_async.engine.limits.headers import LONGEST_HOLD
from postman_async.engine.limits.matching import rule_told, window_refused, window_told
from postman_async.engine.limits.windows import MAX_HOLD, Window

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit
    from postman_async.engine.limits.windows import RateLimitState
    from postman_async.options import RateLimitRule

__all__ = ["Grant", "Lane", "Limiter", "NoPlaceError", "SharedWindows", "at_priority"]

log: logging.Logger = logging.getLogger("postman_async")

_MOST_LEARNED = 16
"""Limits that headers may add: a service has a few, a mistake could make any number."""
_LONG = 65.0
"""Seconds; longer than the published windows make anyone wait."""

USER = "user"
"""The name of the limit that counts every call."""

_PRIORITY: ContextVar[int] = ContextVar("postman_async_priority", default=0)


@contextmanager
def at_priority(priority: int) -> Iterator[None]:
    """Let the calls made in this block go before waiting ones of a lower priority (0 is usual).

    A bulk run looks up and polls at a higher one than it triggers.  Tasks made in the block
    inherit it.
    """
    token = _PRIORITY.set(priority)
    try:
        yield
    finally:
        _PRIORITY.reset(token)


class NoPlaceError(Exception):
    """The call cannot start before its time is up.

    Attributes:
        seconds: how long it would have to wait at least.

    """

    def __init__(self, seconds: float) -> None:
        """Keep the wait."""
        self.seconds = seconds
        super().__init__(seconds)


class SharedWindows(Protocol):
    """Places that several clients share, for instance in a store that several machines reach.

    It is asked after the client's own windows have let a call start.
    """

    async def take(self, bucket: str, calls: int, seconds: float) -> float:
        """Take a place in the window of a bucket.

        Returns:
            0 if it was taken, else the seconds after which to ask again.

        """
        ...


@define(eq=False)
class Lane:
    """The calls that count against the same limits, and those of them that wait."""

    names: frozenset[str | None]
    windows: tuple[Window, ...] = ()
    held: float = float("-inf")
    """Until when nothing starts, where no window is known that could be held."""
    queue: list[_Waiter] = field(factory=list)
    waiting: Counter[int] = field(factory=Counter)
    """How many wait, by priority."""

    def opens(self, now: float) -> float:
        """Tell when the next call may start."""
        soonest = self.held
        for window in self.windows:
            opens = window.opens(now)
            if opens > soonest:
                soonest = opens
        return soonest

    def take(self, now: float) -> None:
        """Note in every window that a call starts now."""
        for window in self.windows:
            window.take(now)

    def head(self) -> _Waiter | None:
        """Return who is next; those who gave up are dropped here."""
        queue = self.queue
        while queue and queue[0].future.done():
            heapq.heappop(queue)
        return queue[0] if queue else None

    def earliest(self, priority: int, now: float) -> float:
        """Tell before when a new call of that priority surely cannot start."""
        ahead = sum(n for level, n in self.waiting.items() if level >= priority)
        return max((w.earliest(ahead, now) for w in self.windows), default=self.held)


@define(eq=False)
class Grant:
    """A place that was given: in which lane, when, and in whose turn."""

    lane: Lane
    start: float
    turn: int


@define(eq=False)
class _Waiter:
    """A call that waits."""

    priority: int
    turn: int
    future: asyncio.Future[Grant]

    def __lt__(self, other: _Waiter) -> bool:
        return (-self.priority, self.turn) < (-other.priority, other.turn)


@define(eq=False)
class Limiter:
    """Lets calls start, at the pace that the limits allow.  It belongs to one event loop.

    Args:
        rules: the limits that hold from the start.
        published: the limits that headers are compared with to know what they count.
        learns: whether headers may add limits, and alter those there are.
        shared: places that other clients take too.
        chance: gives random numbers from 0 to 1.

    """

    rules: Sequence[RateLimitRule] = ()
    published: Sequence[RateLimitRule] = ()
    learns: bool = True
    shared: SharedWindows | None = None
    chance: Callable[[], float] = random.random
    windows: dict[str, Window] = field(factory=dict, init=False)
    _lanes: dict[tuple[str | None, str], Lane] = field(factory=dict, init=False)
    _by_names: dict[frozenset[str | None], Lane] = field(factory=dict, init=False)
    _turns: Iterator[int] = field(factory=itertools.count, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _waiting: int = field(default=0, init=False)
    _noted: float = field(default=float("-inf"), init=False)
    """Until when it was said that nothing starts."""

    def __attrs_post_init__(self) -> None:
        for rule in self.rules:
            self._add(rule)

    @property
    def waiting(self) -> int:
        """How many calls wait now."""
        return self._waiting

    def lane(self, bucket: str | None, operation: str) -> Lane:
        """Return the lane of an operation."""
        lane = self._lanes.get((bucket, operation))
        if lane is None:
            named = {None, bucket, *({operation} & {w.bucket for w in self.rules})}
            names = frozenset(named)
            lane = self._by_names.setdefault(names, Lane(names, self._windows_of(names)))
            self._lanes[bucket, operation] = lane
        return lane

    def lanes(self) -> Iterable[Lane]:
        """Return the lanes that were used so far."""
        return self._by_names.values()

    def _windows_of(self, names: frozenset[str | None]) -> tuple[Window, ...]:
        keys = {USER if name is None else name for name in names}
        return tuple(w for key, w in self.windows.items() if key.partition("#")[0] in keys)

    def _add(self, rule: RateLimitRule, longest: float = float("inf")) -> Window:
        """Add a limit; a bucket may have several."""
        name = rule.bucket or USER
        key = name if name not in self.windows else f"{name}#{len(self.windows)}"
        window = self.windows[key] = Window(name, rule.calls, float(rule.seconds), longest)
        for lane in self._by_names.values():
            lane.windows = self._windows_of(lane.names)
        return window

    def state(self, name: str) -> RateLimitState:
        """Show a limit as it stands now."""
        window = self.windows[name]
        now = self._loop.time() if self._loop is not None else 0.0
        waiting = (sum(x.waiting.values()) for x in self._by_names.values() if window in x.windows)
        return window.state(now, sum(waiting))

    # -- waiting -----------------------------------------------------------------------------

    def at_once(self, lane: Lane, turn: int | None = None) -> Grant | None:
        """Give a place if there is one now; None if the call has to wait (see `acquire`)."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        if self.shared is not None or self._waiting or lane.opens(now) > now:
            return None
        lane.take(now)
        return Grant(lane, now, next(self._turns) if turn is None else turn)

    async def acquire(
        self, lane: Lane, *, until: float | None = None, turn: int | None = None
    ) -> Grant:
        """Wait for a place; a cancelled call gives its place back.

        Args:
            lane: whose limits the call counts against.
            until: the time, on the loop's clock, after which a place is of no use.
            turn: that of an earlier grant, for a call that was refused and goes before others.

        Raises:
            NoPlaceError: there will be none before that time.

        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        now = loop.time()
        if turn is None:
            turn = next(self._turns)
        if not self._waiting and lane.opens(now) <= now:
            lane.take(now)
            grant = Grant(lane, now, turn)
        else:
            grant = await self._wait(lane, now, until, turn)
        return grant if self.shared is None else await self._share(grant)

    async def _wait(self, lane: Lane, now: float, until: float | None, turn: int) -> Grant:
        priority = _PRIORITY.get()
        if until is not None and (earliest := lane.earliest(priority, now)) > until:
            raise NoPlaceError(earliest - now)
        assert self._loop is not None
        waiter = _Waiter(priority, turn, self._loop.create_future())
        heapq.heappush(lane.queue, waiter)
        lane.waiting[priority] += 1
        self._waiting += 1
        self._wake(now)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if waiter.future.cancelled() or not waiter.future.done():
                self._left(lane, waiter)
            else:
                self.give_back(waiter.future.result())
            raise

    def _left(self, lane: Lane, waiter: _Waiter) -> None:
        """Count one less; one who gave up may have been the one for whom the timer was set."""
        waiter.future.cancel()
        lane.waiting[waiter.priority] -= 1
        self._waiting -= 1
        if len(lane.queue) > 2 * sum(lane.waiting.values()) + 8:
            lane.queue = [w for w in lane.queue if not w.future.done()]
            heapq.heapify(lane.queue)

    async def _share(self, grant: Grant) -> Grant:
        assert self.shared is not None
        try:
            for window in grant.lane.windows:
                await self._take_shared(self.shared, window)
        except BaseException:
            self.give_back(grant)
            raise
        return grant

    async def _take_shared(self, shared: SharedWindows, window: Window) -> None:
        wait = await shared.take(window.name, window.limit, window.seconds)
        while wait > 0:
            await asyncio.sleep(wait)
            wait = await shared.take(window.name, window.limit, window.seconds)

    # -- waking ------------------------------------------------------------------------------

    def _wake(self, now: float) -> None:
        """Let everyone start who may, in order, and set the timer for the next one."""
        while self._waiting:
            soonest, first, first_lane = float("inf"), None, None
            for lane in self._by_names.values():
                head = lane.head()
                if head is None:
                    continue
                opens = lane.opens(now)
                if opens > now:
                    soonest = min(soonest, opens)
                elif first is None or head < first:
                    first, first_lane = head, lane
            if first is None or first_lane is None:
                self._set_timer(soonest)
                return
            self._grant(first_lane, first, now)

    def _grant(self, lane: Lane, waiter: _Waiter, now: float) -> None:
        heapq.heappop(lane.queue)
        lane.waiting[waiter.priority] -= 1
        self._waiting -= 1
        lane.take(now)
        waiter.future.set_result(Grant(lane, now, waiter.turn))

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            if self._timer.when() == due:
                return
            self._timer.cancel()
        assert self._loop is not None
        self._note(due - self._loop.time(), due)
        self._timer = self._loop.call_at(due, self._ring, due)

    def _note(self, wait: float, due: float) -> None:
        """Say that nothing starts for long, once for about the same time."""
        if wait > _LONG and due > self._noted + _LONG:
            self._noted = due
            log.warning(
                "the rate limits let no call start for %.0f s; %d wait", wait, self._waiting
            )

    def _ring(self, due: float) -> None:
        self._timer = None
        assert self._loop is not None
        # A timer may ring a little early, by the resolution of the loop's clock.
        self._wake(max(due, self._loop.time()))

    # -- learning ----------------------------------------------------------------------------

    def give_back(self, grant: Grant) -> None:
        """Take back a place that was not used: the service never saw the call."""
        for window in grant.lane.windows:
            window.give_back(grant.start)
        self._again()

    def answered(self, grant: Grant, told: RateLimit) -> None:
        """Learn from an answer that is no 429."""
        lane = grant.lane
        window = self._told(lane, told)
        if window is not None and self._loop is not None:
            window.correct(told, grant.start, self._loop.time())
            self._again()

    def refused(self, grant: Grant, told: RateLimit) -> bool:
        """Learn from a 429.

        Returns:
            Whether the lane is held as long as the service asks, or as it seems best.

        """
        assert self._loop is not None
        now, lane = self._loop.time(), grant.lane
        self._told(lane, told)
        found = window_refused(lane.windows, told, now)
        if found is not None:
            found.refuse(told, grant.start, now, self.chance())
            held = (told.retry_after or 0.0) <= MAX_HOLD
        else:
            wait = told.retry_after or told.reset
            held = wait is not None and wait <= MAX_HOLD
            if wait is not None and held:
                lane.held = max(lane.held, now + wait + self.chance() * min(1.0, 0.1 + wait / 10))
        self._again()
        return held

    def _told(self, lane: Lane, told: RateLimit) -> Window | None:
        """Find the limit that headers tell of; take over its figures, or add it."""
        found = window_told(lane.windows, told)
        if not self.learns or told.limit is None:
            return found
        if found is not None and found.limit == told.limit:
            return found
        rule = rule_told(self.published, lane.names, told)
        if rule is None or len(self.windows) >= len(self.rules) + _MOST_LEARNED:
            return found
        if found is None or (rule in self.published and (rule.bucket or USER) not in self.windows):
            log.info("the service tells of a limit: %d calls in %g s", rule.calls, rule.seconds)
            return self._add(rule, LONGEST_HOLD)
        found.alter(told.limit, found.seconds)
        return found

    def _again(self) -> None:
        if self._waiting and self._loop is not None:
            self._wake(self._loop.time())
