"""Works off the jobs of a batch, with bounded concurrency, and stops on demand."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from attrs import define, field

from postman_async.bulk.monitor_queue import MonitorQueue, Phase
from postman_async.bulk.outcome import MonitorOutcome, OutcomeStatus
from postman_async.bulk.runner import RunContext, Runner
from postman_async.bulk.select import NO_UIDS
from postman_async.errors import (
    AuthenticationError,
    DeadlineExceeded,
    EmptySelectionError,
    PostmanError,
    UnsettledError,
)

if TYPE_CHECKING:
    from postman_async.bulk.journal import Journal
    from postman_async.bulk.select import Job, Source

__all__ = ["Scheduler"]

_TIME_UP = "the batch's time was up before the monitor was triggered"
_CANCELLED = "the batch was cancelled while the run was under way"


@define(eq=False)
class Scheduler:
    """Runs the jobs of a batch.

    At most `concurrency` queues exist.  A queue ends when its outcome was taken by the consumer,
    so a slow consumer slows the batch down and no outcomes pile up.

    Attributes:
        context: what the runs share.
        source: where the jobs come from.
        emit: takes each outcome; the queue waits for it.
        counts: how many outcomes there are of each status.
        pulled: how many jobs the source has given.
        exhausted: the source has no more jobs.

    """

    context: RunContext
    source: Source
    emit: Callable[[MonitorOutcome], Awaitable[None]]
    counts: Counter[OutcomeStatus] = field(factory=Counter)
    pulled: int = 0
    exhausted: bool = False
    _queues: set[MonitorQueue] = field(factory=set)
    _by_uid: dict[str, MonitorQueue] = field(factory=dict)
    _free: asyncio.Semaphore = field(init=False)
    """Permits for queues."""
    _backlog: asyncio.Semaphore = field(init=False)
    """Permits for jobs that wait for an earlier run of their monitor."""
    _unpaused: asyncio.Event = field(factory=asyncio.Event)
    _stopped: bool = False
    _cancelled: bool = False
    _stop_reason: PostmanError | None = None
    _failures: int = 0
    _pull: asyncio.Timeout | None = None
    _source_abandoned: bool = False
    _task: asyncio.Task[None] | None = None
    _failure: BaseException | None = None

    def __attrs_post_init__(self) -> None:
        """Make the semaphores."""
        self._free = asyncio.Semaphore(self.context.settings.concurrency)
        self._backlog = asyncio.Semaphore(self.context.settings.concurrency)
        self._unpaused.set()

    async def run(self) -> None:
        """Run every job; an error of the batch itself ends it, and leaves nothing in flight."""
        self._task = asyncio.current_task()
        timer = self._set_timer()
        try:
            await self._feed()
            while self._queues:
                await asyncio.wait([q.task for q in self._queues if q.task is not None])
        except asyncio.CancelledError:
            if self._failure is None:
                raise
            raise self._failure from None
        finally:
            if timer is not None:
                timer.cancel()
            await self._clear()

    def _set_timer(self) -> asyncio.TimerHandle | None:
        """Stop when the batch's time is up, which may be at once."""
        loop, deadline = asyncio.get_running_loop(), self.context.deadline
        error = DeadlineExceeded(_TIME_UP)
        if deadline is not None and deadline <= loop.time():
            self.stop(error)
        return None if deadline is None else loop.call_at(deadline, self.stop, error)

    # -- control ------------------------------------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether nothing is triggered at present."""
        return not self._unpaused.is_set()

    def pause(self) -> None:
        """Trigger nothing until `resume`; calls that wait to be sent are withdrawn."""
        if not self._stopped:
            self._unpaused.clear()
            self._interrupt("waiting")

    def resume(self) -> None:
        """Continue after `pause`."""
        self._unpaused.set()

    def stop(self, reason: PostmanError | None = None) -> None:
        """Trigger nothing any more; the runs in flight are waited for."""
        if self._stopped:
            return
        self._stopped, self._stop_reason = True, reason
        self._unpaused.set()
        self._interrupt("waiting")
        if not self.source.whole and self._pull is not None:
            self._pull.reschedule(asyncio.get_running_loop().time())

    def cancel(self) -> None:
        """Trigger nothing any more, and do not wait for the runs in flight."""
        self.stop()
        self._cancelled = True
        self._interrupt("sent")

    def _interrupt(self, phase: Phase) -> None:
        for queue in self._queues:
            queue.interrupt(phase)

    def in_flight(self) -> tuple[int, int]:
        """Return how many runs were sent, and how many wait to be sent."""
        runners = [queue.runner for queue in self._queues if queue.runner is not None]
        waiting = sum(runner.waiting for runner in runners)
        return len(runners) - waiting, waiting

    def running(self) -> list[Runner]:
        """Return the runs that were sent, the oldest first."""
        runners = (queue.runner for queue in self._queues if queue.runner is not None)
        sent = (runner for runner in runners if not runner.waiting)
        return sorted(sent, key=lambda runner: -runner.age)

    # -- feeding the queues -------------------------------------------------------------------

    async def _feed(self) -> None:
        async with aclosing(self._missing()) as jobs:
            await self._free.acquire()
            while (job := await self._next(jobs)) is not None:
                if not await self._enqueued(job):
                    self._start(job)
                    await self._free.acquire()
        if not self._source_abandoned:
            self._record_end()
        self.exhausted = True

    def _record_end(self) -> None:
        """Record how many uids came, if the source did not say so before."""
        if self.pulled == 0 and not self.context.settings.allow_empty:
            raise EmptySelectionError(NO_UIDS)
        journal = self.context.journal
        if journal is not None:
            if self.source.total is None:
                journal.check_length(self.pulled)
            journal.record_end(self.pulled, {job.index: job.uid for job in self._unfinished()})

    def _unfinished(self) -> Iterator[Job]:
        """Yield the jobs that came and have no outcome yet."""
        for queue in self._queues:
            if queue.runner is not None:
                yield queue.runner.job
            yield from queue.jobs

    async def _missing(self) -> AsyncGenerator[Job]:
        """Yield the jobs without an outcome in the journal."""
        journal = self.context.journal
        async with aclosing(self.source.jobs()) as jobs:
            async for job in jobs:
                self.pulled += 1
                if journal is not None:
                    journal.check_monitor(job.index, job.uid)
                    if journal.state.has_outcome(job.index):
                        continue
                    job = job.with_pending(journal.state.pending(job.index))
                yield job

    async def _next(self, jobs: AsyncIterator[Job]) -> Job | None:
        """Return the next job; a source without a known end is not read after a stop."""
        if self._stopped and not self.source.whole:
            self._source_abandoned = True
            return None
        self._pull = pull = asyncio.timeout(None)
        try:
            async with pull:
                return await anext(jobs, None)
        except TimeoutError:
            if not pull.expired():
                raise
            self._source_abandoned = True
            return None
        finally:
            self._pull = None

    async def _enqueued(self, job: Job) -> bool:
        """Append a job to the queue of its monitor, if there is one; return whether it was."""
        if self.context.settings.overlap or job.uid not in self._by_uid:
            return False
        await self._backlog.acquire()
        queue = self._by_uid.get(job.uid)
        if queue is None:
            self._backlog.release()
            return False
        queue.jobs.append(job)
        return True

    def _start(self, job: Job) -> None:
        queue = MonitorQueue(deque([job]))
        self._queues.add(queue)
        self._by_uid[job.uid] = queue
        queue.task = asyncio.create_task(self._work_off(queue), name=f"monitor {job.uid}")

    # -- one queue ----------------------------------------------------------------------------

    async def _work_off(self, queue: MonitorQueue) -> None:
        """Run the jobs of a queue; an error of the batch itself ends the batch."""
        uid = queue.jobs[0].uid
        try:
            await self._run_one(queue, queue.jobs.popleft())
            while queue.jobs:
                self._backlog.release()
                await self._run_one(queue, queue.jobs.popleft())
        except asyncio.CancelledError as error:
            if queue.task is None or queue.task.cancelling():
                raise
            self._fail(error)  # nobody has cancelled this queue: a callback raised it
        except Exception as error:
            self._fail(error)
        finally:
            self._queues.discard(queue)
            if self._by_uid.get(uid) is queue:
                del self._by_uid[uid]
            self._free.release()

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        if self._task is not None:
            self._task.cancel()

    async def _run_one(self, queue: MonitorQueue, job: Job) -> None:
        queue.runner = runner = Runner(self.context, job)
        outcome, final = await self._outcome(queue, runner)
        queue.runner = None
        self.counts[outcome.status] += 1
        if final and self.context.journal is not None:
            self._record(self.context.journal, outcome)
        self._count_failure(outcome)
        callback = self.context.settings.on_outcome
        if callback is not None:
            answer = callback(outcome)
            if inspect.isawaitable(answer):
                await answer
        await self.emit(outcome)

    def _record(self, journal: Journal, outcome: MonitorOutcome) -> None:
        """Record an outcome; a refused key is no outcome of the monitor, so it is run later."""
        if isinstance(outcome.error, AuthenticationError):
            journal.record_refusal(outcome.index)
        else:
            journal.record_outcome(outcome)

    async def _outcome(self, queue: MonitorQueue, runner: Runner) -> tuple[MonitorOutcome, bool]:
        """Return the outcome, and whether it is final: a resumed batch does not run it again."""
        while True:
            await self._unpaused.wait()
            if self._stopped and runner.job.pending is None:
                return runner.skipped(self._stop_reason), False
            if self._cancelled:
                return runner.abandoned(UnsettledError(_CANCELLED)), False
            queue.in_flight, queue.interrupted = True, None
            try:
                outcome = await runner.outcome()
                return outcome, outcome.status != "skipped" and not runner.cut_short
            except asyncio.CancelledError:
                if not queue.interrupted or _cancelled_by_others():
                    raise
            finally:
                queue.in_flight = False
            if queue.interrupted == "sent":
                return runner.abandoned(UnsettledError(_CANCELLED)), False

    def _count_failure(self, outcome: MonitorOutcome) -> None:
        self._failures += outcome.status not in ("passed", "skipped")
        if self._failures >= self.context.settings.failures_allowed:
            self.stop()

    async def _clear(self) -> None:
        tasks = [queue.task for queue in self._queues if queue.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _cancelled_by_others() -> bool:
    """Take back the interruption of a queue; return whether the task was cancelled besides."""
    task = asyncio.current_task()
    return task is not None and task.uncancel() > 0
