"""`MonitorBatch`: a batch of runs as an object that is iterated and controlled."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from attrs import evolve, frozen

from postman_async.bulk import clock
from postman_async.bulk.beginning import Beginning
from postman_async.bulk.history import memory_of
from postman_async.bulk.journal import Journal
from postman_async.bulk.options import Settings
from postman_async.bulk.outcome import BatchReport, MonitorOutcome, OutcomeStatus
from postman_async.bulk.resources import bounded, load
from postman_async.bulk.runner import Context
from postman_async.bulk.scheduler import Drive
from postman_async.bulk.select import NO_UIDS, Source
from postman_async.errors import ConfigurationError, EmptySelectionError, InvalidArgumentError

if TYPE_CHECKING:
    from postman_async.bulk.options import BatchOptions
    from postman_async.bulk.select import Uids
    from postman_async.engine.caller import RawCaller

__all__ = ["BatchProgress", "MonitorBatch"]


@frozen(kw_only=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        total: how many runs there are to be; None while that is not known.
        done: how many outcomes are known, those of a resumed journal included.
        running: how many runs were triggered and have no outcome yet.
        waiting: how many are about to be triggered: they wait for the rate limit or a retry.
        counts: how many outcomes there are of each status.
        elapsed: seconds since the batch began.
        known: how many of the outcomes were in the journal when the batch went on with it.
        eta: seconds it will take still if it goes on as it did; None while that is not known.

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

    It is at work from the beginning of the block to its end.  At most ``concurrency`` monitors are
    under way, or have an outcome that was not taken yet; as many uids at most wait for an earlier
    run of their monitor.  Leaving the block cancels what is under way, and leaves no task and no
    connection behind.
    """

    def __init__(self, caller: RawCaller, uids: Uids | None, options: BatchOptions) -> None:
        self._caller = caller
        self._settings = settings = Settings.of(options)
        self._beginning = Beginning(caller, settings, _source(uids, settings))
        self._journal: Journal | None = None
        self._earlier: Iterator[MonitorOutcome] = iter(())
        self._outcomes: asyncio.Queue[tuple[MonitorOutcome, asyncio.Event] | None] = asyncio.Queue()
        self._drive: Drive | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._started_at, self._started = clock.wall(), clock.monotonic()

    # -- its life -----------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Select what is to be run, open the journal, and begin.

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
        load()
        if self._settings.journal is not None:
            self._journal = await Journal.open(self._settings.journal)
        try:
            source = await self._beginning.source(self._journal)
            if self._journal is not None:
                self._earlier = self._journal.earlier()
            self._begin(source)
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
        """Cancel what is under way."""
        task = self._running()[1]
        ended = not task.cancel()
        try:
            await asyncio.wait([task])
        finally:
            self._close_journal()
        if kind is None and self._failure is None and (ended or not task.cancelled()):
            task.result()

    def _begin(self, source: Source) -> None:
        concurrency = bounded(self._settings.concurrency)
        settings = evolve(self._settings, concurrency=concurrency)
        deadline = settings.deadline
        ends = None if deadline is None else asyncio.get_running_loop().time() + deadline
        memory = memory_of(self._caller)
        if self._journal is not None:
            self._journal.places.tell(memory)
            self._journal.service = memory.service
        context = Context(self._caller, settings, memory, self._journal, ends)
        self._drive = Drive(context, source, self._hand_out)
        self._task = asyncio.create_task(self._work(self._drive), name="monitor batch")

    async def _work(self, drive: Drive) -> None:
        try:
            await drive.run()
        finally:
            self._outcomes.put_nowait(None)

    async def _hand_out(self, outcome: MonitorOutcome) -> None:
        taken = asyncio.Event()
        self._outcomes.put_nowait((outcome, taken))
        await taken.wait()

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()

    # -- its outcomes -------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        """Iterate over the outcomes: first those of a resumed journal, then each when known."""
        return self

    async def __anext__(self) -> MonitorOutcome:
        """Wait for an outcome.

        Raises:
            Exception: what the source of uids, `on_outcome` or the journal raised.

        """
        task = self._running()[1]
        earlier = next(self._earlier, None)
        if earlier is not None:
            return earlier
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
        """Wait for the end, and report the outcomes that were not taken, by their places."""
        outcomes = [outcome async for outcome in self]
        outcomes.sort(key=lambda outcome: outcome.index)
        return BatchReport(tuple(outcomes), self._started_at, clock.monotonic() - self._started)

    # -- control ------------------------------------------------------------------------------

    def pause(self) -> None:
        """Trigger nothing until `resume`; the runs under way go on."""
        self._running()[0].pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._running()[0].resume()

    def cancel(self) -> None:
        """Trigger nothing any more, and do not wait for the runs under way.

        Those end in the service, but their outcomes are ``unknown`` here, and the rest is
        ``skipped``.  A journal does not keep either, so a resumed batch settles the former and
        runs the latter.
        """
        self._running()[0].cancel()

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._running()[0].paused

    @property
    def progress(self) -> BatchProgress:
        """How far it is now."""
        drive = self._running()[0]
        earlier = {} if self._journal is None else self._journal.places.counts
        counts: Counter[OutcomeStatus] = drive.counts + Counter(earlier)  # type: ignore[arg-type]
        done, new = counts.total(), drive.counts.total()
        total = drive.pulled if drive.exhausted else drive.source.total
        running, waiting = drive.under_way()
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
        """What an earlier batch in the journal means for this one, in a sentence; else None.

        Such as ``runs.jsonl: goes on with the batch of 2026-01-31T12:00:00+00:00: 73 known, 427
        to run``.  The log has it, too.
        """
        return self._beginning.note

    @property
    def running(self) -> list[tuple[str, float]]:
        """Each monitor that was triggered and has no outcome yet, and for how many seconds.

        The longest comes first; a monitor stands by its uid where its name is not known.
        """
        runners = self._running()[0].running()
        return [(runner.job.name or runner.job.uid, runner.age) for runner in runners]

    def _running(self) -> tuple[Drive, asyncio.Task[None]]:
        if self._drive is None or self._task is None:
            raise ConfigurationError("a batch is at work only inside its `async with` block")
        return self._drive, self._task


def _source(uids: Uids | Mapping[str, str] | None, settings: Settings) -> Source | None:
    """Make the source of given uids; None where they are to be selected, or in the journal."""
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
