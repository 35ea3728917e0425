"""The limiter of a client: the calls wait here until the limits let them start.

`windows` and `matching` decide, this module waits.  Calls that cannot start yet are queued in limit
groups, one for each set of windows, ordered by priority and then by sequence.  One timer fires when
the first of them may start, so that a waiting call costs a future and no work.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from postman_async.engine.limits.groups import LimitGroup, NoSlotError, Slot, Waiter
from postman_async.engine.limits.headers import LONGEST_WAIT
from postman_async.engine.limits.matching import match_refusal, match_window, rule_from_headers
from postman_async.engine.limits.priority import current_priority
from postman_async.engine.limits.windows import LONGEST_BLOCK, Window

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit
    from postman_async.engine.limits.share import SharedBudget
    from postman_async.engine.limits.state import RateLimitState
    from postman_async.options import RateLimitRule

__all__ = ["Limiter"]

log: logging.Logger = logging.getLogger("postman_async")

_MAX_LEARNED = 16
"""The most limits that headers may add: a service has few, a mistake could produce any number."""
_LONG_WAIT = 65.0
"""Seconds; longer than the published limits make a call wait."""

USER = "user"
"""The name of the window that counts every call."""


@define(eq=False)
class Limiter:
    """Lets calls start at the pace that the limits allow.  It belongs to one event loop.

    Args:
        rules: the limits that hold from the start.
        published: the known limits; the headers are compared with them to find the bucket.
        learns: whether headers may add and change limits.
        shared: a budget that other clients draw on, too.
        jitter: returns a random number from 0 to 1.

    """

    rules: Sequence[RateLimitRule] = ()
    published: Sequence[RateLimitRule] = ()
    learns: bool = True
    shared: SharedBudget | None = None
    jitter: Callable[[], float] = random.random
    windows: dict[str, Window] = field(factory=dict, init=False)
    _groups: dict[tuple[str | None, str], LimitGroup] = field(factory=dict, init=False)
    _by_buckets: dict[frozenset[str | None], LimitGroup] = field(factory=dict, init=False)
    _sequence: Iterator[int] = field(factory=itertools.count, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _waiting: int = field(default=0, init=False)
    _warned_until: float = field(default=float("-inf"), init=False)
    """The end of the last long wait that was logged."""

    def __attrs_post_init__(self) -> None:
        for rule in self.rules:
            self._add(rule)

    @property
    def waiting(self) -> int:
        """How many calls wait now."""
        return self._waiting

    def group(self, bucket: str | None, operation: str) -> LimitGroup:
        """Return the limit group of an operation, which may have a rule of its own."""
        group = self._groups.get((bucket, operation))
        if group is None:
            named = {None, bucket, *({operation} & {w.bucket for w in self.rules})}
            buckets = frozenset(named)
            new = LimitGroup(buckets, self._windows_of(buckets))
            group = self._groups[bucket, operation] = self._by_buckets.setdefault(buckets, new)
        return group

    def _windows_of(self, buckets: frozenset[str | None]) -> tuple[Window, ...]:
        names = {USER if bucket is None else bucket for bucket in buckets}
        return tuple(w for key, w in self.windows.items() if key.partition("#")[0] in names)

    def _add(self, rule: RateLimitRule, longest: float = float("inf")) -> Window:
        """Add a window; a bucket may have several."""
        name = rule.bucket or USER
        key = name if name not in self.windows else f"{name}#{len(self.windows)}"
        window = self.windows[key] = Window(name, rule.calls, float(rule.seconds), longest)
        for group in self._by_buckets.values():
            group.windows = self._windows_of(group.buckets)
        return window

    def state(self, name: str) -> RateLimitState:
        """Return the present state of a window."""
        window = self.windows[name]
        now = self._loop.time() if self._loop is not None else 0.0
        groups = (group for group in self._by_buckets.values() if window in group.windows)
        return window.state(now, sum(sum(group.waiting.values()) for group in groups))

    # -- waiting -----------------------------------------------------------------------------

    def try_acquire(self, group: LimitGroup, sequence: int | None = None) -> Slot | None:
        """Return a slot if the call may start now, else None (see `acquire`)."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        if self.shared is not None or self._waiting or group.next_start(now) > now:
            return None
        group.record(now)
        return Slot(group, now, next(self._sequence) if sequence is None else sequence)

    async def acquire(
        self, group: LimitGroup, *, until: float | None = None, sequence: int | None = None
    ) -> Slot:
        """Wait for a slot; a call that is cancelled releases it.

        Args:
            group: the limit group of the call.
            until: the time, on the loop's clock, after which a slot is of no use.
            sequence: that of an earlier slot, so that a refused call goes before later ones.

        Raises:
            NoSlotError: no slot becomes free before that time.

        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        now = loop.time()
        if sequence is None:
            sequence = next(self._sequence)
        if not self._waiting and group.next_start(now) <= now:
            group.record(now)
            slot = Slot(group, now, sequence)
        else:
            slot = await self._wait(group, now, until, sequence)
        return slot if self.shared is None else await self._draw(self.shared, slot)

    async def _wait(
        self, group: LimitGroup, now: float, until: float | None, sequence: int
    ) -> Slot:
        priority = current_priority()
        if until is not None and (earliest := group.earliest_start(priority, now)) > until:
            raise NoSlotError(earliest - now)
        assert self._loop is not None
        waiter = Waiter(priority, sequence, self._loop.create_future())
        group.push(waiter)
        self._waiting += 1
        self._start_waiting(now)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if waiter.future.cancelled() or not waiter.future.done():
                waiter.future.cancel()
                group.discard(waiter)
                self._waiting -= 1
            else:
                self.release(waiter.future.result())
            raise

    async def _draw(self, shared: SharedBudget, slot: Slot) -> Slot:
        """Wait until the shared budget allows the call, too."""
        try:
            for window in slot.group.windows:
                await self._draw_for(shared, window)
        except BaseException:
            self.release(slot)
            raise
        return slot

    async def _draw_for(self, shared: SharedBudget, window: Window) -> None:
        wait = await shared.take(window.name, window.limit, window.seconds)
        while wait > 0:
            await asyncio.sleep(wait)
            wait = await shared.take(window.name, window.limit, window.seconds)

    # -- starting ----------------------------------------------------------------------------

    def _start_waiting(self, now: float) -> None:
        """Let every waiting call start that may, in order; set the timer for the next one."""
        while self._waiting:
            soonest, first, first_group = float("inf"), None, None
            for group in self._by_buckets.values():
                waiter = group.first_waiter()
                if waiter is None:
                    continue
                start = group.next_start(now)
                if start > now:
                    soonest = min(soonest, start)
                elif first is None or waiter < first:
                    first, first_group = waiter, group
            if first is None or first_group is None:
                self._set_timer(soonest)
                return
            self._start(first_group, first, now)

    def _start(self, group: LimitGroup, waiter: Waiter, now: float) -> None:
        group.pop()
        self._waiting -= 1
        group.record(now)
        waiter.future.set_result(Slot(group, now, waiter.sequence))

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            if self._timer.when() == due:
                return
            self._timer.cancel()
        assert self._loop is not None
        self._warn_of_long_wait(due - self._loop.time(), due)
        self._timer = self._loop.call_at(due, self._on_timer, due)

    def _warn_of_long_wait(self, wait: float, due: float) -> None:
        """Log that no call starts for long, once for each such wait."""
        if wait > _LONG_WAIT and due > self._warned_until + _LONG_WAIT:
            self._warned_until = due
            log.warning(
                "the rate limits let no call start for %.0f s; %d wait", wait, self._waiting
            )

    def _on_timer(self, due: float) -> None:
        self._timer = None
        assert self._loop is not None
        # A timer may fire a little early, by the resolution of the loop's clock.
        self._start_waiting(max(due, self._loop.time()))

    def _reschedule(self) -> None:
        if self._waiting and self._loop is not None:
            self._start_waiting(self._loop.time())

    # -- learning ----------------------------------------------------------------------------

    def release(self, slot: Slot) -> None:
        """Take back a slot that was not used: the service never saw the call."""
        slot.group.release(slot.start)
        self._reschedule()

    def on_answer(self, slot: Slot, limits: RateLimit) -> None:
        """Learn from the headers of an answer other than a 429."""
        window = self._adopt(slot.group, limits)
        if window is not None and self._loop is not None:
            window.correct(limits, slot.start, self._loop.time())
            self._reschedule()

    def on_refusal(self, slot: Slot, limits: RateLimit) -> bool:
        """Learn from the headers of a 429.

        Returns:
            Whether the limiter now delays the next attempt, so that the caller need not.

        """
        assert self._loop is not None
        now, group = self._loop.time(), slot.group
        self._adopt(group, limits)
        window = match_refusal(group.windows, limits, now)
        if window is None:
            blocked = self._block(group, limits.retry_after or limits.reset, now)
        else:
            window.refuse(limits, slot.start, now, self.jitter())
            blocked = (limits.retry_after or 0.0) <= LONGEST_BLOCK
        self._reschedule()
        return blocked

    def _block(self, group: LimitGroup, wait: float | None, now: float) -> bool:
        """Block a group that has no window for the time that the service asks for."""
        if wait is None or wait > LONGEST_BLOCK:
            return False
        until = now + wait + self.jitter() * min(1.0, 0.1 + wait / 10)
        group.blocked_until = max(group.blocked_until, until)
        return True

    def _adopt(self, group: LimitGroup, limits: RateLimit) -> Window | None:
        """Find the window that headers describe; adopt their figures, or add a window."""
        found = match_window(group.windows, limits)
        if not self.learns or limits.limit is None:
            return found
        if found is not None and found.limit == limits.limit:
            return found
        rule = rule_from_headers(self.published, group.buckets, limits)
        if rule is None or len(self.windows) >= len(self.rules) + _MAX_LEARNED:
            return found
        if found is None or (rule in self.published and (rule.bucket or USER) not in self.windows):
            log.info("the service states a limit: %d calls in %g s", rule.calls, rule.seconds)
            return self._add(rule, LONGEST_WAIT)
        found.resize(limits.limit, found.seconds)
        return found
