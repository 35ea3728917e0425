"""Polls a monitor until the outcome of a run that a call started, or may have started, is known."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from attrs import define, frozen

from postman_async.bulk import clock
from postman_async.bulk.observation import KnownRun, Observation
from postman_async.bulk.outcome import OutcomeStatus, status_of_run
from postman_async.bulk.reconcile import Match, match_run
from postman_async.bulk.times import parse_date
from postman_async.bulk.trigger import MAX_START_DELAY, Trigger
from postman_async.engine.data.convert import from_dict, load_model
from postman_async.engine.limits.priority import at_priority
from postman_async.errors import (
    PostmanError,
    RateLimitError,
    ServerError,
    TransportError,
    UnsettledError,
)
from postman_async.operations import OPERATIONS

if TYPE_CHECKING:
    from postman_async.bulk.run_history import RunHistory
    from postman_async.engine.caller import RawCaller
    from postman_async.models.monitors import MonitorRun
    from postman_async.options import CallOptions

__all__ = ["Poller", "RunResult"]

_GET = OPERATIONS["monitors.get"]

_ABSENT_DELAYS = {False: (2.0, 3.0), True: (2.0, 3.0, MAX_START_DELAY)}
"""Seconds before each further poll for a run that seems not to have started.

Where the monitor may be triggered again, the last poll comes when the run must have started.
"""

_FIRST_DELAY = 4.0
_BACKOFF = 1.3
_MAX_DELAY = 60.0
"""Seconds between two polls of a run that is running: the first, the growth factor, the most."""

_MAX_FAILURES = {False: 3, True: 10}
"""Polls in a row that may fail, each with its retries: for an unconfirmed and a confirmed run."""

_PRIORITY = 1
"""A poll goes before triggers that wait for the rate limit: it ends what they wait for."""

_IDLE_CUT = 10.0
"""Seconds after which a connection that breaks is taken to have been idle for too long."""


@frozen(kw_only=True)
class RunResult:
    """What is known of a run in the end.

    Attributes:
        status: the status of the outcome.
        run: the run, if its result is known.
        error: why there is no result.
        reconciled: the run was recognised by its time.

    """

    status: OutcomeStatus
    run: MonitorRun | None = None
    error: PostmanError | None = None
    reconciled: bool = False


@define
class Poller:
    """Polls for one run.  As an `AttemptObserver` it learns when each poll is sent.

    Attributes:
        caller: sends the polls.
        history: the known runs of the monitor.
        uid: the monitor.
        options: the options of each poll.
        certain_absence: a run that seems not to have started is triggered again, so it must be
            certain that it has not.
        waited: seconds that the polls waited for the rate limit.
        name: the monitor's name, once a poll brought it.

    """

    caller: RawCaller
    history: RunHistory
    uid: str
    options: CallOptions
    certain_absence: bool = False
    waited: float = 0.0
    name: str | None = None
    _delay: float = _FIRST_DELAY
    _sent_at: float = 0.0
    _last_wait: float = 0.0
    _absences: int = 0
    _failures: int = 0
    _duration: float | None = None

    async def poll(self, trigger: Trigger) -> RunResult | None:
        """Poll until the outcome is known.

        Returns:
            The result, or None if the service has not started the run.

        """
        self._delay, self._absences, self._failures = _FIRST_DELAY, 0, 0
        wait = self._next_delay(trigger) if trigger.confirmed else 0.0
        while True:
            await asyncio.sleep(wait)
            result = self._conclude(trigger, await self._observe())
            if not isinstance(result, int | float):
                return result
            wait = result

    def _conclude(
        self, trigger: Trigger, observation: Observation | PostmanError
    ) -> RunResult | float | None:
        """Return the result, None for a run that has not started, or the wait in seconds."""
        if isinstance(observation, PostmanError):
            if self._gives_up(observation, trigger):
                return RunResult(status="unknown", error=trigger.error or observation)
            return self._next_delay(trigger)
        trigger.excluded_jobs = self.history.job_ids(self.uid)
        match, self._failures = match_run(trigger, observation), 0
        if match == "ended":
            return _result_of(trigger, observation)
        if match == "ambiguous":
            return _ambiguous(trigger)
        if match == "absent" and not trigger.confirmed and self._absences == len(self._delays):
            return None
        if observation.last_run is not None and observation.last_run_ended:  # the run before ours
            self._duration = KnownRun.of(observation.last_run).seconds
        return self._delay_after(match, trigger)

    def _delay_after(self, match: Match, trigger: Trigger) -> float:
        """Return the wait in seconds after a poll that did not bring the end."""
        if match == "absent" and not trigger.confirmed:
            self._absences += 1
            return self._delays[self._absences - 1]
        cut = trigger.cut_after
        if cut is not None and cut >= _IDLE_CUT:
            self.history.cut_after = min(cut, self.history.cut_after or cut)
        return self._next_delay(trigger)

    @property
    def _delays(self) -> tuple[float, ...]:
        return _ABSENT_DELAYS[self.certain_absence]

    def _next_delay(self, trigger: Trigger) -> float:
        """Wait as long as the last run took, then in growing steps.

        Polls that had to wait for the rate limit are made rarer: they compete with triggers.
        """
        last = self.history.last_run(self.uid)
        expected = self._duration if last is None or last.seconds is None else last.seconds
        remaining = trigger.sent_at + (expected or 0.0) - clock.monotonic()
        delay, self._delay = self._delay, min(self._delay * _BACKOFF, _MAX_DELAY)
        return max(delay, remaining, 2 * self._last_wait)

    async def _observe(self) -> Observation | PostmanError:
        """Send one poll, and return what it shows or the error."""
        arguments = {"monitor_uid": self.uid}
        try:
            with at_priority(_PRIORITY):
                answer = await self.caller.request(_GET, arguments, self.options, self)
        except PostmanError as error:
            self._add_wait(error.waited)
            return error
        self._add_wait(answer.waited)
        observation = Observation(
            monitor=answer.value,
            date=parse_date(answer.headers),
            sent_at=self._sent_at,
            received_at=clock.monotonic(),
        )
        self.history.service.add_date(
            observation.date, observation.sent_at, observation.received_at
        )
        if not observation.readable:
            return UnsettledError("the monitor's last run in the answer cannot be read")
        self.name = observation.monitor.name
        return observation

    def sending(self) -> None:
        """Store when a poll is sent: the time of an earlier attempt would widen the bounds."""
        self._sent_at = clock.monotonic()

    def refused(self) -> None:
        """Do nothing: a poll may be sent as often as necessary."""

    def _add_wait(self, seconds: float) -> None:
        self._last_wait = seconds
        self.waited += seconds

    def _gives_up(self, error: PostmanError, trigger: Trigger) -> bool:
        self._failures += 1
        transient = isinstance(error, ServerError | RateLimitError | TransportError)
        return not transient or self._failures >= _MAX_FAILURES[trigger.confirmed]


def _result_of(trigger: Trigger, observation: Observation) -> RunResult:
    """Make a result of the monitor's last run, which has no executions."""
    monitor, last = observation.monitor, observation.last_run
    assert last is not None
    info = load_model("monitors:MonitorRunInfo")(
        monitor_id=monitor.id,
        status=last.status,
        job_id=last.job_id,
        name=monitor.name,
        collection_uid=monitor.collection_uid,
        environment_uid=monitor.environment_uid,
        started_at=last.started_at,
        finished_at=last.finished_at,
    )
    stats = from_dict(last.stats, load_model("monitors:MonitorRunStats"))
    run: MonitorRun = load_model("monitors:MonitorRun")(info=info, stats=stats)
    by_time = trigger.job_id is None or trigger.job_id != last.job_id
    return RunResult(status=status_of_run(run), run=run, reconciled=by_time)


def _ambiguous(trigger: Trigger) -> RunResult:
    words = "the monitor's last run may be another one, and the service shows no other"
    return RunResult(status="unknown", error=trigger.error or UnsettledError(words))
