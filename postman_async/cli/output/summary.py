"""What there is to tell about one monitor's run, as text and figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from postman_async.cli.output.streams import at, clean
from postman_async.errors import PostmanError

if TYPE_CHECKING:
    from postman_async import MonitorOutcome
    from postman_async.bulk.outcome import OutcomeStatus
    from postman_async.reports.entries import Entry, Tally

__all__ = ["Row", "row_of", "tally"]

_ORDER: tuple[OutcomeStatus, ...] = ("passed", "failed", "error", "unknown", "skipped")


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
    status: OutcomeStatus
    assertions: str
    requests: str
    seconds: float
    reasons: list[str]


def row_of(outcome: MonitorOutcome, name: str | None = None) -> Row:
    """Sum up one outcome; what looks like a secret in it is taken out, as in reports.

    What of its run nobody can read is left out: it must not cost the table of all the others.

    Args:
        outcome: the outcome.
        name: the monitor's name, where it is known better than by the outcome.

    """
    from postman_async.bulk.record import use_record
    from postman_async.reports.entries import entry_of
    from postman_async.reports.redact import redacted

    entry = use_record(outcome, lambda record: entry_of(redacted(record)))
    return Row(
        name=clean(name or entry.name),
        status=outcome.status,
        assertions=_assertions(entry.assertions, outcome),
        requests="-" if outcome.run is None else str(entry.requests.total),
        seconds=_seconds(outcome),
        reasons=_reasons(entry),
    )


def tally(counts: Mapping[OutcomeStatus, int]) -> str:
    """Say how many outcomes have which status: ``20 passed, 4 failed, 2 error``."""
    return ", ".join(f"{counts[status]} {status}" for status in _ORDER if counts.get(status))


def _assertions(made: Tally, outcome: MonitorOutcome) -> str:
    return "-" if outcome.run is None else f"{made.total - made.failed}/{made.total}"


def _seconds(outcome: MonitorOutcome) -> float:
    from postman_async.bulk.record import UNSERIALIZABLE

    times = (at(outcome.run, "info", name) for name in ("started_at", "finished_at"))
    try:
        began, ended = (datetime.fromisoformat(str(time)) for time in times)
        return (ended - began).total_seconds()
    except (*UNSERIALIZABLE, PostmanError):  # no run, or times of another kind than promised
        return outcome.elapsed


def _reasons(entry: Entry) -> list[str]:
    """Name place, kind and message of what went wrong; a passed run has none of it."""
    if entry.status == "passed":
        return []
    parts = (filter(None, problem) for problem in entry.problems())
    return [clean(": ".join(part)) for part in parts]
