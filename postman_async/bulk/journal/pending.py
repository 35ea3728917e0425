"""`PendingRun`: a run in a journal that was triggered and has no outcome."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from postman_async.bulk import clock
from postman_async.bulk.observation import KnownRun
from postman_async.bulk.service_clock import Bounds
from postman_async.bulk.trigger import MAX_START_DELAY, Trigger

__all__ = ["PendingRun"]

_MARGIN = 1.0
"""Seconds by which two clocks may differ and still agree."""

_TOLERANCE = 60.0
"""The `Trigger.tolerance` of an attempt of another process, in seconds."""


@frozen
class PendingRun:
    """A run that was triggered and has no outcome.

    Attributes:
        at: when it was triggered, by the time of day.
        attempts: how often it was triggered.
        confirmed: the service reported that it started the run.
        job_id: the run's id, if the service reported it.
        contended: another run of the monitor was in flight, or may have started, meanwhile.
        previous_run: the monitor's last run in the journal when it was triggered.
        known_jobs: the ids of the monitor's latest runs in the journal at that time.
        clock: the name of a monotonic clock, and when it was triggered on that, in seconds.
        sent_bounds: the earliest and latest time on the service's clock at which it was
            triggered, if known.

    """

    at: datetime
    attempts: int
    confirmed: bool = False
    job_id: str | None = None
    contended: bool = False
    previous_run: KnownRun | None = None
    known_jobs: tuple[str, ...] = ()
    clock: tuple[str, float] | None = None
    sent_bounds: Bounds | None = None

    def trigger(self) -> Trigger:
        """Convert the times to the clocks of this process.

        If the service's time is not known, and two clocks of this machine disagree, one of them
        was set or belongs to another machine.  Then only a job id identifies the run.
        """
        age, elapsed = (clock.wall() - self.at).total_seconds(), self._elapsed()
        agreed = elapsed is not None and age >= 0 and abs(elapsed - age) <= _MARGIN
        reliable = self.sent_bounds is not None or agreed
        sent_at = clock.monotonic() - (max(age, 0.0) if elapsed is None else elapsed)
        return Trigger(
            sent_at=sent_at - _MARGIN,
            latest_start=sent_at + MAX_START_DELAY + _MARGIN,
            tolerance=_TOLERANCE if reliable else float("inf"),
            previous_run=self.previous_run,
            known_jobs=self.known_jobs,
            sent_bounds=self.sent_bounds,
            job_id=self.job_id,
            confirmed=self.confirmed,
            contended=self.contended,
            require_job_id=not reliable,
        )

    def sent_at_latest(self) -> float:
        """Return when it was triggered at the latest, on the monotonic clock of this process."""
        return clock.monotonic() - (self._elapsed() or 0.0)

    def started_before(self, later: PendingRun) -> bool:
        """Return whether its run had certainly started, if ever, when a later one was triggered."""
        if self.clock is None or later.clock is None or self.clock[0] != later.clock[0]:
            return False
        return later.clock[1] - self.clock[1] > MAX_START_DELAY

    def _elapsed(self) -> float | None:
        """Return the seconds since then, if the monotonic clock is that of this process."""
        if self.clock is None or self.clock[0].partition("-")[0] != clock.boot():
            return None
        age = clock.monotonic() - self.clock[1]
        return age if age >= 0 else None
