"""A monitor as the service shows it at one time, and the run that it shows as the last one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from postman_async.bulk.outcome import status_of_word
from postman_async.bulk.times import has_whole_seconds, parse_time

if TYPE_CHECKING:
    from postman_async.models.monitors import Monitor, MonitorLastRun, MonitorRunInfo

__all__ = ["KnownRun", "Observation"]


@frozen
class KnownRun:
    """A run whose result is known.

    Attributes:
        job_id: the run's id, if the service reported it.
        started_at: when it started, in ISO 8601.
        seconds: its duration.

    """

    job_id: str | None
    started_at: str | None
    seconds: float | None = None

    @classmethod
    def of(cls, run: MonitorLastRun | MonitorRunInfo) -> KnownRun:
        """Make it from a model of a run."""
        return cls.from_values(run.job_id, run.started_at, run.finished_at)

    @classmethod
    def from_values(cls, job_id: object, started_at: object, finished_at: object) -> KnownRun:
        """Make it from JSON values; a value of the wrong type counts as absent."""
        start, end = parse_time(started_at), parse_time(finished_at)
        seconds = (end - start).total_seconds() if start and end else None
        text = started_at if isinstance(started_at, str) else None
        return cls(job_id if isinstance(job_id, str) else None, text, seconds)

    def started_after(self, other: KnownRun) -> bool:
        """Return whether it certainly started after another run."""
        own, others = parse_time(self.started_at), parse_time(other.started_at)
        return own is not None and others is not None and own > others


@frozen(kw_only=True)
class Observation:
    """The answer to one ``GET /monitors/{uid}``, and its times on the monotonic clock.

    Attributes:
        monitor: the monitor in the answer.
        date: the answer's ``Date`` on the service's clock, in whole seconds.
        sent_at: when the call was sent, in seconds.
        received_at: when its answer was there, in seconds.

    """

    monitor: Monitor
    date: datetime | None
    sent_at: float
    received_at: float

    @property
    def last_run(self) -> MonitorLastRun | None:
        """The run that started last."""
        return self.monitor.last_run

    @property
    def running_job(self) -> str | None:
        """The id of the run that is running, if the service reports it.

        The monitor's ``jobId`` is that of its latest run, even after that has ended.  A run is
        running only if ``lastRun`` is another run, or has no end.
        """
        latest, last = self.monitor.job_id, self.last_run
        if latest is None or last is None or last.job_id != latest:
            return latest
        ended = last.finished_at is not None and last.status != "running"
        return None if ended else latest

    @property
    def latest_job(self) -> str | None:
        """The id of the run that started last, if the service reports it."""
        return self.monitor.job_id or (None if self.last_run is None else self.last_run.job_id)

    @property
    def job_ids(self) -> set[str]:
        """The ids of all runs in the answer."""
        ids = {self.monitor.job_id, None if self.last_run is None else self.last_run.job_id}
        return {job_id for job_id in ids if job_id is not None}

    @property
    def readable(self) -> bool:
        """Whether the values have the promised types; otherwise nothing may be concluded."""
        last = getattr(self.monitor, "last_run", 0)
        texts = [getattr(self.monitor, "job_id", 0), getattr(last, "job_id", None)]
        if last is not None:
            texts.append(getattr(last, "started_at", None) or 0)
        return all(text is None or isinstance(text, str) for text in texts)

    @property
    def last_run_ended(self) -> bool:
        """Whether the last run has an end time, or a final status while no run is running."""
        last = self.last_run
        if last is None or last.status == "running":
            return False
        if last.finished_at is not None:
            return True
        return self.running_job is None and status_of_word(last.status) != "unknown"

    def start_bounds(self) -> tuple[float, float] | None:
        """Return the earliest and latest start of the last run on our monotonic clock.

        Returns:
            Both in seconds, or None if a time is missing or unreadable.

        """
        last = self.last_run
        start = None if last is None else parse_time(last.started_at)
        if last is None or start is None or self.date is None:
            return None
        age = (self.date - start).total_seconds()
        latest = self.received_at - age + has_whole_seconds(last.started_at)
        return self.sent_at - age - 1.0, latest

    def service_start_bounds(self) -> tuple[float, float] | None:
        """Return the same as `start_bounds`, on the service's clock in seconds of the epoch."""
        last = self.last_run
        start = None if last is None else parse_time(last.started_at)
        if last is None or start is None:
            return None
        return start.timestamp(), start.timestamp() + has_whole_seconds(last.started_at)
