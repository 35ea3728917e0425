"""One monitor: from the call that triggers it to its outcome."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from postman_async.bulk import clock
from postman_async.bulk.follow import Follower, Found
from postman_async.bulk.outcome import MonitorOutcome, status_of_error, status_of_run
from postman_async.bulk.record import UNWRITABLE
from postman_async.bulk.settle import PROMPT, Known, Trigger, date_of
from postman_async.engine.convert import load_model
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
    from postman_async.bulk.memory import End, Memory
    from postman_async.bulk.options import Settings
    from postman_async.bulk.select import Job
    from postman_async.engine.caller import RawCaller
    from postman_async.engine.response import RawResponse
    from postman_async.models.monitors import MonitorRun

__all__ = ["Context", "Runner"]

_RUN = OPERATIONS["monitors.run"]


@frozen
class Context:
    """What the runs of a batch share.

    Attributes:
        caller: sends the calls.
        settings: what the caller of the batch set.
        memory: what the client knows of earlier runs.
        journal: where events are noted, if anywhere.
        ends: when the batch's time is up, on the loop's clock.

    """

    caller: RawCaller
    settings: Settings
    memory: Memory
    journal: Journal | None
    ends: float | None


@define(eq=False)
class Runner:
    """Runs one monitor; the transport tells it of each attempt (see `Watcher`).

    Attributes:
        context: what all runs of the batch share.
        job: which monitor it is.
        attempts: how often the service was asked to run it.
        cut_short: the batch's time was up, and not its own.

    """

    context: Context
    job: Job
    attempts: int = 0
    cut_short: bool = False
    _follower: Follower = field(init=False)
    _limit: asyncio.Timeout = field(init=False)
    _trigger: Trigger | None = None
    _doubtful: bool = False
    _ends: float | None = None
    _started_at: datetime | None = None
    _started: float = 0.0
    _waited: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Get ready to look."""
        shared = self.context
        settings = shared.settings
        self._follower = Follower(
            shared.caller,
            shared.memory,
            self.job.uid,
            settings.looking,
            patient=settings.on_unknown == "rerun",
        )

    @property
    def waiting(self) -> bool:
        """Whether the service has not been asked: it can be withdrawn, and nothing happened."""
        return self._trigger is None and not self._doubtful

    @property
    def age(self) -> float:
        """Seconds since it was triggered; 0 before that."""
        return 0.0 if self._started_at is None else clock.monotonic() - self._started

    async def outcome(self) -> MonitorOutcome:
        """Run it; whatever goes wrong with it is its outcome.

        It may be cancelled while it is `waiting`, and then called again.
        """
        found: Found | None = None
        try:
            async with asyncio.timeout_at(self._end()) as self._limit:
                found = await self._find()
        except TimeoutError:
            if not self._limit.expired():
                raise
            self.cut_short = self._limit.when() == self.context.ends
            found = self._late()
        finally:
            self._leave("left" if found is None or self.cut_short else _end_of(found))
        assert found is not None
        return self._outcome(found)

    def skipped(self, error: PostmanError | None) -> MonitorOutcome:
        """Return the outcome of a run that is not to be triggered any more."""
        return self._outcome(Found(status="skipped", error=error))

    def abandoned(self, error: PostmanError) -> MonitorOutcome:
        """Return the outcome of a run that is not followed any more."""
        return self._outcome(Found(status="unknown", error=error))

    def _end(self) -> float | None:
        return min((t for t in (self._ends, self.context.ends) if t is not None), default=None)

    # -- what the transport tells -------------------------------------------------------------

    def sending(self) -> None:
        """Note the attempt before it is made: from here on, the service may have it."""
        self.attempts += 1
        if self.context.journal is not None:
            self.context.journal.started(self.job.index, self.job.uid, self.attempts)
        now, memory, uid = clock.monotonic(), self.context.memory, self.job.uid
        before, earlier = memory.last_run(uid), memory.jobs(uid)
        trigger = Trigger(earliest=now, latest=now + PROMPT, before=before, earlier=earlier)
        self._enter(trigger, clock.wall())

    def refused(self) -> None:
        """Note that it is certain that the service did not take the attempt."""
        if self.context.journal is not None:
            self.context.journal.refused(self.job.index)
        self._leave("known")

    def _enter(self, trigger: Trigger, at: datetime) -> None:
        trigger.by_id |= not self.context.settings.reconcile
        if self.context.journal is not None:
            trigger.place = str(self.context.journal.path), self.job.index
        self._trigger = trigger
        self.context.memory.enter(self.job.uid, trigger)
        if self._started_at is None:  # the run's own time begins with the first attempt
            self._started_at, self._started = at, trigger.earliest
            seconds = self.context.settings.run_deadline
            if seconds is not None:
                self._ends = asyncio.get_running_loop().time() + seconds
                self._limit.reschedule(self._end())

    def _leave(self, end: End) -> None:
        if self._trigger is not None:
            self.context.memory.leave(self.job.uid, self._trigger, end)
        self._trigger = None

    # -- from the trigger to what is found ----------------------------------------------------

    async def _find(self) -> Found:
        """Trigger it and follow it; again only if it was not begun and the caller allows it."""
        if self.job.begun is not None:
            self.attempts = self.job.begun.attempts
            self._enter(self.job.begun.trigger(), self.job.begun.at)
        while True:
            found = await self._ask() if self._trigger is None else None
            if found is not None:
                return found
            trigger = self._trigger
            assert trigger is not None
            found = await self._followed(trigger) or self._not_begun(trigger)
            if found is not None:
                return found
            self._doubtful = True
            self._leave("unknown")

    async def _followed(self, trigger: Trigger) -> Found | None:
        """Look until it is known; what cannot be made out of a look leaves the outcome open."""
        try:
            return await self._follower.follow(trigger)
        except (*UNWRITABLE, PostmanError) as fault:
            words = f"what the service tells of the monitor is unreadable: {fault!s:.200}"
            return Found(status="unknown", error=trigger.error or UnsettledError(words))

    def _not_begun(self, trigger: Trigger) -> Found | None:
        """Report a run that the service did not begin, unless it may be triggered again."""
        allowed = self.context.caller.retries_of(self.context.settings.call).attempts
        if self.context.settings.on_unknown == "rerun" and self.attempts < allowed:
            return None
        words = "the call that triggered the run brought no result, and it seems not to have begun"
        return Found(status="unknown", error=trigger.error or UnsettledError(words))

    async def _ask(self) -> Found | None:
        """Trigger it; None means that looking has to tell what came of it."""
        arguments: dict[str, Any] = {"monitor_uid": self.job.uid}
        chosen = self.context.settings.run_async
        if self.context.memory.outlasts(self.job.uid) if chosen == "auto" else chosen:
            arguments["run_async"] = True
        options = self.context.settings.call
        held, answer = "run_async" not in arguments, None
        try:
            answer = await self.context.caller.request(_RUN, arguments, options, self)
            return self._answered(answer, held=held)
        except PostmanError as error:
            return self._failed(error)
        except UNWRITABLE as fault:
            if self._trigger is None:  # it is no answer's fault
                raise
            return self._failed(_unusable(answer, fault))

    def _failed(self, error: PostmanError) -> Found | None:
        """Judge a failed call: the service may have begun the run all the same."""
        self._waited += error.waited
        error.attempts = self.attempts
        trigger = self._trigger
        if trigger is None or status_of_error(error) == "error":
            return Found(status="error", error=error)
        now = clock.monotonic()
        trigger.error, trigger.cut = error, now - trigger.earliest
        trigger.latest = min(trigger.latest, now)
        return None

    def _answered(self, answer: RawResponse[Any], *, held: bool) -> Found | None:
        """Take the result, or what the answer tells of a run that goes on."""
        self._waited += answer.waited
        run, trigger = answer.value, self._trigger
        assert trigger is not None
        info, status = getattr(run, "info", None), status_of_run(run)
        service, now = self.context.memory.service, clock.monotonic()
        service.dated(date_of(answer.headers), trigger.earliest, now)
        service.began(getattr(info, "started_at", None), trigger.earliest)
        ended = getattr(info, "finished_at", None) is not None
        # One that was only started has no figures yet, whatever word stands there.
        told = getattr(run, "stats", None) is not None or (held and answer.status == 200)
        if ended or (status != "unknown" and told):
            return Found(status=status, run=run)
        trigger.told(info, now)
        if trigger.certain and self.context.journal is not None:
            self.context.journal.began(self.job.index, trigger.job)
        return None

    def _late(self) -> Found:
        """Tell why it has no result: the time was up."""
        if self.waiting:
            words = "the batch's time was up before the monitor was triggered"
            return Found(status="skipped", error=DeadlineExceeded(words))
        seconds = clock.monotonic() - self._started
        words = f"the time was up {seconds:.1f} s after the monitor was triggered"
        return Found(status="unknown", error=DeadlineExceeded(words))

    # -- the outcome --------------------------------------------------------------------------

    def _outcome(self, found: Found) -> MonitorOutcome:
        self._learn(found)
        return MonitorOutcome(
            uid=self.job.uid,
            name=self.job.name or self._name(),
            index=self.job.index,
            status=found.status,
            run=self._kept(found),
            error=found.error,
            attempts=self.attempts,
            started_at=self._started_at,
            elapsed=self.age,
            waited=self._waited + self._follower.waited,
            reconciled=found.reconciled,
        )

    def _learn(self, found: Found) -> None:
        """Remember the run, unless it tells of itself in a way that nobody understands."""
        with suppress(*UNWRITABLE, PostmanError):
            info: Any = getattr(found.run, "info", None)
            if hasattr(info, "job_id"):
                self.context.memory.learn(self.job.uid, Known.of(info))

    def _name(self) -> str | None:
        """Return the name that a look told, if it is one."""
        name: object = self._follower.name
        return name if isinstance(name, str) else None

    def _kept(self, found: Found) -> MonitorRun | None:
        """Drop the executions that the caller does not want to hold."""
        keep, run = self.context.settings.keep, found.run
        light = keep == "summary" or (keep == "failures" and found.status == "passed")
        if run is not None and light and isinstance(run, load_model("monitors:MonitorRun")):
            run.executions = None  # without a look at them: they may be unreadable
        return run


def _end_of(found: Found) -> End:
    return "unknown" if found.status == "unknown" else "known"


def _unusable(answer: RawResponse[Any] | None, fault: Exception) -> PostmanError:
    """Make the error of an answer that cannot be read, or of which something cannot be used."""
    words = f"the answer cannot be used: {type(fault).__name__}: {fault!s:.200}"
    if answer is None:
        return UnsettledError(words)
    told = Answer(answer.status, answer.headers, b"")
    return InvalidResponseError("POST /monitors/…/run", told, words)
