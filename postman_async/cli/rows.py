"""What there is to tell about one monitor's run, as text and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from postman_async import MonitorOutcome
    from postman_async.models.monitors import MonitorRun, RunFailure

__all__ = ["Row", "counts", "row_of"]


@frozen(kw_only=True)
class Row:
    """One line of the table, and the reasons that go below it.

    Args:
        name: the monitor's name.
        status: passed, failed, error, unknown or skipped.
        assertions: ``passed/total``, or a dash when there is no run.
        requests: how many requests the run sent, or a dash.
        seconds: how long the run took by the service's clock, else by ours.
        reasons: why it did not pass, one sentence each.

    """

    name: str
    status: str
    assertions: str
    requests: str
    seconds: float
    reasons: list[str]


def row_of(outcome: MonitorOutcome, name: str) -> Row:
    """Sum up one outcome of the monitor called ``name``."""
    run = outcome.run
    return Row(
        name=name,
        status=outcome.status,
        assertions=_assertions(run),
        requests=_requests(run),
        seconds=_seconds(outcome),
        reasons=_reasons(outcome),
    )


def counts(rows: Iterable[Row]) -> str:
    """Say how many rows have which status: ``20 passed, 4 failed, 2 error``."""
    return ", ".join(f"{number} {status}" for status, number in _tally(rows).items())


def _tally(rows: Iterable[Row]) -> dict[str, int]:
    found = Counter(row.status for row in rows)
    known = ("passed", "failed", "error", "unknown", "skipped")
    return {status: found[status] for status in known if found[status]}


def _assertions(run: MonitorRun | None) -> str:
    if run is None or run.stats is None:
        return "-"
    made = run.stats.assertions
    return f"{made.total - made.failed}/{made.total}"


def _requests(run: MonitorRun | None) -> str:
    return "-" if run is None or run.stats is None else str(run.stats.requests.total)


def _seconds(outcome: MonitorOutcome) -> float:
    info = None if outcome.run is None else outcome.run.info
    if info is None or not info.started_at or not info.finished_at:
        return outcome.elapsed
    began, ended = (datetime.fromisoformat(str(at)) for at in (info.started_at, info.finished_at))
    return (ended - began).total_seconds()


def _reasons(outcome: MonitorOutcome) -> list[str]:
    """Give errors before failed assertions, which often only follow from them."""
    if outcome.error is not None:
        return [str(outcome.error)]
    run = outcome.run
    if run is None:
        return []
    items = {execution.id: execution.item.name for execution in run.executions or []}
    failures = sorted(run.failures or [], key=lambda failure: bool(failure.assertion))
    return [_reason(failure, items) for failure in failures]


def _reason(failure: RunFailure, items: Mapping[int, str | None]) -> str:
    place = items.get(failure.execution_id) or f"request {failure.execution_id}"
    what = ", ".join(failure.assertion or ()) or failure.name
    return f"{place}: {what}: {failure.message}"
