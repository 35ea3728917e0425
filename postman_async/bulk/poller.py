"""Looks at a monitor until it is known what came of a run that a call began, or may have begun."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from attrs import define, frozen

from postman_async.bulk import clock
from postman_async.bulk.outcome import OutcomeStatus, status_of_run
from postman_async.bulk.reconcile import (
    PROMPT,
    Known,
    Look,
    Trigger,
    Verdict,
    date_of,
    has_ended,
    judge,
)
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
    from postman_async.bulk.history import Memory
    from postman_async.engine.caller import RawCaller
    from postman_async.models.monitors import MonitorRun
    from postman_async.options import CallOptions

__all__ = ["Follower", "Found"]

_GET = OPERATIONS["monitors.get"]

_GRACE = {False: (2.0, 3.0), True: (2.0, 3.0, PROMPT)}
"""Seconds before the second look and the later ones for a run that seems not to have begun.

The last one comes when it must have begun: before it is triggered again, where that is allowed.
"""

_FIRST = 4.0
_WIDENING = 1.3
_LONGEST = 60.0
"""Seconds between two looks at a run that goes on: at first, then so much more, and at most."""

_MISSES = {False: 3, True: 10}
"""So many looks in a row may fail, each with its retries: for a run that is not certain, or is."""

_PRIORITY = 1
"""A look goes before triggers that wait for the rate limit: it ends what holds a place."""

_CUT = 10.0
"""A connection that held on for so many seconds, and then broke, was idle for too long."""


@frozen(kw_only=True)
class Found:
    """What became known of a run."""

    status: OutcomeStatus
    run: MonitorRun | None = None
    error: PostmanError | None = None
    reconciled: bool = False


@define
class Follower:
    """Follows one run; the transport tells it of each attempt of a look (see `Watcher`).

    Attributes:
        caller: sends the looks.
        memory: what is known of the monitor's earlier runs.
        uid: the monitor.
        options: what each look takes.
        patient: a run that seems not to have begun is triggered again, so it is to be certain.
        waited: seconds that the looks waited for the rate limit.
        name: the monitor's name, once a look told it.

    """

    caller: RawCaller
    memory: Memory
    uid: str
    options: CallOptions
    patient: bool = False
    waited: float = 0.0
    name: str | None = None
    _step: float = _FIRST
    _asked: float = 0.0
    _congestion: float = 0.0
    _absent: int = 0
    _misses: int = 0
    _usual: float | None = None

    async def follow(self, trigger: Trigger) -> Found | None:
        """Look until the outcome is known.

        Returns:
            What was found, or None if the service has not begun the run.

        """
        self._step, self._absent, self._misses = _FIRST, 0, 0
        wait = self._until_next(trigger) if trigger.certain else 0.0
        while True:
            await asyncio.sleep(wait)
            result = self._conclude(trigger, await self._look())
            if not isinstance(result, int | float):
                return result
            wait = result

    def _conclude(self, trigger: Trigger, look: Look | PostmanError) -> Found | float | None:
        """Tell what a look showed, or how long to wait for the next one."""
        if isinstance(look, PostmanError):
            if self._gives_up(look, trigger):
                return Found(status="unknown", error=trigger.error or look)
            return self._until_next(trigger)
        trigger.others = self.memory.jobs(self.uid)
        verdict, self._misses = judge(trigger, look), 0
        if verdict in ("ended", "lost"):
            return _ended(trigger, look) if verdict == "ended" else _lost(trigger)
        if verdict == "absent" and not trigger.certain and self._absent == len(self._grace):
            return None
        if look.last is not None and has_ended(look):  # that is the run before ours
            self._usual = Known.of(look.last).seconds
        return self._after(verdict, trigger)

    def _after(self, verdict: Verdict, trigger: Trigger) -> float:
        """Choose the wait after a look that did not bring the end."""
        if verdict == "absent" and not trigger.certain:
            self._absent += 1
            return self._grace[self._absent - 1]
        if trigger.cut is not None and trigger.cut >= _CUT:
            self.memory.cut = min(trigger.cut, self.memory.cut or trigger.cut)
        return self._until_next(trigger)

    @property
    def _grace(self) -> tuple[float, ...]:
        return _GRACE[self.patient]

    def _until_next(self, trigger: Trigger) -> float:
        """Wait until the run should have ended, then in widening steps.

        Looks that had to wait for the rate limit are made rarer: they compete with triggers.
        """
        known = self.memory.last_run(self.uid)
        expected = self._usual if known is None or known.seconds is None else known.seconds
        left = trigger.earliest + (expected or 0.0) - clock.monotonic()
        step, self._step = self._step, min(self._step * _WIDENING, _LONGEST)
        return max(step, left, 2 * self._congestion)

    async def _look(self) -> Look | PostmanError:
        arguments = {"monitor_uid": self.uid}
        try:
            with at_priority(_PRIORITY):
                answer = await self.caller.request(_GET, arguments, self.options, self)
        except PostmanError as error:
            self._note_wait(error.waited)
            return error
        self._note_wait(answer.waited)
        look = Look(
            monitor=answer.value,
            date=date_of(answer.headers),
            asked=self._asked,
            answered=clock.monotonic(),
        )
        self.memory.service.dated(look.date, look.asked, look.answered)
        if not look.readable:
            return UnsettledError("what the service tells of the monitor's last run is unreadable")
        self.name = look.monitor.name
        return look

    def sending(self) -> None:
        """Note when a look is sent: an earlier attempt's time would make its age vague."""
        self._asked = clock.monotonic()

    def refused(self) -> None:
        """Note nothing: a look may be sent as often as need be."""

    def _note_wait(self, seconds: float) -> None:
        self._congestion = seconds
        self.waited += seconds

    def _gives_up(self, error: PostmanError, trigger: Trigger) -> bool:
        self._misses += 1
        passing = isinstance(error, ServerError | RateLimitError | TransportError)
        return not passing or self._misses >= _MISSES[trigger.certain]


def _ended(trigger: Trigger, look: Look) -> Found:
    """Make a result of what the monitor tells of its last run; there are no executions in it."""
    monitor, last = look.monitor, look.last
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
    by_time = trigger.job is None or trigger.job != last.job_id
    return Found(status=status_of_run(run), run=run, reconciled=by_time)


def _lost(trigger: Trigger) -> Found:
    words = "the monitor's last run may be another one, and the service shows no other"
    return Found(status="unknown", error=trigger.error or UnsettledError(words))
