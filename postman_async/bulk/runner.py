"""One run of a batch: from the call that triggers the monitor to its outcome."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from postman_async.bulk import clock
from postman_async.bulk.observation import KnownRun
from postman_async.bulk.outcome import MonitorOutcome, status_of_error, status_of_run
from postman_async.bulk.poller import Poller, RunResult
from postman_async.bulk.record import UNSERIALIZABLE
from postman_async.bulk.times import parse_date
from postman_async.bulk.trigger import MAX_START_DELAY, Trigger
from postman_async.engine.data.convert import load_model
from postman_async.errors import (
    Answer,
    DeadlineExceeded,
    InvalidResponseError,
    PostmanError,
    UnsettledError,
)
from postman_async.operations import OPERATIONS

if TYPE_CHECKING:
    from postman_async.bulk.journal import Journal
    from postman_async.bulk.options import Settings
    from postman_async.bulk.run_history import CallEnd, RunHistory
    from postman_async.bulk.select import Job
    from postman_async.engine.caller import RawCaller
    from postman_async.engine.http.response import RawResponse
    from postman_async.models.monitors import MonitorRun

__all__ = ["RunContext", "Runner"]

_RUN = OPERATIONS["monitors.run"]


@frozen
class RunContext:
    """What the runs of a batch share.

    Attributes:
        caller: sends the calls.
        settings: the options of the batch.
        history: what the client knows of earlier runs.
        journal: where events are recorded, if anywhere.
        deadline: when the batch's time is up, on the loop's clock.

    """

    caller: RawCaller
    settings: Settings
    history: RunHistory
    journal: Journal | None
    deadline: float | None


@define(eq=False)
class Runner:
    """Runs one monitor.  As an `AttemptObserver` it learns of each attempt of the call.

    Attributes:
        context: what all runs of the batch share.
        job: the monitor and its index in the batch.
        attempts: how often the service was asked to run it.
        cut_short: the batch's time was up, and not that of the run.

    """

    context: RunContext
    job: Job
    attempts: int = 0
    cut_short: bool = False
    _poller: Poller = field(init=False)
    _timeout: asyncio.Timeout = field(init=False)
    _trigger: Trigger | None = None
    _outcome_open: bool = False
    _run_deadline: float | None = None
    _started_at: datetime | None = None
    _started: float = 0.0
    _waited: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Make the poller."""
        shared = self.context
        self._poller = Poller(
            shared.caller,
            shared.history,
            self.job.uid,
            shared.settings.poll_options,
            certain_absence=shared.settings.on_unknown == "rerun",
        )

    @property
    def waiting(self) -> bool:
        """Whether the service was not asked yet, so that the run can still be withdrawn."""
        return self._trigger is None and not self._outcome_open

    @property
    def age(self) -> float:
        """Seconds since the monitor was triggered; 0 before that."""
        return 0.0 if self._started_at is None else clock.monotonic() - self._started

    async def outcome(self) -> MonitorOutcome:
        """Run the monitor.  Whatever goes wrong with it becomes its outcome.

        The coroutine may be cancelled while the run is `waiting`, and then be called again.
        """
        result: RunResult | None = None
        try:
            async with asyncio.timeout_at(self._deadline()) as self._timeout:
                result = await self._run()
        except TimeoutError:
            if not self._timeout.expired():
                raise
            self.cut_short = self._timeout.when() == self.context.deadline
            result = self._timed_out()
        finally:
            self._end_call("resumable" if result is None or self.cut_short else _end_of(result))
        assert result is not None
        return self._outcome(result)

    def skipped(self, error: PostmanError | None) -> MonitorOutcome:
        """Return the outcome of a run that is not triggered any more."""
        return self._outcome(RunResult(status="skipped", error=error))

    def abandoned(self, error: PostmanError) -> MonitorOutcome:
        """Return the outcome of a run that is not waited for any more."""
        return self._outcome(RunResult(status="unknown", error=error))

    def _deadline(self) -> float | None:
        deadlines = (self._run_deadline, self.context.deadline)
        return min((t for t in deadlines if t is not None), default=None)

    # -- attempts of the call (`AttemptObserver`) --------------------------------------------

    def sending(self) -> None:
        """Record the attempt before it is made: after that, the service may have it."""
        self.attempts += 1
        if self.context.journal is not None:
            self.context.journal.record_attempt(self.job.index, self.job.uid, self.attempts)
        now, history, uid = clock.monotonic(), self.context.history, self.job.uid
        trigger = Trigger(
            sent_at=now,
            latest_start=now + MAX_START_DELAY,
            previous_run=history.last_run(uid),
            known_jobs=history.job_ids(uid),
        )
        self._begin_call(trigger, clock.wall())

    def refused(self) -> None:
        """Record that the service certainly did not take the attempt."""
        if self.context.journal is not None:
            self.context.journal.record_refusal(self.job.index)
        self._end_call("settled")

    def _begin_call(self, trigger: Trigger, at: datetime) -> None:
        trigger.require_job_id |= not self.context.settings.reconcile
        if self.context.journal is not None:
            trigger.key = self.context.journal.key(self.job.index)
        self._trigger = trigger
        self.context.history.begin_call(self.job.uid, trigger)
        if self._started_at is None:  # the time of the run begins with the first attempt
            self._started_at, self._started = at, trigger.sent_at
            seconds = self.context.settings.run_deadline
            if seconds is not None:
                self._run_deadline = asyncio.get_running_loop().time() + seconds
                self._timeout.reschedule(self._deadline())

    def _end_call(self, end: CallEnd) -> None:
        if self._trigger is not None:
            self.context.history.end_call(self.job.uid, self._trigger, end)
        self._trigger = None

    # -- from the trigger to the result -------------------------------------------------------

    async def _run(self) -> RunResult:
        """Trigger the monitor and poll; again only if no run started and the options allow it."""
        if self.job.pending is not None:
            self.attempts = self.job.pending.attempts
            self._begin_call(self.job.pending.trigger(), self.job.pending.at)
        while True:
            result = await self._call() if self._trigger is None else None
            if result is not None:
                return result
            trigger = self._trigger
            assert trigger is not None
            result = await self._polled(trigger) or self._not_started(trigger)
            if result is not None:
                return result
            self._outcome_open = True
            self._end_call("unknown")

    async def _polled(self, trigger: Trigger) -> RunResult | None:
        """Poll until the outcome is known; an unreadable answer makes it unknown."""
        try:
            return await self._poller.poll(trigger)
        except (*UNSERIALIZABLE, PostmanError) as fault:
            words = f"an answer about the monitor cannot be read: {fault!s:.200}"
            return RunResult(status="unknown", error=trigger.error or UnsettledError(words))

    def _not_started(self, trigger: Trigger) -> RunResult | None:
        """Return the result of a run that did not start, or None to trigger it again."""
        allowed = self.context.caller.retries_of(self.context.settings.call).attempts
        if self.context.settings.on_unknown == "rerun" and self.attempts < allowed:
            return None
        words = "the call that triggered the run brought no result, and it seems not to have begun"
        return RunResult(status="unknown", error=trigger.error or UnsettledError(words))

    async def _call(self) -> RunResult | None:
        """Trigger the monitor; None means that polling has to find the result."""
        arguments: dict[str, Any] = {"monitor_uid": self.job.uid}
        choice = self.context.settings.run_async
        if self.context.history.outlasts_connection(self.job.uid) if choice == "auto" else choice:
            arguments["run_async"] = True
        options = self.context.settings.call
        long_poll, answer = "run_async" not in arguments, None
        try:
            answer = await self.context.caller.request(_RUN, arguments, options, self)
            return self._answered(answer, long_poll=long_poll)
        except PostmanError as error:
            return self._failed(error)
        except UNSERIALIZABLE as fault:
            if self._trigger is None:  # nothing was sent, so no answer caused it
                raise
            return self._failed(_unusable(answer, fault))

    def _failed(self, error: PostmanError) -> RunResult | None:
        """Classify a failed call: the service may still have started the run."""
        self._waited += error.waited
        error.attempts = self.attempts
        trigger = self._trigger
        if trigger is None or status_of_error(error) == "error":
            return RunResult(status="error", error=error)
        now = clock.monotonic()
        trigger.error, trigger.cut_after = error, now - trigger.sent_at
        trigger.latest_start = min(trigger.latest_start, now)
        return None

    def _answered(self, answer: RawResponse[Any], *, long_poll: bool) -> RunResult | None:
        """Return the result in the answer, or None if the run is still running."""
        self._waited += answer.waited
        run, trigger = answer.value, self._trigger
        assert trigger is not None
        info, status = getattr(run, "info", None), status_of_run(run)
        service, now = self.context.history.service, clock.monotonic()
        service.add_date(parse_date(answer.headers), trigger.sent_at, now)
        service.add_run_start(getattr(info, "started_at", None), trigger.sent_at)
        ended = getattr(info, "finished_at", None) is not None
        # A run that was only started has no figures yet, whatever its status says.
        complete = getattr(run, "stats", None) is not None or (long_poll and answer.status == 200)
        if ended or (status != "unknown" and complete):
            return RunResult(status=status, run=run)
        trigger.update(info, now)
        if trigger.confirmed and self.context.journal is not None:
            self.context.journal.record_start(self.job.index, trigger.job_id)
        return None

    def _timed_out(self) -> RunResult:
        """Return the result of a run whose time was up."""
        if self.waiting:
            words = "the batch's time was up before the monitor was triggered"
            return RunResult(status="skipped", error=DeadlineExceeded(words))
        seconds = clock.monotonic() - self._started
        words = f"the time was up {seconds:.1f} s after the monitor was triggered"
        return RunResult(status="unknown", error=DeadlineExceeded(words))

    # -- the outcome --------------------------------------------------------------------------

    def _outcome(self, result: RunResult) -> MonitorOutcome:
        self._add_to_history(result)
        return MonitorOutcome(
            uid=self.job.uid,
            name=self.job.name or self._name(),
            index=self.job.index,
            status=result.status,
            run=self._kept(result),
            error=result.error,
            attempts=self.attempts,
            started_at=self._started_at,
            elapsed=self.age,
            waited=self._waited + self._poller.waited,
            reconciled=result.reconciled,
        )

    def _add_to_history(self, result: RunResult) -> None:
        """Add the run to the history, unless its values are unreadable."""
        with suppress(*UNSERIALIZABLE, PostmanError):
            info: Any = getattr(result.run, "info", None)
            if hasattr(info, "job_id"):
                self.context.history.add_run(self.job.uid, KnownRun.of(info))

    def _name(self) -> str | None:
        """Return the name that a poll brought, if it is a text."""
        name: object = self._poller.name
        return name if isinstance(name, str) else None

    def _kept(self, result: RunResult) -> MonitorRun | None:
        """Remove the executions that the option ``keep`` does not keep."""
        keep, run = self.context.settings.keep, result.run
        light = keep == "summary" or (keep == "failures" and result.status == "passed")
        if light and run is not None and isinstance(run, load_model("monitors:MonitorRun")):
            run.executions = None  # set without reading: they may be unreadable
        return run


def _end_of(result: RunResult) -> CallEnd:
    return "unknown" if result.status == "unknown" else "settled"


def _unusable(answer: RawResponse[Any] | None, fault: Exception) -> PostmanError:
    """Make the error of an answer that cannot be read or used."""
    words = f"the answer cannot be used: {type(fault).__name__}: {fault!s:.200}"
    if answer is None:
        return UnsettledError(words)
    plain = Answer(answer.status, answer.headers, b"")
    return InvalidResponseError("POST /monitors/…/run", plain, words)
