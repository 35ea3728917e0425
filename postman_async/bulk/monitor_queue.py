"""`MonitorQueue`: the runs of one monitor, of which at most one is in flight."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define

if TYPE_CHECKING:
    from postman_async.bulk.runner import Runner
    from postman_async.bulk.select import Job

__all__ = ["MonitorQueue", "Phase"]

Phase: TypeAlias = Literal["waiting", "sent"]
"""Whether the call of a run waits to be sent, or was sent."""


@define(eq=False)
class MonitorQueue:
    """The runs of one monitor, one after the other.

    Attributes:
        jobs: the jobs that wait for the run in flight.
        runner: the run in flight.
        in_flight: the runner is at work, and not paused.
        interrupted: the phase in which the run was interrupted, if it was.
        task: the task that works off the queue.

    """

    jobs: deque[Job]
    runner: Runner | None = None
    in_flight: bool = False
    interrupted: Phase | None = None
    task: asyncio.Task[None] | None = None

    def interrupt(self, phase: Phase) -> None:
        """Interrupt the run in flight if it is in this phase."""
        if not self.in_flight or self.interrupted or self.runner is None or self.task is None:
            return
        if self.runner.waiting == (phase == "waiting"):
            self.interrupted = phase
            self.task.cancel()
