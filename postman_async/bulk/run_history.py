"""What a client knows of the monitors it ran, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Literal, TypeAlias
from weakref import WeakKeyDictionary

from attrs import define, field, frozen

from postman_async.bulk import clock
from postman_async.bulk.service_clock import ServiceClock
from postman_async.bulk.trigger import MAX_START_DELAY, JournalKey, Trigger

if TYPE_CHECKING:
    from postman_async.bulk.observation import KnownRun
    from postman_async.engine.caller import RawCaller

__all__ = ["CallEnd", "RunHistory", "history_of"]

_MAX_MONITORS = 10_000
_MAX_JOBS = 100
"""Job ids kept for each monitor: its runs overlap only on demand."""

PROXY_IDLE_LIMIT = 55.0
"""Seconds for which proxies let a connection be idle: the usual limit is 60."""


CallEnd: TypeAlias = Literal["settled", "unknown", "resumable"]
"""How a call ends: its run's outcome is known, or unknown, or a later process may find it."""


@define
class _MonitorRuns:
    """The last known run of a monitor, and the ids of its latest ones."""

    last: KnownRun | None = None
    job_ids: tuple[str, ...] = ()


@frozen
class _LateStart:
    """A call without a known outcome, whose run may start until a time.

    Attributes:
        until: seconds on the monotonic clock.
        key: the journal entry that the call belongs to.

    """

    until: float
    key: JournalKey | None


@define
class RunHistory:
    """The last known run of each monitor, and the calls for it that are in flight.

    Attributes:
        cut_after: the shortest time in seconds after which a connection was cut while its run
            went on.
        service: the bounds of the service's clock.

    """

    cut_after: float | None = None
    service: ServiceClock = field(factory=ServiceClock)
    _monitors: OrderedDict[str, _MonitorRuns] = field(factory=OrderedDict)
    _in_flight: dict[str, list[Trigger]] = field(factory=dict)
    _late_starts: OrderedDict[str, _LateStart] = field(factory=OrderedDict)

    # -- known runs ---------------------------------------------------------------------------

    def add_run(self, uid: str, run: KnownRun) -> None:
        """Add a run whose result is known."""
        monitor = self._monitor(uid)
        if monitor.last is None or not monitor.last.started_after(run):
            monitor.last = run
        self._add_job(monitor, run.job_id)

    def add_job(self, uid: str, job_id: str) -> None:
        """Add the id of a run whose result is not known."""
        self._add_job(self._monitor(uid), job_id)

    def merge(self, other: RunHistory) -> None:
        """Add the known runs of another history."""
        for uid, runs in other._monitors.items():
            for job_id in runs.job_ids:
                self.add_job(uid, job_id)
            if runs.last is not None:
                self.add_run(uid, runs.last)

    def last_run(self, uid: str) -> KnownRun | None:
        """Return the last run of a monitor whose result is known."""
        monitor = self._monitors.get(uid)
        return None if monitor is None else monitor.last

    def job_ids(self, uid: str) -> tuple[str, ...]:
        """Return the ids of the latest known runs of a monitor."""
        monitor = self._monitors.get(uid)
        return () if monitor is None else monitor.job_ids

    def _monitor(self, uid: str) -> _MonitorRuns:
        monitor = self._monitors.setdefault(uid, _MonitorRuns())
        self._monitors.move_to_end(uid)
        if len(self._monitors) > _MAX_MONITORS:
            self._monitors.popitem(last=False)
        return monitor

    def _add_job(self, monitor: _MonitorRuns, job_id: str | None) -> None:
        if job_id is not None and job_id not in monitor.job_ids:
            monitor.job_ids = (*monitor.job_ids, job_id)[-_MAX_JOBS:]

    # -- calls in flight ----------------------------------------------------------------------

    def begin_call(self, uid: str, trigger: Trigger) -> None:
        """Register a call in flight, and mark it as contended where it is.

        Two calls in flight for one monitor cannot be told apart by time.  Nor can a call be told
        from an earlier one without a known outcome whose run may still start.
        """
        now = trigger.registered_at = clock.monotonic()
        calls = self._in_flight.setdefault(uid, [])
        calls.append(trigger)
        late = self._late_starts.get(uid)
        if late is not None and late.until > now and (late.key is None or late.key != trigger.key):
            trigger.contended = True
        if len(calls) > 1:
            for call in calls:
                call.contended = True

    def end_call(self, uid: str, trigger: Trigger, end: CallEnd) -> None:
        """Remove a call, and add the run that it started.

        Where the outcome is unknown, the ids of all runs that were seen are added, whoever
        started them: no later call will have started one of those.
        """
        if trigger.job_id is not None:
            self.add_job(uid, trigger.job_id)
        for job_id in trigger.seen_jobs if end == "unknown" else ():
            self.add_job(uid, job_id)
        if end != "settled":
            self.expect_late_start(uid, trigger.registered_at, trigger.key)
        calls = self._in_flight.get(uid)
        if calls is not None and trigger in calls:  # compared by identity
            calls.remove(trigger)
            if not calls:
                del self._in_flight[uid]

    def expect_late_start(self, uid: str, since: float, key: JournalKey | None = None) -> None:
        """Record that a call without a known outcome may still start a run.

        Args:
            uid: the monitor.
            since: when the call was sent at the latest, on the monotonic clock.
            key: the journal entry that the call belongs to.

        """
        now, until = clock.monotonic(), since + MAX_START_DELAY
        while self._late_starts and next(iter(self._late_starts.values())).until <= now:
            self._late_starts.popitem(last=False)
        known = self._late_starts.get(uid)
        if until > now and (known is None or until > known.until):
            self._late_starts[uid] = _LateStart(until, key)
            self._late_starts.move_to_end(uid)

    # -- durations ----------------------------------------------------------------------------

    def outlasts_connection(self, uid: str) -> bool:
        """Return whether a connection that waits for a run of the monitor may be cut.

        That is so if the monitor's last run took longer than connections live.  For a monitor
        without a known run, it is so if a connection of this client was cut before.
        """
        run = self.last_run(uid)
        if run is None or run.seconds is None:
            return self.cut_after is not None
        return run.seconds > min(PROXY_IDLE_LIMIT, self.cut_after or PROXY_IDLE_LIMIT)


_HISTORIES: WeakKeyDictionary[RawCaller, RunHistory] = WeakKeyDictionary()


def history_of(caller: RawCaller) -> RunHistory:
    """Return the run history of a client, which all its batches share."""
    history = _HISTORIES.get(caller)
    if history is None:
        history = _HISTORIES[caller] = RunHistory()
    return history
