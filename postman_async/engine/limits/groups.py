"""Limit groups: the windows that the same calls count against, and the calls that wait for them."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter

from attrs import define, field

from postman_async.engine.limits.windows import Window

__all__ = ["LimitGroup", "NoSlotError", "Slot", "Waiter"]


class NoSlotError(Exception):
    """No slot becomes free before the call must have ended.

    Attributes:
        seconds: the least time the call would have to wait.

    """

    def __init__(self, seconds: float) -> None:
        """Keep the wait."""
        self.seconds = seconds
        super().__init__(seconds)


@define(eq=False)
class LimitGroup:
    """The calls that count against the same windows, and the queue of those that wait.

    Attributes:
        buckets: the names of the windows; None stands for the window of every call.
        windows: the windows known so far.
        blocked_until: when the next call may start, if no window is known that could be blocked.
        queue: a heap of the waiting calls; those that gave up are removed lazily.
        waiting: how many calls wait, by priority.

    """

    buckets: frozenset[str | None]
    windows: tuple[Window, ...] = ()
    blocked_until: float = float("-inf")
    queue: list[Waiter] = field(factory=list)
    waiting: Counter[int] = field(factory=Counter)

    def next_start(self, now: float) -> float:
        """Return when the next call may start; a time not after ``now`` means at once."""
        soonest = self.blocked_until
        for window in self.windows:
            start = window.next_start(now)
            if start > soonest:
                soonest = start
        return soonest

    def record(self, now: float) -> None:
        """Record in every window that a call starts now."""
        for window in self.windows:
            window.record(now)

    def release(self, start: float) -> None:
        """Remove from every window a call that started then and that the service never saw."""
        for window in self.windows:
            window.release(start)

    def first_waiter(self) -> Waiter | None:
        """Return the call that is next in the queue; those that gave up are removed."""
        queue = self.queue
        while queue and queue[0].future.done():
            heapq.heappop(queue)
        return queue[0] if queue else None

    def earliest_start(self, priority: int, now: float) -> float:
        """Return a time before which a new call of this priority certainly cannot start."""
        ahead = sum(n for level, n in self.waiting.items() if level >= priority)
        return max((w.earliest_start(ahead, now) for w in self.windows), default=self.blocked_until)

    def push(self, waiter: Waiter) -> None:
        """Add a call to the queue."""
        heapq.heappush(self.queue, waiter)
        self.waiting[waiter.priority] += 1

    def pop(self) -> None:
        """Remove the first call of the queue."""
        self.waiting[heapq.heappop(self.queue).priority] -= 1

    def discard(self, waiter: Waiter) -> None:
        """Count out a call that gave up; the queue is rebuilt when most of it are such calls."""
        self.waiting[waiter.priority] -= 1
        if len(self.queue) > 2 * sum(self.waiting.values()) + 8:
            self.queue = [w for w in self.queue if not w.future.done()]
            heapq.heapify(self.queue)


@define(eq=False)
class Slot:
    """The permission for one call to start.

    Attributes:
        group: the limit group that the call counts against.
        start: when the call starts, on the loop's clock.
        sequence: the position of the call among all calls; a refused call keeps it.

    """

    group: LimitGroup
    start: float
    sequence: int


@define(eq=False)
class Waiter:
    """A call that waits for a slot."""

    priority: int
    sequence: int
    future: asyncio.Future[Slot]

    def __lt__(self, other: Waiter) -> bool:
        return (-self.priority, self.sequence) < (-other.priority, other.sequence)
