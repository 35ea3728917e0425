"""JUnit XML: a suite for each monitor, a case for each assertion.

Written for the readers of Jenkins, GitLab and GitHub:

- A failed assertion is a ``failure``; a script that breaks, a request without an answer and a
  monitor that could not be run are an ``error`` with the error's name as its type; an outcome
  that is not known is an ``error`` of the type ``unknown: …``; a monitor that was not run is
  ``skipped``.
- What no assertion shows is a case ``run``, so no suite is empty and none looks better than its
  outcome.
- What could not be shown of an outcome is in properties, ``not shown``.
- Suites with the same name get numbers, and so do cases of a suite, since readers tell cases by
  these names.
- Times are seconds.  A suite's is its run without the wait for the rate limit; an assertion's is
  its share of the time of its request's answer; the whole file's is what went by on the clock.

One suite at a time is in memory.  The totals stand before the suites, so these wait in a
temporary file.
"""

from __future__ import annotations

import functools
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from junitparser import Element, Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from postman_async.reports.entries import Check, Entry, Fault, Step
from postman_async.reports.records import shown
from postman_async.reports.text import Names, excerpt, label, one_line
from postman_async.reports.totals import Figures

__all__ = ["junit"]

Result: TypeAlias = Error | Failure | Skipped

_COUNTS = ("tests", "failures", "errors")
_HEAD = "<?xml version='1.0' encoding='utf-8'?>\n"
_MESSAGE = 10_000
_IN_MEMORY = 2**20


def junit(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Give the text of the file piece by piece.

    Args:
        entries: the monitors.
        title: the name of the whole.

    """
    figures, sums, names = Figures(), Counter[str](), Names()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8") as suites:
        for entry in figures.over(entries):
            text, counts = shown(functools.partial(_written, names.apart(label(entry.name))), entry)
            sums.update(counts)
            suites.write(f"{text}\n")
        suites.seek(0)
        opening, closing = _around(title, sums, figures.elapsed)
        yield f"{_HEAD}{opening}\n"
        yield from suites
        yield f"{closing}\n"


def _around(title: str, sums: Counter[str], elapsed: float) -> tuple[str, str]:
    """Write the tags before and after the suites: those of a whole with a suite, cut out."""
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


def _written(name: str, entry: Entry) -> tuple[str, dict[str, int]]:
    """Write a suite, and count what is in it."""
    suite = _suite(name, entry)
    return _xml(suite), {count: getattr(suite, count) for count in _COUNTS}


def _suite(name: str, entry: Entry) -> TestSuite:
    suite, names = TestSuite(name), Names()
    for key, value in _properties(entry):
        suite.add_property(key, value)
    for case, seconds, result in _cases(entry) or [("run", entry.ran, None)]:
        suite.append(_case(names.apart(one_line(case)), name, seconds, result))
    suite.update_statistics()
    suite.time = round(entry.ran, 3)
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


def _cases(entry: Entry) -> list[tuple[str, float, Result | None]]:
    """List what there is to tell as name, seconds and what is wrong."""
    if entry.status == "skipped":
        return [("run", 0.0, Skipped("the monitor was not run"))]
    cases: list[tuple[str, float, Result | None]] = []
    if entry.verdict is not None:
        cases.append(("run", entry.ran, _verdict(entry, entry.verdict)))
    cases += [(f"run: {label(f.kind)}", entry.ran, _error(f, entry.status)) for f in entry.faults]
    for step in entry.steps:
        share = (step.milliseconds or 0.0) / 1000 / max(1, len(step.checks) + len(step.faults))
        cases += [(f"{step.name}: {label(c.name)}", share, _checked(c, step)) for c in step.checks]
        cases += [
            (f"{step.name}: {label(f.kind)}", share, _error(f, "error", step)) for f in step.faults
        ]
    return cases


def _verdict(entry: Entry, fault: Fault) -> Result:
    failed = entry.status == "failed"
    return _told(Failure(), fault) if failed else _error(fault, entry.status)


def _error(fault: Fault, status: str, step: Step | None = None) -> Result:
    if status == "unknown" and fault.kind != "unknown":
        fault = Fault(f"unknown: {fault.kind}", fault.message)
    return _told(Error(), fault, step)


def _checked(check: Check, step: Step) -> Result | None:
    if check.passed is None:
        return Skipped("the assertion was skipped")
    if check.passed:
        return None
    return _told(Failure(), Fault(check.kind, check.message or "the assertion failed"), step)


def _told(result: Result, fault: Fault, step: Step | None = None) -> Result:
    """Write down what happened: a line for lists, and all of it for whoever opens the case."""
    result.type, result.message = one_line(fault.kind), one_line(fault.message, _MESSAGE)
    where = [] if step is None else [" ".join(filter(None, (step.method, step.url, step.code)))]
    result.text = excerpt("\n".join([fault.message, *where]), _MESSAGE)
    return result
