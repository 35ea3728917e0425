"""The outcome of a run, and the report of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

from attrs import frozen

from postman_async.errors import (
    ApiError,
    BatchFailedError,
    PostmanError,
    ServerError,
    TransportError,
)

if TYPE_CHECKING:
    from postman_async.models.monitors import MonitorRun

__all__ = ["BatchReport", "MonitorOutcome", "OutcomeStatus"]

OutcomeStatus: TypeAlias = Literal["passed", "failed", "error", "unknown", "skipped"]

_STATUS: dict[str, OutcomeStatus] = {
    "success": "passed",
    "failed": "failed",
    "failure": "failed",
    "error": "error",
    "abort": "error",
    "aborted": "error",
}
"""The service's status of a run to ours; any other status (``running``) is unknown."""

_MAX_NAMED = 5
"""Outcomes that the text of an error names."""

_MAX_ERROR_LENGTH = 200
"""Characters of an error's text that are quoted."""


@frozen(kw_only=True)
class MonitorOutcome:
    """The outcome of one run of a batch.

    Attributes:
        uid: the monitor's uid, as it was given.
        name: the monitor's name, if known.
        index: the index of the run in the batch, from 0.
        status: ``passed``; ``failed``: an assertion failed; ``error``: the monitor could not be
            run, or its run broke off; ``unknown``: it may have run, but there is no result;
            ``skipped``: it was not run.
        run: the service's result, or None.
        error: why there is no result, or None.
        attempts: how often the service was asked to run the monitor.
        started_at: when it was asked first, in UTC; None if never.
        elapsed: seconds from then to the outcome.
        waited: seconds its calls waited for the rate limit.
        reconciled: the call that started the run brought no result, and the monitor's last run
            was recognised as this one by its time.  It has no executions then.

    """

    uid: str
    name: str | None = None
    index: int = 0
    status: OutcomeStatus
    run: MonitorRun | None = None
    error: PostmanError | None = None
    attempts: int = 0
    started_at: datetime | None = None
    elapsed: float = 0.0
    waited: float = 0.0
    reconciled: bool = False


def status_of_word(word: object) -> OutcomeStatus:
    """Translate the service's status of a run; ``unknown`` unless it is that of an ended run."""
    return _STATUS.get(str(word).lower(), "unknown")


def status_of_run(run: MonitorRun) -> OutcomeStatus:
    """Return the status of a result; a run with a failed assertion is never ``passed``."""
    info = getattr(run, "info", None)
    status = status_of_word(getattr(info, "status", None))
    assertions = getattr(getattr(run, "stats", None), "assertions", None)
    failed = getattr(assertions, "failed", None)
    if status == "passed" and failed:
        return "failed"
    return status


def status_of_error(error: PostmanError) -> OutcomeStatus:
    """Return the status of a failed call: ``unknown`` if the service may have run the monitor."""
    if isinstance(error, TransportError):
        return "unknown" if error.sent else "error"
    if isinstance(error, ServerError):
        asked_to_wait = error.rate_limit is not None and error.rate_limit.retry_after is not None
        return "error" if error.status == 503 and asked_to_wait else "unknown"
    return "error" if isinstance(error, ApiError) or error.attempts == 0 else "unknown"


@frozen
class BatchReport(Sequence[MonitorOutcome]):
    """The outcomes of a batch, as a sequence in the order of its uids.

    Attributes:
        outcomes: the outcomes, one for each uid.
        started_at: when the batch started, in UTC.
        elapsed: the duration of the whole batch in seconds.

    """

    outcomes: tuple[MonitorOutcome, ...]
    started_at: datetime
    elapsed: float

    @overload
    def __getitem__(self, index: int) -> MonitorOutcome: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[MonitorOutcome, ...]: ...
    def __getitem__(self, index: int | slice) -> MonitorOutcome | tuple[MonitorOutcome, ...]:
        """Return the outcome at an index."""
        return self.outcomes[index]

    def __len__(self) -> int:
        """Return how many outcomes there are."""
        return len(self.outcomes)

    @property
    def ok(self) -> bool:
        """Whether every monitor passed; False if there was none."""
        return bool(self.outcomes) and not self.failed

    @property
    def failed(self) -> tuple[MonitorOutcome, ...]:
        """The outcomes with another status than ``passed``."""
        return tuple(outcome for outcome in self.outcomes if outcome.status != "passed")

    def raise_for_failures(self) -> None:
        """Raise an error unless the report is `ok`.

        Raises:
            BatchFailedError: an outcome is not ``passed``, or there is none; the text names the
                first ones.

        """
        if not self.ok:
            raise BatchFailedError(self._in_words(), self)

    def _in_words(self) -> str:
        failed = self.failed
        if not failed:
            return "no monitor ran: the report has no outcomes"
        first = "; ".join(_in_words(outcome) for outcome in failed[:_MAX_NAMED])
        more = f"; and {len(failed) - _MAX_NAMED} more" if len(failed) > _MAX_NAMED else ""
        return f"{len(failed)} of {len(self)} monitors did not pass: {first}{more}"

    @property
    def counts(self) -> Counter[OutcomeStatus]:
        """How many outcomes there are of each status."""
        return Counter(outcome.status for outcome in self.outcomes)

    def having(self, *statuses: OutcomeStatus) -> tuple[MonitorOutcome, ...]:
        """Return the outcomes of these statuses."""
        return tuple(outcome for outcome in self.outcomes if outcome.status in statuses)


def _in_words(outcome: MonitorOutcome) -> str:
    """Return a monitor's name, its status and the reason, shortened."""
    words = f"{outcome.name or outcome.uid} {outcome.status}"
    return words if outcome.error is None else f"{words} ({str(outcome.error)[:_MAX_ERROR_LENGTH]})"
