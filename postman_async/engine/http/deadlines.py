"""Deadlines of calls, with one timer for all of the same length.

Ten thousand runs in flight would need ten thousand timers, each of which costs a call more than its
JSON does.  But calls with equally long deadlines reach them in the order in which they began: a
timer for the first of them is enough.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from attrs import define, field

__all__ = ["Deadline", "Deadlines"]

_MIN_QUEUES = 64


@define(eq=False)
class Deadlines:
    """The deadlines of the calls of one client, in one queue for each length."""

    _queues: dict[float, _Queue] = field(factory=dict, init=False)
    _prune_at: int = field(default=_MIN_QUEUES, init=False)

    def queue(self, seconds: float) -> _Queue:
        """Return the queue of the deadlines of so many seconds."""
        queue = self._queues.get(seconds)
        if queue is None:
            if len(self._queues) >= self._prune_at:
                self._prune()
            queue = self._queues[seconds] = _Queue(seconds)
        return queue

    def _prune(self) -> None:
        """Drop the empty queues: each call may have a length of its own."""
        self._queues = {s: queue for s, queue in self._queues.items() if not queue.idle()}
        self._prune_at = _MIN_QUEUES + 2 * len(self._queues)


@define(eq=False)
class _Queue:
    """The deadlines of one length, the next one first."""

    _seconds: float
    _waiting: dict[Deadline, float] = field(factory=dict, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)

    def add(self, deadline: Deadline) -> float:
        """Start a deadline, once; return when it expires, on the loop's clock."""
        loop = asyncio.get_running_loop()
        due = self._waiting.setdefault(deadline, loop.time() + self._seconds)
        if self._timer is None:
            self._timer = loop.call_at(due, self._on_timer, loop, due)
        return due

    def remove(self, deadline: Deadline) -> None:
        """Remove a deadline; its timer may fire with nothing to expire."""
        self._waiting.pop(deadline, None)

    def idle(self) -> bool:
        """Return whether the queue is empty; if so, cancel its timer."""
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return not self._waiting

    def _on_timer(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._timer = None
        # A timer may fire a little early, by the resolution of the loop's clock.
        now = max(due, loop.time())
        while self._waiting:
            deadline = next(iter(self._waiting))
            due = self._waiting[deadline]
            if due > now:
                self._timer = loop.call_at(due, self._on_timer, loop, due)
                return
            del self._waiting[deadline]
            deadline.expire()


@define(eq=False)
class Deadline:
    """Cancels the block under it when it expires, and raises TimeoutError there.

    Unlike `asyncio.timeout` it starts on request, and may start more than once: the earliest time
    counts.
    """

    _deadlines: Deadlines
    due: float | None = field(default=None, init=False)
    """When it expires, on the loop's clock."""
    _queues: tuple[_Queue, ...] = field(default=(), init=False)
    _task: asyncio.Task[Any] | None = field(default=None, init=False)
    _cancelling: int = field(default=0, init=False)
    _expired: bool = field(default=False, init=False)

    def start(self, seconds: float) -> None:
        """Let the block end within so many seconds."""
        queue = self._deadlines.queue(seconds)
        due = queue.add(self)
        self.due = due if self.due is None else min(due, self.due)
        self._queues += (queue,)

    def expire(self) -> None:
        """Cancel the block, once."""
        if not self._expired and self._task is not None:
            self._expired = True
            self._task.cancel()

    def __enter__(self) -> Deadline:
        self._task = task = asyncio.current_task()
        assert task is not None
        self._cancelling = task.cancelling()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for queue in self._queues:
            queue.remove(self)
        if self._expired and self._task is not None:
            # A task that others cancelled, too, has to see their cancellation, not the deadline.
            others = self._task.uncancel() > self._cancelling
            if kind is asyncio.CancelledError and not others:
                raise TimeoutError from error
