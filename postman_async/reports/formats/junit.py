"""JUnit XML: a suite for each monitor, a case for each assertion.

Written for the readers of Jenkins, GitLab and GitHub:

- A failed assertion is a ``failure``; a script that breaks, a request without an answer and a
  monitor that could not be run are an ``error`` with the error's name as its type; an outcome
  that is not known is an ``error`` of the type ``unknown: …``; a monitor that was not run is
  ``skipped``.
- An outcome that no assertion shows is a case ``run``, so no suite is empty or looks better than
  its outcome.
- Properties named ``not shown`` list the parts of an outcome that could not be shown.
- Suites with the same name get numbers, and so do cases of a suite, since readers tell cases by
  these names.
- Times are seconds.  A suite's is its run without the wait for the rate limit; an assertion's is
  its share of the time of its request's response; the file's is from the first run to the last.

One suite at a time is in memory.  The totals come before the suites, so the suites are kept in a
temporary file.
"""

from __future__ import annotations

import functools
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from junitparser import Element, Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from postman_async.reports.entries import Check, Entry, Problem, Step
from postman_async.reports.records import render_entry
from postman_async.reports.text import Names, excerpt, label, one_line
from postman_async.reports.totals import Totals

__all__ = ["junit"]

Result: TypeAlias = Error | Failure | Skipped
Case: TypeAlias = tuple[str, float, Result | None]

_COUNTS = ("tests", "failures", "errors")
_HEAD = "<?xml version='1.0' encoding='utf-8'?>\n"
_MAX_MESSAGE = 10_000
_IN_MEMORY = 2**20


def junit(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Yield the text of the file piece by piece.

    Args:
        entries: the monitors.
        title: the name of the report.

    """
    totals, sums, names = Totals(), Counter[str](), Names()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8") as suites:
        for entry in totals.counting(entries):
            write = functools.partial(_write_suite, names.unique(label(entry.name)))
            text, counts = render_entry(write, entry)
            sums.update(counts)
            suites.write(f"{text}\n")
        suites.seek(0)
        opening, closing = _around(title, sums, totals.elapsed)
        yield f"{_HEAD}{opening}\n"
        yield from suites
        yield f"{closing}\n"


def _around(title: str, sums: Counter[str], elapsed: float) -> tuple[str, str]:
    """Return the tags before and after the suites, cut out of a document with one suite."""
    whole = JUnitXml(label(title))
    for name in _COUNTS:
        setattr(whole, name, sums[name])
    whole.time = round(elapsed, 3)
    suite = TestSuite("here")
    whole.append(suite)
    opening, _, closing = _xml(whole).partition(_xml(suite))
    return opening, closing


def _xml(element: Element) -> str:
    """Write an element without the declaration, which some XML libraries put before it."""
    written: bytes = element.tostring()
    text = written.decode("utf-8")
    return text.partition("?>")[2].strip() if text.startswith("<?xml") else text


def _write_suite(name: str, entry: Entry) -> tuple[str, dict[str, int]]:
    """Return the text of a suite, and its counts."""
    suite = _suite(name, entry)
    return _xml(suite), {count: getattr(suite, count) for count in _COUNTS}


def _suite(name: str, entry: Entry) -> TestSuite:
    suite, names = TestSuite(name), Names()
    for key, value in _properties(entry):
        suite.add_property(key, value)
    for case, seconds, result in _cases(entry) or [("run", entry.run_time, None)]:
        suite.append(_case(names.unique(one_line(case)), name, seconds, result))
    suite.update_statistics()
    suite.time = round(entry.run_time, 3)
    if entry.started_at is not None:
        suite.timestamp = entry.started_at.strftime("%Y-%m-%dT%H:%M:%S")
    return suite


def _properties(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "uid", one_line(entry.uid)
    yield "outcome", entry.status
    yield "attempts", str(entry.attempts)
    yield "waited", f"{entry.waited:.3f}"
    if entry.reconciled:
        yield "reconciled", "true"
    if entry.job:
        yield "job", one_line(entry.job)
    for note in entry.notes:
        yield "not shown", one_line(note)


def _case(case: str, suite: str, seconds: float, result: Result | None) -> TestCase:
    made = TestCase(case, suite, round(seconds, 3))
    if result is not None:
        made.result = [result]
    return made


def _cases(entry: Entry) -> list[Case]:
    """Return the cases of a suite as name, seconds and result."""
    if entry.status == "skipped":
        return [("run", 0.0, Skipped("the monitor was not run"))]
    cases: list[Case] = []
    if entry.verdict is not None:
        cases.append(("run", entry.run_time, _verdict(entry, entry.verdict)))
    for problem in entry.problems:
        name = f"run: {label(problem.kind)}"
        cases.append((name, entry.run_time, _error(problem, entry.status)))
    return [*cases, *(case for step in entry.steps for case in _step_cases(step))]


def _step_cases(step: Step) -> Iterator[Case]:
    seconds = (step.milliseconds or 0.0) / 1000
    share = seconds / max(1, len(step.checks) + len(step.problems))
    for check in step.checks:
        yield f"{step.name}: {label(check.name)}", share, _check_result(check, step)
    for problem in step.problems:
        yield f"{step.name}: {label(problem.kind)}", share, _error(problem, "error", step)


def _verdict(entry: Entry, problem: Problem) -> Result:
    failed = entry.status == "failed"
    return _with_message(Failure(), problem) if failed else _error(problem, entry.status)


def _error(problem: Problem, status: str, step: Step | None = None) -> Result:
    if status == "unknown" and problem.kind != "unknown":
        problem = Problem(f"unknown: {problem.kind}", problem.message)
    return _with_message(Error(), problem, step)


def _check_result(check: Check, step: Step) -> Result | None:
    if check.passed is None:
        return Skipped("the assertion was skipped")
    if check.passed:
        return None
    return _with_message(
        Failure(), Problem(check.kind, check.message or "the assertion failed"), step
    )


def _with_message(result: Result, problem: Problem, step: Step | None = None) -> Result:
    """Add the message of a problem: one line for lists, and the whole text of the case."""
    result.type, result.message = one_line(problem.kind), one_line(problem.message, _MAX_MESSAGE)
    where = [] if step is None else [" ".join(filter(None, (step.method, step.url, step.code)))]
    result.text = excerpt("\n".join([problem.message, *where]), _MAX_MESSAGE)
    return result
