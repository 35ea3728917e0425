"""The row of a monitor in the table of outcomes; it shows what the reports show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from postman_async.cli.output.streams import clean

if TYPE_CHECKING:
    from postman_async import MonitorOutcome
    from postman_async.bulk.outcome import OutcomeStatus
    from postman_async.reports.entries import Entry, Tally

__all__ = ["Row", "row_of", "tally"]

_ORDER: tuple[OutcomeStatus, ...] = ("passed", "failed", "error", "unknown", "skipped")


@frozen(kw_only=True)
class Row:
    """One line of the table, and the reasons below it.

    Attributes:
        name: the monitor's name.
        status: passed, failed, error, unknown or skipped.
        assertions: ``passed/total``, or a dash without a run.
        requests: the number of requests of the run, or a dash.
        seconds: the time from the request of the run to its outcome, without the wait for the
            rate limit.
        reasons: why it did not pass, one sentence each.

    """

    name: str
    status: OutcomeStatus
    assertions: str
    requests: str
    seconds: float
    reasons: list[str]


def row_of(outcome: MonitorOutcome, name: str | None = None) -> Row:
    """Make the row of an outcome from its entry in reports, so without secrets.

    Args:
        outcome: the outcome.
        name: the monitor's name, where the outcome may not have it.

    """
    from postman_async.reports.entries import entry_of
    from postman_async.reports.records import record_of

    entry, has_run = entry_of(record_of(outcome)), outcome.run is not None
    return Row(
        name=clean(name or entry.name),
        status=outcome.status,
        assertions=_passed(entry.assertions) if has_run else "-",
        requests=str(entry.requests.total) if has_run else "-",
        seconds=entry.run_time,
        reasons=_reasons(entry),
    )


def tally(counts: Mapping[OutcomeStatus, int]) -> str:
    """Return the number of outcomes of each status: ``20 passed, 4 failed, 2 error``."""
    return ", ".join(f"{counts[status]} {status}" for status in _ORDER if counts.get(status))


def _passed(assertions: Tally) -> str:
    return f"{assertions.total - assertions.failed}/{assertions.total}"


def _reasons(entry: Entry) -> list[str]:
    """Return step, kind and message of each problem; a passed run has none."""
    if entry.status == "passed":
        return []
    parts = (filter(None, problem) for problem in entry.all_problems())
    return [clean(": ".join(part)) for part in parts]
