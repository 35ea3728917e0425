"""The entry of a monitor in a report, read from the record of its outcome.

An entry never looks better than the outcome it is made from: see `Entry.verdict`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

from attrs import evolve, frozen

from postman_async.bulk.outcome import OutcomeStatus
from postman_async.reports.steps import Check, Problem, Step, read_steps
from postman_async.reports.text import excerpt
from postman_async.reports.values import (
    NOTHING,
    Json,
    first_name,
    read_map,
    read_number,
    read_text,
    read_time,
)

__all__ = ["Check", "Entry", "Problem", "Step", "Tally", "describe_error", "entry_of"]

_STATUSES = frozenset(get_args(OutcomeStatus))
_MAX_REASON = 200
_RUN_NUMBER = re.compile(r" #[0-9]+\Z")


@frozen
class Tally:
    """A total, and how many of it failed."""

    total: int = 0
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Add the totals and the failures."""
        return Tally(self.total + other.total, self.failed + other.failed)


@frozen(kw_only=True)
class Entry:
    """A monitor in a report.

    Attributes:
        uid: its uid.
        name: its name, or the uid where no name is known.
        status: its outcome.
        attempts: how often the run was requested.
        started_at: when the run was requested first, or None.
        elapsed: seconds from then to the outcome.
        waited: seconds of these that were waiting for the rate limit.
        reconciled: whether its run was found by looking at the monitor's last run.
        run_status: the service's word for the end of the run.
        job: the job id of the run.
        assertions: the number of its assertions.
        requests: the number of its requests.
        latency: milliseconds its responses took on average, or None.
        size: bytes of all its responses, or None.
        steps: its requests.
        problems: its errors outside of its requests.
        notes: what of the outcome could not be shown, as location and reason.

    """

    uid: str
    name: str
    status: OutcomeStatus
    attempts: int
    started_at: datetime | None
    elapsed: float
    waited: float
    reconciled: bool
    run_status: str
    job: str
    assertions: Tally
    requests: Tally
    latency: float | None
    size: float | None
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    @property
    def run_time(self) -> float:
        """Seconds without the wait for the rate limit."""
        return max(0.0, self.elapsed - self.waited)

    @property
    def verdict(self) -> Problem | None:
        """A problem for an outcome that did not pass where no step or problem shows why."""
        failed = any(check.passed is False for step in self.steps for check in step.checks)
        if self.status == "failed" and not failed:
            count, total = self.assertions.failed, self.assertions.total
            message = f"{count} of {total} assertions failed" if count else "the run failed"
            return Problem("AssertionError", message)
        if self.status == "error" and not self._has_problems:
            return Problem("error", f"the run ended with the status {self.run_status or 'error'}")
        if self.status == "unknown" and not self.problems:
            status = self.run_status or "not known"
            return Problem("unknown", f"no result: the run's status is {status}")
        return None

    @property
    def _has_problems(self) -> bool:
        return bool(self.problems) or any(step.problems for step in self.steps)

    def without_details(self, reason: Exception) -> Entry:
        """Return the entry with its outcome alone, and a note that says why."""
        notes = (*self.notes, f"details: {describe_error(reason)}")
        return evolve(self, steps=(), problems=(), run_status="", job="", latency=None, notes=notes)

    def all_problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield errors, then failed assertions, each as step, kind or assertion, and message."""
        if self.verdict is not None:
            yield "", self.verdict.kind, self.verdict.message
        for problem in self.problems:
            yield "", problem.kind, problem.message
        for step in self.steps:
            for problem in step.problems:
                yield step.name, problem.kind, problem.message
        for step in self.steps:
            for check in step.checks:
                if check.passed is False:
                    yield step.name, check.name, check.message


def describe_error(error: BaseException) -> str:
    """Say in some words why something cannot be shown."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return excerpt(f"{type(error).__name__}: {error}", _MAX_REASON)


def entry_of(record: Json) -> Entry:
    """Read a record of `postman_async.bulk.record`; a run that cannot be read is noted."""
    try:
        return _read_entry(record, read_map(record["run"]))
    except Exception as error:  # of any kind: it must not affect the other entries
        bare = _read_entry(record, NOTHING)
        return evolve(bare, notes=(*bare.notes, f"run: {describe_error(error)}"))


def _read_entry(record: Json, run: Json) -> Entry:
    info, stats = read_map(run.get("info")), read_map(run.get("stats"))
    steps, problems = read_steps(run)
    elapsed = read_number(record["elapsed"]) or 0.0
    status = record["status"]
    return Entry(
        uid=read_text(record["uid"]),
        name=first_name(record["name"], _without_number(info.get("name")), record["uid"]),
        status=status if status in _STATUSES else "unknown",
        attempts=int(read_number(record["attempts"]) or 0),
        started_at=read_time(record["started_at"]),
        elapsed=elapsed,
        waited=min(read_number(record["waited"]) or 0.0, elapsed),
        reconciled=record["reconciled"] is True,
        run_status=read_text(info.get("status")),
        job=read_text(info.get("jobId")),
        assertions=_read_tally(stats.get("assertions"), _count_checks(steps)),
        requests=_read_tally(stats.get("requests"), Tally(len(steps), 0)),
        latency=read_number(stats.get("responseLatency"), _mean_time(steps)),
        size=read_number(stats.get("responseSize")),
        steps=steps,
        problems=(*_read_error(record["error"]), *problems),
        notes=tuple(map(read_text, record.get("not_shown", ()))),
    )


def _read_error(error: Any) -> Iterator[Problem]:
    if error is not None:
        details = read_map(error)
        kind = read_text(details.get("type")) or "Error"
        yield Problem(kind, read_text(details.get("message")))


def _read_tally(value: Any, default: Tally) -> Tally:
    tally = read_map(value)
    total, failed = (read_number(tally.get(key)) for key in ("total", "failed"))
    return default if total is None else Tally(int(total), int(failed or 0))


def _count_checks(steps: tuple[Step, ...]) -> Tally:
    checks = [check for step in steps for check in step.checks]
    return Tally(len(checks), sum(check.passed is False for check in checks))


def _mean_time(steps: tuple[Step, ...]) -> float | None:
    times = [step.milliseconds for step in steps if step.milliseconds is not None]
    return sum(times) / len(times) if times else None


def _without_number(name: Any) -> str:
    """Make a run's name, ``Checkout #56``, its monitor's: CI follows a name from run to run."""
    return _RUN_NUMBER.sub("", read_text(name))
