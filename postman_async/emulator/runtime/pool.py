"""The pool of the runtime's worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from attrs import define

from postman_async.emulator.exceptions import EngineCrashed, EngineUnavailable
from postman_async.emulator.runtime.worker import Worker

__all__ = ["WorkerPool"]

# A small run takes less than half of the start time of a process, whatever the load of the
# machine.  A job that takes longer is assumed to wait for its target, without using its core.
_LONG_STARTS = 1.5
_LONG_SECONDS = 0.3  # at least
_IDLE_SECONDS = 30.0


@define(eq=False)
class _Member:
    worker: Worker
    jobs: int = 0
    since: float = 0.0

    def begin(self) -> None:
        self.jobs += 1
        self.since = asyncio.get_running_loop().time()


class WorkerPool:
    """Lends worker processes to jobs, starts more while jobs wait, and ends idle ones.

    Args:
        spawn: starts a worker.
        processes: the maximum number of workers.
        jobs_each: the maximum number of concurrent jobs per worker; with 1, a job cannot affect
            another job through its process.
    """

    def __init__(
        self, spawn: Callable[[], Awaitable[Worker]], *, processes: int, jobs_each: int
    ) -> None:
        self._spawn = spawn
        self._processes = processes
        self._jobs_each = jobs_each
        self._cores = min(processes, os.cpu_count() or 1)
        self._members: list[_Member] = []
        self._waiting: deque[asyncio.Future[_Member]] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._start_seconds = 0.0
        self._check: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self.closed = False

    @property
    def workers(self) -> list[Worker]:
        """The live workers, the least recently used first."""
        return [member.worker for member in self._members if member.worker.alive]

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for a worker."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[Worker]:
        """Wait for a worker, and lend it for one job.

        After an exception (a cancellation or a timeout) the job may still run in the process,
        and a job with a high memory use may have left garbage.  With one job per worker, such a
        worker is ended, so that it does not affect the next job.

        Raises:
            EngineUnavailable: the pool is closed.
            EngineCrashed: no worker could be started.
        """
        member = await self._take()
        ended_well = False
        try:
            yield member.worker
            ended_well = not member.worker.worn
        finally:
            if self._jobs_each == 1 and not ended_well:
                self._end(member)
            self._take_back(member)

    async def close(self) -> None:
        """End all workers; jobs under way and jobs that wait raise `EngineCrashed`."""
        self.closed = True
        for timer in (self._check, self._idle):
            if timer is not None:
                timer.cancel()
        for start in self._starting:
            start.cancel()
        self._refuse(EngineCrashed("The collection runtime was closed."))
        closing = [member.worker.close() for member in self._members]
        await asyncio.gather(*closing)
        await asyncio.gather(*self._starting, *self._ending, return_exceptions=True)
        self._members.clear()

    async def _take(self) -> _Member:
        if self.closed:
            raise EngineUnavailable("The collection runtime is closed.")
        if (free := self._free()) is not None and not self._waiting:
            free.begin()
            return free
        turn: asyncio.Future[_Member] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._grow()
        try:
            return await turn
        except asyncio.CancelledError:
            with contextlib.suppress(ValueError):
                self._waiting.remove(turn)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._take_back(turn.result())  # assigned in the same iteration of the loop
            raise

    def _free(self) -> _Member | None:
        """Return the most recently used member with capacity, so that the others become idle."""
        self._members = [member for member in self._members if member.worker.alive]
        free = (member for member in reversed(self._members) if member.jobs < self._jobs_each)
        return next(free, None)

    def _take_back(self, member: _Member) -> None:
        member.jobs -= 1
        if member in self._members:  # the most recently used one is last
            self._members.remove(member)
            self._members.append(member)
        self._serve()

    def _serve(self) -> None:
        """Assign free members to waiting jobs, and start workers for the rest."""
        while self._waiting and (free := self._free()) is not None:
            turn = self._waiting.popleft()
            if not turn.done():
                free.begin()
                turn.set_result(free)
        self._grow()
        if self._idle is None and not self.closed and len(self._members) > self._cores:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(_IDLE_SECONDS, self._end_idle)

    def _grow(self) -> None:
        """Start workers for the waiting jobs while cores are available."""
        while self._is_short() and self._has_core():
            self._start()
        if self._is_short() and self._check is None:
            loop = asyncio.get_running_loop()
            self._check = loop.call_later(self._long_seconds() / 2, self._check_again)

    def _is_short(self) -> bool:
        """Return whether a job waits for which another worker may be started."""
        there = len(self._members) + len(self._starting)
        wanted = len(self._waiting) > len(self._starting) * self._jobs_each
        return wanted and there < self._processes and not self.closed

    def _has_core(self) -> bool:
        """Return whether a further worker probably finds a free core."""
        now, long = asyncio.get_running_loop().time(), self._long_seconds()
        idle = sum(member.jobs > 0 and now - member.since > long for member in self._members)
        busy = len(self._members) - idle + len(self._starting)
        return busy < self._cores + idle

    def _long_seconds(self) -> float:
        return max(_LONG_SECONDS, _LONG_STARTS * self._start_seconds)

    def _check_again(self) -> None:
        self._check = None
        self._grow()

    def _start(self) -> None:
        task = asyncio.create_task(self._start_one(), name="collection runtime start")
        self._starting.add(task)

    async def _start_one(self) -> None:
        failure: Exception | None = None
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            worker = await self._spawn()
            self._members.append(_Member(worker))
            self._start_seconds = loop.time() - began
        except Exception as error:
            failure = error
        finally:
            self._starting = {task for task in self._starting if task is not asyncio.current_task()}
        if failure is None:
            self._serve()
        elif not self._starting and not self.workers:
            self._refuse(failure)

    def _refuse(self, error: Exception) -> None:
        """Fail all waiting jobs with an error."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(type(error)(str(error)))

    def _end(self, member: _Member) -> None:
        """End a worker at once, with its jobs."""
        if member in self._members:
            self._members.remove(member)
        task = asyncio.create_task(member.worker.end(), name="collection runtime end")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _end_idle(self) -> None:
        """End the idle workers that exceed one per core."""
        self._idle = None
        idle = [member for member in self._members if member.jobs == 0]
        for member in idle[: max(0, len(self._members) - self._cores)]:
            self._end(member)
