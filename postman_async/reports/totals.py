"""The figures of a whole report, added up entry by entry in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, field

from postman_async.bulk.outcome import OutcomeStatus
from postman_async.reports.entries import Entry, Tally

__all__ = ["NOTICEABLE", "STATUSES", "Figures"]

STATUSES: tuple[OutcomeStatus, ...] = ("passed", "failed", "error", "unknown", "skipped")
"""All outcomes, in the order in which they are told."""

NOTICEABLE = 0.05
"""Seconds of waiting that are worth a word to people."""


@define
class Figures:
    """What all entries of a report come to.

    Attributes:
        counts: how many monitors have which outcome.
        assertions: of all runs.
        requests: of all runs.
        waited: seconds that all waited for the rate limit, added up.
        ran: seconds of all runs, added up.
        first: when the first was asked for, or None.
        last: when the last was done, or None.

    """

    counts: Counter[OutcomeStatus] = field(factory=Counter)
    assertions: Tally = field(factory=Tally)
    requests: Tally = field(factory=Tally)
    waited: float = 0.0
    ran: float = 0.0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def total(self) -> int:
        """How many monitors there are."""
        return self.counts.total()

    @property
    def bad(self) -> int:
        """How many of them did not pass."""
        return self.total - self.counts["passed"]

    @property
    def elapsed(self) -> float:
        """Seconds from the first to the last."""
        if self.first is None or self.last is None:
            return 0.0
        return (self.last - self.first).total_seconds()

    @property
    def headline(self) -> str:
        """Say in one sentence how it went."""
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
        self.ran += entry.ran
        if entry.started_at is not None:
            ended = _later(entry.started_at, entry.elapsed)
            self.first = min(self.first or entry.started_at, entry.started_at)
            self.last = max(self.last or ended, ended)

    def over(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Hand the entries on and count them."""
        for entry in entries:
            self.add(entry)
            yield entry

    def summary(self) -> dict[str, Any]:
        """Write the figures as JSON data."""
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
