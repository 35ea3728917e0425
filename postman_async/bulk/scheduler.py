"""Keeps a batch going: feeds its jobs to lanes, holds them within bounds, and stops them."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Literal

from attrs import define, field

from postman_async.bulk.outcome import MonitorOutcome, OutcomeStatus
from postman_async.bulk.runner import Context, Runner
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

__all__ = ["Drive"]

_LATE = "the batch's time was up before the monitor was triggered"
_CANCELLED = "the batch was cancelled while the run was under way"


@define(eq=False)
class Lane:
    """The runs of one monitor, one after the other.

    Attributes:
        jobs: those that wait for the one under way.
        runner: the one under way.
        flying: it is at work, and not held at the gate.
        recalled: why it was interrupted: it waited to be sent, or was sent.
        task: what executes the lane.

    """

    jobs: deque[Job]
    runner: Runner | None = None
    flying: bool = False
    recalled: Literal["waiting", "sent"] | None = None
    task: asyncio.Task[None] | None = None

    def recall(self, what: Literal["waiting", "sent"]) -> None:
        """Interrupt the run under way if it waits to be sent, or if it was sent."""
        if not self.flying or self.recalled or self.runner is None or self.task is None:
            return
        if self.runner.waiting == (what == "waiting"):
            self.recalled = what
            self.task.cancel()


@define(eq=False)
class Drive:
    """The work of a batch.

    At most `concurrency` lanes exist.  A lane ends when its outcome was taken by whom it is
    delivered to, so a slow taker slows the batch down and nothing piles up.

    Attributes:
        context: what the runs share.
        source: where the jobs come from.
        deliver: takes each outcome; the lane waits for it.
        counts: the outcomes so far.
        pulled: how many jobs the source has given.
        exhausted: it has no more.

    """

    context: Context
    source: Source
    deliver: Callable[[MonitorOutcome], Awaitable[None]]
    counts: Counter[OutcomeStatus] = field(factory=Counter)
    pulled: int = 0
    exhausted: bool = False
    _lanes: set[Lane] = field(factory=set)
    _by_uid: dict[str, Lane] = field(factory=dict)
    _slots: asyncio.Semaphore = field(init=False)
    _room: asyncio.Semaphore = field(init=False)
    _gate: asyncio.Event = field(factory=asyncio.Event)
    _stopped: bool = False
    _abandoned: bool = False
    _reason: PostmanError | None = None
    _failures: int = 0
    _pull: asyncio.Timeout | None = None
    _broken_off: bool = False
    _task: asyncio.Task[None] | None = None
    _broken: BaseException | None = None

    def __attrs_post_init__(self) -> None:
        """Set the bounds."""
        self._slots = asyncio.Semaphore(self.context.settings.concurrency)
        self._room = asyncio.Semaphore(self.context.settings.concurrency)
        self._gate.set()

    async def run(self) -> None:
        """Run every job; what fails here fails the batch, and leaves nothing under way."""
        self._task = asyncio.current_task()
        alarm = self._set_alarm()
        try:
            await self._feed()
            while self._lanes:
                await asyncio.wait([lane.task for lane in self._lanes if lane.task is not None])
        except asyncio.CancelledError:
            if self._broken is None:
                raise
            raise self._broken from None
        finally:
            if alarm is not None:
                alarm.cancel()
            await self._clear()

    def _set_alarm(self) -> asyncio.TimerHandle | None:
        """Stop when the batch's time is up, which it may be from the beginning."""
        loop, ends, late = asyncio.get_running_loop(), self.context.ends, DeadlineExceeded(_LATE)
        if ends is not None and ends <= loop.time():
            self.stop(late)
        return None if ends is None else loop.call_at(ends, self.stop, late)

    # -- control ------------------------------------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether nothing is triggered at present."""
        return not self._gate.is_set()

    def pause(self) -> None:
        """Trigger nothing until `resume`; what waits to be sent is taken back."""
        if not self._stopped:
            self._gate.clear()
            self._recall("waiting")

    def resume(self) -> None:
        """Go on."""
        self._gate.set()

    def stop(self, reason: PostmanError | None = None) -> None:
        """Trigger nothing any more; what is under way goes on to its end."""
        if self._stopped:
            return
        self._stopped, self._reason = True, reason
        self._gate.set()
        self._recall("waiting")
        if not self.source.whole and self._pull is not None:
            self._pull.reschedule(asyncio.get_running_loop().time())

    def cancel(self) -> None:
        """Trigger nothing any more, and do not wait for what is under way."""
        self.stop()
        self._abandoned = True
        self._recall("sent")

    def _recall(self, what: Literal["waiting", "sent"]) -> None:
        for lane in self._lanes:
            lane.recall(what)

    def under_way(self) -> tuple[int, int]:
        """Count the runs that were sent, and those that wait to be."""
        runners = [lane.runner for lane in self._lanes if lane.runner is not None]
        waiting = sum(runner.waiting for runner in runners)
        return len(runners) - waiting, waiting

    def running(self) -> list[Runner]:
        """Return the runs that were sent, the longest first."""
        runners = (lane.runner for lane in self._lanes if lane.runner is not None)
        sent = (runner for runner in runners if not runner.waiting)
        return sorted(sent, key=lambda runner: -runner.age)

    # -- feeding ------------------------------------------------------------------------------

    async def _feed(self) -> None:
        async with aclosing(self._missing()) as jobs:
            await self._slots.acquire()
            while (job := await self._next(jobs)) is not None:
                if not await self._joined(job):
                    self._start(job)
                    await self._slots.acquire()
        if not self._broken_off:
            self._note_end()
        self.exhausted = True

    def _note_end(self) -> None:
        """Note that no more uids come, which of some sources nobody knew before."""
        if self.pulled == 0 and not self.context.settings.allow_empty:
            raise EmptySelectionError(NO_UIDS)
        journal = self.context.journal
        if journal is not None:
            if self.source.total is None:
                journal.check_length(self.pulled)
            journal.end(self.pulled, {job.index: job.uid for job in self._unended()})

    def _unended(self) -> Iterator[Job]:
        """Yield the jobs that came and have no outcome yet."""
        for lane in self._lanes:
            if lane.runner is not None:
                yield lane.runner.job
            yield from lane.jobs

    async def _missing(self) -> AsyncGenerator[Job]:
        """Yield the jobs of which the journal has no outcome."""
        journal = self.context.journal
        async with aclosing(self.source.jobs()) as jobs:
            async for job in jobs:
                self.pulled += 1
                if journal is not None:
                    journal.check(job.index, job.uid)
                    if journal.places.has(job.index):
                        continue
                    job = job.going_on(journal.places.begun(job.index))
                yield job

    async def _next(self, jobs: AsyncIterator[Job]) -> Job | None:
        """Get a job; of a source without a known end, no more are taken once it is stopped."""
        if self._stopped and not self.source.whole:
            self._broken_off = True
            return None
        self._pull = pull = asyncio.timeout(None)
        try:
            async with pull:
                return await anext(jobs, None)
        except TimeoutError:
            if not pull.expired():
                raise
            self._broken_off = True
            return None
        finally:
            self._pull = None

    async def _joined(self, job: Job) -> bool:
        """Let a job wait for the earlier run of its monitor, if there is one under way."""
        if self.context.settings.overlap or job.uid not in self._by_uid:
            return False
        await self._room.acquire()
        lane = self._by_uid.get(job.uid)
        if lane is None:
            self._room.release()
            return False
        lane.jobs.append(job)
        return True

    def _start(self, job: Job) -> None:
        lane = Lane(deque([job]))
        self._lanes.add(lane)
        self._by_uid[job.uid] = lane
        lane.task = asyncio.create_task(self._run(lane), name=f"monitor {job.uid}")

    # -- a lane -------------------------------------------------------------------------------

    async def _run(self, lane: Lane) -> None:
        """Run the jobs of a lane; a failure of this batch's own ends all of it."""
        uid = lane.jobs[0].uid
        try:
            await self._run_one(lane, lane.jobs.popleft())
            while lane.jobs:
                self._room.release()
                await self._run_one(lane, lane.jobs.popleft())
        except asyncio.CancelledError as error:
            if lane.task is None or lane.task.cancelling():
                raise
            self._break(error)  # nobody has cancelled this lane: a callback raised it
        except Exception as error:
            self._break(error)
        finally:
            self._lanes.discard(lane)
            if self._by_uid.get(uid) is lane:
                del self._by_uid[uid]
            self._slots.release()

    def _break(self, error: BaseException) -> None:
        self._broken = self._broken or error
        if self._task is not None:
            self._task.cancel()

    async def _run_one(self, lane: Lane, job: Job) -> None:
        lane.runner = runner = Runner(self.context, job)
        outcome, lasting = await self._outcome(lane, runner)
        lane.runner = None
        self.counts[outcome.status] += 1
        if lasting and self.context.journal is not None:
            self._note(self.context.journal, outcome)
        self._count_failure(outcome)
        callback = self.context.settings.on_outcome
        if callback is not None:
            answer = callback(outcome)
            if inspect.isawaitable(answer):
                await answer
        await self.deliver(outcome)

    def _note(self, journal: Journal, outcome: MonitorOutcome) -> None:
        """Note an outcome; a key that is refused says nothing of the monitor."""
        if isinstance(outcome.error, AuthenticationError):
            journal.refused(outcome.index)
        else:
            journal.ended(outcome)

    async def _outcome(self, lane: Lane, runner: Runner) -> tuple[MonitorOutcome, bool]:
        """Get an outcome, and whether it is one to be kept when the batch is resumed."""
        while True:
            await self._gate.wait()
            if self._stopped and runner.job.begun is None:
                return runner.skipped(self._reason), False
            if self._abandoned:
                return runner.abandoned(UnsettledError(_CANCELLED)), False
            lane.flying, lane.recalled = True, None
            try:
                outcome = await runner.outcome()
                return outcome, outcome.status != "skipped" and not runner.cut_short
            except asyncio.CancelledError:
                if not lane.recalled or _still_cancelled():
                    raise
            finally:
                lane.flying = False
            if lane.recalled == "sent":
                return runner.abandoned(UnsettledError(_CANCELLED)), False

    def _count_failure(self, outcome: MonitorOutcome) -> None:
        self._failures += outcome.status not in ("passed", "skipped")
        if self._failures >= self.context.settings.failures_allowed:
            self.stop()

    async def _clear(self) -> None:
        tasks = [lane.task for lane in self._lanes if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _still_cancelled() -> bool:
    """Take back the recall of a lane; tell whether someone else has cancelled it, too."""
    task = asyncio.current_task()
    return task is not None and task.uncancel() > 0
