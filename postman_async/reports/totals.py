"""The totals of a report, added up entry by entry in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, field

from postman_async.bulk.outcome import OutcomeStatus
from postman_async.reports.entries import Entry, Tally

__all__ = ["NOTICEABLE", "STATUSES", "Totals"]

STATUSES: tuple[OutcomeStatus, ...] = ("passed", "failed", "error", "unknown", "skipped")
"""All outcomes, in the order in which reports list them."""

NOTICEABLE = 0.05
"""Seconds of waiting from which on reports for people mention it."""


@define
class Totals:
    """The totals of all entries of a report.

    Attributes:
        counts: the number of monitors by outcome.
        assertions: the assertions of all runs.
        requests: the requests of all runs.
        waited: seconds that all waited for the rate limit, added up.
        run_time: seconds of all runs, added up.
        first: when the first run was requested, or None.
        last: when the last outcome was known, or None.

    """

    counts: Counter[OutcomeStatus] = field(factory=Counter)
    assertions: Tally = field(factory=Tally)
    requests: Tally = field(factory=Tally)
    waited: float = 0.0
    run_time: float = 0.0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def total(self) -> int:
        """The number of monitors."""
        return self.counts.total()

    @property
    def bad(self) -> int:
        """The number of monitors that did not pass."""
        return self.total - self.counts["passed"]

    @property
    def elapsed(self) -> float:
        """Seconds from the first to the last."""
        if self.first is None or self.last is None:
            return 0.0
        return (self.last - self.first).total_seconds()

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        if not self.total:
            return "No monitors were run"
        if self.total == 1:
            return "The monitor did not pass" if self.bad else "The monitor passed"
        if not self.bad:
            return f"All {self.total:,} monitors passed"
        return f"{self.bad:,} of {self.total:,} monitors did not pass"

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        self.counts[entry.status] += 1
        self.assertions += entry.assertions
        self.requests += entry.requests
        self.waited += entry.waited
        self.run_time += entry.run_time
        if entry.started_at is not None:
            ended = _later(entry.started_at, entry.elapsed)
            self.first = min(self.first or entry.started_at, entry.started_at)
            self.last = max(self.last or ended, ended)

    def counting(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield the entries, and count each."""
        for entry in entries:
            self.add(entry)
            yield entry

    def summary(self) -> dict[str, Any]:
        """Return the totals as JSON data."""
        return {
            "monitors": self.total,
            "outcomes": {status: self.counts[status] for status in STATUSES},
            "assertions": {"total": self.assertions.total, "failed": self.assertions.failed},
            "requests": {"total": self.requests.total, "failed": self.requests.failed},
            "started_at": _iso(self.first),
            "finished_at": _iso(self.last),
            "elapsed": round(self.elapsed, 3),
            "waited": round(self.waited, 3),
        }


def _later(at: datetime, seconds: float) -> datetime:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:  # beyond the year 9999
        return at


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
