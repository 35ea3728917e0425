"""`Trigger`: a call that may have started a run, and what is known of that run."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

if TYPE_CHECKING:
    from postman_async.bulk.observation import KnownRun
    from postman_async.errors import PostmanError

__all__ = ["CLOCK_TOLERANCE", "MAX_START_DELAY", "JournalKey", "Trigger"]

MAX_START_DELAY = 15.0
"""Seconds after the call was sent within which its run starts, connecting included."""

CLOCK_TOLERANCE = 5.0
"""A run that started less than so many seconds before our call is neither ours nor another's."""


@frozen
class JournalKey:
    """Identifies a run of a batch that has a journal, among all batches of a client.

    A batch that is resumed has the same keys.  A batch that starts anew in the same file has
    others, because it starts at another time.

    Attributes:
        path: the journal.
        batch: when the batch started, as its header says.
        index: the run's index in the batch.

    """

    path: str
    batch: str | None
    index: int


@define(kw_only=True, eq=False)
class Trigger:
    """A call that may have started a run.

    Attributes:
        sent_at: when the call was sent, in seconds on the monotonic clock.
        latest_start: when the run has started at the latest, if it does start.
        tolerance: seconds before ``sent_at``, see `CLOCK_TOLERANCE`.
        previous_run: the monitor's last run whose result was known when the call was sent.
        known_jobs: the ids of the runs that were known when the call was sent.
        excluded_jobs: the ids of the runs that the call certainly did not start.
        sent_bounds: the earliest and latest time on the service's clock at which the call was
            sent, in seconds of the epoch.  Set for a call of another process, and then used
            instead of ``sent_at``.
        job_id: the run's id, if the service reported it.
        confirmed: the service reported that the run started.
        contended: another call may have started a run of the same monitor at the same time.
        require_job_id: only a job id identifies the run, a time does not.
        error: how the call failed, if it did.
        cut_after: seconds until the call failed ambiguously, if it did.
        seen_jobs: the ids of the running runs that observations took for ours.
        key: the journal entry that the call belongs to.
        registered_at: when the run history was informed of the call.

    """

    sent_at: float
    latest_start: float
    tolerance: float = CLOCK_TOLERANCE
    previous_run: KnownRun | None = None
    known_jobs: Collection[str] = ()
    excluded_jobs: Collection[str] = ()
    sent_bounds: tuple[float, float] | None = None
    job_id: str | None = None
    confirmed: bool = False
    contended: bool = False
    require_job_id: bool = False
    error: PostmanError | None = None
    cut_after: float | None = None
    seen_jobs: set[str] = field(factory=set)
    key: JournalKey | None = None
    registered_at: float = 0.0

    def update(self, info: Any, now: float) -> None:
        """Take over what an answer says of the run that is running."""
        job_id, status = getattr(info, "job_id", None), getattr(info, "status", None)
        self.job_id = job_id if isinstance(job_id, str) else None
        self.confirmed = self.job_id is not None or status is not None
        if status == "running":
            self.latest_start = min(self.latest_start, now)
