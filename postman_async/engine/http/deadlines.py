"""Deadlines of calls, with one timer for all of the same length.

Ten thousand runs under way would be ten thousand timers, each of which costs a call more than its
JSON does.  But calls that may take equally long have to end in the order in which they began: it
is enough to have a timer for the first of them.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from attrs import define, field

__all__ = ["Deadline", "Deadlines"]


@define(eq=False)
class Deadlines:
    """The deadlines of the calls of one client, by how long after their beginning they come."""

    _lines: dict[float, _Line] = field(factory=dict, init=False)
    _many: int = field(default=64, init=False)

    def line(self, seconds: float) -> _Line:
        """Return those that come after so many seconds."""
        line = self._lines.get(seconds)
        if line is None:
            if len(self._lines) >= self._many:
                self._tidy()
            line = self._lines[seconds] = _Line(seconds)
        return line

    def _tidy(self) -> None:
        """Drop the lines in which nobody waits: each call may have a time of its own."""
        self._lines = {seconds: line for seconds, line in self._lines.items() if not line.idle()}
        self._many = 64 + 2 * len(self._lines)


@define(eq=False)
class _Line:
    """The deadlines that come equally long after their beginning, the next one first."""

    _seconds: float
    _waiting: dict[Deadline, float] = field(factory=dict, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)

    def add(self, deadline: Deadline) -> float:
        """Let a deadline begin, once; returns when it comes, on the loop's clock."""
        loop = asyncio.get_running_loop()
        due = self._waiting.setdefault(deadline, loop.time() + self._seconds)
        if self._timer is None:
            self._timer = loop.call_at(due, self._ring, loop, due)
        return due

    def drop(self, deadline: Deadline) -> None:
        """Forget a deadline; its timer may ring in vain, once for all that ended meanwhile."""
        self._waiting.pop(deadline, None)

    def idle(self) -> bool:
        """Forget the timer if nobody waits; returns whether that is so."""
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return not self._waiting

    def _ring(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._timer = None
        # A timer may ring a little early, by the resolution of the loop's clock.
        now = max(due, loop.time())
        while self._waiting:
            deadline = next(iter(self._waiting))
            due = self._waiting[deadline]
            if due > now:
                self._timer = loop.call_at(due, self._ring, loop, due)
                return
            del self._waiting[deadline]
            deadline.come()


@define(eq=False)
class Deadline:
    """Cancels the block under it when it comes, and raises TimeoutError there.

    It is what `asyncio.timeout` is, but begins when it is told to, and that more than once: what
    comes first holds.
    """

    _deadlines: Deadlines
    due: float | None = field(default=None, init=False)
    """When it comes, on the loop's clock."""
    _lines: tuple[_Line, ...] = field(default=(), init=False)
    _task: asyncio.Task[Any] | None = field(default=None, init=False)
    _cancelling: int = field(default=0, init=False)
    _came: bool = field(default=False, init=False)

    def begin(self, seconds: float) -> None:
        """Have the block end within so many seconds."""
        line = self._deadlines.line(seconds)
        due = line.add(self)
        self.due = due if self.due is None else min(due, self.due)
        self._lines += (line,)

    def come(self) -> None:
        """Cancel the block, once."""
        if not self._came and self._task is not None:
            self._came = True
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
        for line in self._lines:
            line.drop(self)
        if self._came and self._task is not None:
            # A task that others cancelled too has to be told of that, not of the deadline.
            others = self._task.uncancel() > self._cancelling
            if kind is asyncio.CancelledError and not others:
                raise TimeoutError from error
