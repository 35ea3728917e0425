"""`MonitorBatch`: a batch of runs as an object that is iterated and controlled."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from attrs import evolve, frozen

from postman_async.bulk import clock
from postman_async.bulk.journal import Journal
from postman_async.bulk.options import Settings
from postman_async.bulk.outcome import BatchReport, MonitorOutcome, OutcomeStatus
from postman_async.bulk.resolve import SourceResolver
from postman_async.bulk.resources import limit_concurrency, load_modules
from postman_async.bulk.run_history import history_of
from postman_async.bulk.runner import RunContext
from postman_async.bulk.scheduler import Scheduler
from postman_async.bulk.select import NO_UIDS, Source
from postman_async.errors import ConfigurationError, EmptySelectionError, InvalidArgumentError

if TYPE_CHECKING:
    from postman_async.bulk.options import BatchOptions
    from postman_async.bulk.select import Uids
    from postman_async.engine.caller import RawCaller

__all__ = ["BatchProgress", "MonitorBatch"]


@frozen(kw_only=True)
class BatchProgress:
    """The progress of a batch.

    Attributes:
        total: how many runs the batch has; None while that is not known.
        done: how many outcomes are known, those of a resumed journal included.
        running: how many runs were triggered and have no outcome yet.
        waiting: how many are about to be triggered: they wait for the rate limit or a retry.
        counts: how many outcomes there are of each status.
        elapsed: seconds since the batch started.
        eta: estimate of the seconds left, at the pace so far; None while there is none.
        known: how many of the outcomes were in the journal when the batch was resumed.

    """

    total: int | None
    done: int
    running: int
    waiting: int
    counts: Counter[OutcomeStatus]
    elapsed: float
    eta: float | None
    known: int = 0


class MonitorBatch:
    """Many monitors that run in parallel; made by `AsyncPostman.monitor_batch`.

    ::

        async with pm.monitor_batch(uids, concurrency=100) as batch:
            async for outcome in batch:
                print(outcome.uid, outcome.status, batch.progress.eta)

    The batch works inside the block only.  At most ``concurrency`` monitors are in flight, or have
    an outcome that was not taken yet; at most as many uids wait for an earlier run of their
    monitor.  Leaving the block cancels what is in flight, and leaves no task and no connection
    behind.
    """

    def __init__(self, caller: RawCaller, uids: Uids | None, options: BatchOptions) -> None:
        self._caller = caller
        self._settings = settings = Settings.of(options)
        self._resolver = SourceResolver(caller, settings, _source(uids, settings))
        self._journal: Journal | None = None
        self._known: Iterator[MonitorOutcome] = iter(())
        self._outcomes: asyncio.Queue[tuple[MonitorOutcome, asyncio.Event] | None] = asyncio.Queue()
        self._scheduler: Scheduler | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._started_at, self._started = clock.wall(), clock.monotonic()

    # -- start and end ------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Select the monitors, open the journal, and start.

        Raises:
            ConfigurationError: the client belongs to another process or event loop.
            JournalError: the journal cannot be used.
            EmptySelectionError: no monitor is selected.
            PostmanError: the monitors could not be selected.

        """
        if self._task is not None:
            raise ConfigurationError("a batch is run once: make another one")
        self._caller.check_place()
        self._started_at, self._started = clock.wall(), clock.monotonic()
        load_modules()
        if self._settings.journal is not None:
            self._journal = await Journal.open(self._settings.journal)
        try:
            source = await self._resolver.resolve(self._journal)
            if self._journal is not None:
                self._known = self._journal.known_outcomes()
            self._start(source)
        except BaseException:
            self._close_journal()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel what is in flight."""
        task = self._at_work()[1]
        ended = not task.cancel()
        try:
            await asyncio.wait([task])
        finally:
            self._close_journal()
        if kind is None and self._failure is None and (ended or not task.cancelled()):
            task.result()

    def _start(self, source: Source) -> None:
        concurrency = limit_concurrency(self._settings.concurrency)
        settings = evolve(self._settings, concurrency=concurrency)
        seconds = settings.deadline
        deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
        history = history_of(self._caller)
        if self._journal is not None:
            self._journal.state.share_with(history)
            self._journal.service = history.service
        context = RunContext(self._caller, settings, history, self._journal, deadline)
        self._scheduler = Scheduler(context, source, self._emit)
        self._task = asyncio.create_task(self._work(self._scheduler), name="monitor batch")

    async def _work(self, scheduler: Scheduler) -> None:
        try:
            await scheduler.run()
        finally:
            self._outcomes.put_nowait(None)

    async def _emit(self, outcome: MonitorOutcome) -> None:
        taken = asyncio.Event()
        self._outcomes.put_nowait((outcome, taken))
        await taken.wait()

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()

    # -- outcomes -----------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        """Iterate over the outcomes: those of a resumed journal first, then each when known."""
        return self

    async def __anext__(self) -> MonitorOutcome:
        """Wait for an outcome.

        Raises:
            Exception: what the source of uids, `on_outcome` or the journal raised.

        """
        task = self._at_work()[1]
        known = next(self._known, None)
        if known is not None:
            return known
        item = await self._outcomes.get()
        if item is not None:
            item[1].set()
            return item[0]
        self._outcomes.put_nowait(None)
        await asyncio.wait([task])
        try:
            task.result()
        except BaseException as failure:
            self._failure = failure
            raise
        raise StopAsyncIteration

    async def report(self) -> BatchReport:
        """Wait for the end.

        Returns:
            The outcomes that were not taken, in the order of their indexes.

        """
        outcomes = [outcome async for outcome in self]
        outcomes.sort(key=lambda outcome: outcome.index)
        return BatchReport(tuple(outcomes), self._started_at, clock.monotonic() - self._started)

    # -- control ------------------------------------------------------------------------------

    def pause(self) -> None:
        """Trigger nothing until `resume`; the runs in flight go on."""
        self._at_work()[0].pause()

    def resume(self) -> None:
        """Continue after `pause`."""
        self._at_work()[0].resume()

    def cancel(self) -> None:
        """Trigger nothing any more, and do not wait for the runs in flight.

        The service ends those, but their outcomes are ``unknown`` here, and the rest is
        ``skipped``.  Neither is written to a journal, so a resumed batch reconciles the former
        and runs the latter.
        """
        self._at_work()[0].cancel()

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._at_work()[0].paused

    @property
    def progress(self) -> BatchProgress:
        """The progress at present."""
        scheduler = self._at_work()[0]
        known = {} if self._journal is None else self._journal.state.counts
        counts: Counter[OutcomeStatus] = scheduler.counts + Counter(known)  # type: ignore[arg-type]
        done, new = counts.total(), scheduler.counts.total()
        total = scheduler.pulled if scheduler.exhausted else scheduler.source.total
        running, waiting = scheduler.in_flight()
        elapsed = clock.monotonic() - self._started
        left = None if total is None or not new else (total - done) * elapsed / new
        return BatchProgress(
            total=total,
            done=done,
            running=running,
            waiting=waiting,
            counts=counts,
            elapsed=elapsed,
            eta=left,
            known=0 if self._journal is None else self._journal.known,
        )

    @property
    def journal_note(self) -> str | None:
        """What the batch does with an earlier one in its journal, in a sentence; else None.

        An example: ``runs.jsonl: goes on with the batch of 2026-01-31T12:00:00+00:00: 73 known,
        427 to run``.  The log has the sentence, too.
        """
        return self._resolver.note

    @property
    def running(self) -> list[tuple[str, float]]:
        """The monitors that were triggered and have no outcome yet, each with its seconds.

        They are named by their uids where the names are not known.  The oldest run comes first.
        """
        runners = self._at_work()[0].running()
        return [(runner.job.name or runner.job.uid, runner.age) for runner in runners]

    def _at_work(self) -> tuple[Scheduler, asyncio.Task[None]]:
        if self._scheduler is None or self._task is None:
            raise ConfigurationError("a batch is at work only inside its `async with` block")
        return self._scheduler, self._task


def _source(uids: Uids | Mapping[str, str] | None, settings: Settings) -> Source | None:
    """Make the source of given uids; None if they are selected, or named by the journal."""
    if uids is not None and settings.select is not None:
        raise InvalidArgumentError("a batch takes either uids or select")
    if uids is None:
        if settings.select is None and not settings.resume:
            raise InvalidArgumentError("a batch takes either uids or select, or resumes a journal")
        return None
    if isinstance(uids, str | bytes):
        raise InvalidArgumentError("uids must be a collection of uids, not one string: [uid]")
    source = Source(uids, settings.repeat, settings.order)
    if source.total == 0 and not settings.allow_empty:
        raise EmptySelectionError(NO_UIDS)
    return source
