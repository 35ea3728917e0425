"""What a report tells about a monitor, read from its record.

A record holds whatever the service sent, so nothing here trusts the type of a value: what cannot
be read as promised is left out or written as text, and no answer stops a report.  An entry never
looks better than the outcome it is made from: see `Entry.verdict`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, get_args

from attrs import evolve, frozen

from postman_async.bulk.outcome import OutcomeStatus
from postman_async.reports.text import excerpt

__all__ = ["Check", "Entry", "Fault", "Step", "Tally", "entry_of"]

Json: TypeAlias = Mapping[str, Any]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

_NOTHING: Json = {}
_STATUSES = frozenset(get_args(OutcomeStatus))
_REASON = 200
_RUN_NUMBER = re.compile(r" #[0-9]+\Z")


@frozen
class Fault:
    """Something that went wrong besides assertions: its kind, and a message for people."""

    kind: str
    message: str


@frozen(kw_only=True)
class Check:
    """An assertion.

    Attributes:
        name: its name.
        passed: whether it held; None when it was skipped.
        message: why not.
        kind: the kind of failure, such as ``AssertionError``.

    """

    name: str
    passed: bool | None
    message: str = ""
    kind: str = "AssertionError"


@frozen(kw_only=True)
class Step:
    """One request of a run; milliseconds and bytes are None where they are not known."""

    name: str
    method: str = ""
    url: str = ""
    code: str = ""
    milliseconds: float | None = None
    size: float | None = None
    sent: Pairs = ()
    received: Pairs = ()
    checks: tuple[Check, ...] = ()
    faults: tuple[Fault, ...] = ()


@frozen
class Tally:
    """How many there were, and how many of them failed."""

    total: int = 0
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Add them up."""
        return Tally(self.total + other.total, self.failed + other.failed)


@frozen(kw_only=True)
class Entry:
    """A monitor in a report; all times are seconds, but for the latency.

    Attributes:
        uid: its uid.
        name: its name, or the uid where no name is known.
        status: its outcome.
        attempts: how often it was asked for.
        started_at: when it was asked first, or None.
        elapsed: from then to the outcome.
        waited: how much of that was waiting for the rate limit.
        reconciled: whether its run was found by looking.
        word: the service's word for the end of the run.
        job: the id of the run.
        assertions: how many it made.
        requests: how many it sent.
        latency: milliseconds its answers took on average, or None.
        size: bytes of all its answers, or None.
        steps: its requests.
        faults: what went wrong outside of them.
        notes: what of the outcome could not be shown, as place and reason.

    """

    uid: str
    name: str
    status: OutcomeStatus
    attempts: int
    started_at: datetime | None
    elapsed: float
    waited: float
    reconciled: bool
    word: str
    job: str
    assertions: Tally
    requests: Tally
    latency: float | None
    size: float | None
    steps: tuple[Step, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()

    @property
    def ran(self) -> float:
        """Seconds without the wait for the rate limit."""
        return max(0.0, self.elapsed - self.waited)

    @property
    def verdict(self) -> Fault | None:
        """What the steps and faults do not show of an outcome that is not good, if anything."""
        checks = [check for step in self.steps for check in step.checks]
        broken = bool(self.faults) or any(step.faults for step in self.steps)
        if self.status == "failed" and all(check.passed is not False for check in checks):
            failed, total = self.assertions.failed, self.assertions.total
            told = f"{failed} of {total} assertions failed" if failed else "the run failed"
            return Fault("AssertionError", told)
        if self.status == "error" and not broken:
            return Fault("error", f"the run ended with the status {self.word or 'error'}")
        if self.status == "unknown" and not self.faults:
            return Fault("unknown", f"no result: the run's status is {self.word or 'not known'}")
        return None

    def without_details(self, reason: Exception) -> Entry:
        """Keep the outcome, where the rest of it cannot be shown, and say why."""
        notes = (*self.notes, f"details: {reason_of(reason)}")
        return evolve(self, steps=(), faults=(), word="", job="", latency=None, notes=notes)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Give what went wrong as place, kind or name, and message; errors come first."""
        if self.verdict is not None:
            yield "", self.verdict.kind, self.verdict.message
        for fault in self.faults:
            yield "", fault.kind, fault.message
        for step in self.steps:
            for fault in step.faults:
                yield step.name, fault.kind, fault.message
        for step in self.steps:
            for check in step.checks:
                if check.passed is False:
                    yield step.name, check.name, check.message


def reason_of(error: BaseException) -> str:
    """Say in some words why something cannot be shown."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return excerpt(f"{type(error).__name__}: {error}", _REASON)


def entry_of(record: Json) -> Entry:
    """Read a record of `postman_async.bulk.record`; what cannot be read of its run is noted."""
    try:
        return _entry(record, _map(record["run"]))
    except Exception as error:  # whatever it is, it is the matter of this entry alone
        bare = _entry(record, _NOTHING)
        return evolve(bare, notes=(*bare.notes, f"run: {reason_of(error)}"))


def _entry(record: Json, run: Json) -> Entry:
    info, stats = _map(run.get("info")), _map(run.get("stats"))
    steps, faults = _steps(run)
    elapsed = _number(record["elapsed"], None) or 0.0
    status = record["status"]
    return Entry(
        uid=_text(record["uid"]),
        name=_named(record["name"], _without_number(info.get("name")), record["uid"]),
        status=status if status in _STATUSES else "unknown",
        attempts=int(_number(record["attempts"], None) or 0),
        started_at=_moment(record["started_at"]),
        elapsed=elapsed,
        waited=min(_number(record["waited"], None) or 0.0, elapsed),
        reconciled=record["reconciled"] is True,
        word=_text(info.get("status")),
        job=_text(info.get("jobId")),
        assertions=_tally(stats.get("assertions"), _counted(steps)),
        requests=_tally(stats.get("requests"), Tally(len(steps), 0)),
        latency=_number(stats.get("responseLatency"), _mean(steps)),
        size=_number(stats.get("responseSize"), None),
        steps=steps,
        faults=(*_error(record["error"]), *faults),
        notes=tuple(map(_text, record.get("not_shown", ()))),
    )


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _error(error: Any) -> Iterator[Fault]:
    if error is not None:
        told = _map(error)
        yield Fault(_text(told.get("type")) or "Error", _text(told.get("message")))


def _steps(run: Json) -> tuple[tuple[Step, ...], tuple[Fault, ...]]:
    """Read the executions, each with its failures; a failure of none of them stands alone."""
    failures: dict[str, list[Json]] = {}
    for failure in _maps(run.get("failures")):
        failures.setdefault(_text(failure.get("executionId")), []).append(failure)
    steps = []
    for number, execution in enumerate(_maps(run.get("executions")), 1):
        own = failures.pop(_text(execution.get("id", number)), [])
        steps.append(_step(execution, number, own))
    alone = [failure for rest in failures.values() for failure in rest]
    return tuple(steps), tuple(_fault(failure) for failure in alone)


def _step(execution: Json, number: int, failures: list[Json]) -> Step:
    item, request = _map(execution.get("item")), _map(execution.get("request"))
    response = _map(execution.get("response"))
    checks, left = _with_messages(tuple(_checks(execution.get("assertions"))), failures)
    faults = [*map(_fault, _maps(execution.get("errors"))), *map(_fault, left)]
    return Step(
        name=_named(item.get("name"), f"Request {number}"),
        method=_text(request.get("method")),
        url=_url(request.get("url")),
        code=_text(response.get("code")),
        milliseconds=_number(response.get("responseTime"), None),
        size=_number(response.get("responseSize"), None),
        sent=_pairs(request.get("headers")),
        received=_pairs(response.get("headers")),
        checks=checks,
        faults=tuple(dict.fromkeys(faults)),
    )


def _checks(assertions: Any) -> Iterator[Check]:
    """Read assertions: a map of names, a list of objects or of such maps, or nothing."""
    if isinstance(assertions, Mapping):
        for name, result in assertions.items():
            yield _check(name, result)
    elif isinstance(assertions, list):
        for number, item in enumerate(assertions, 1):
            yield from _listed(item, number)


_NAMES = ("name", "assertion", "test", "title")
_RESULTS = ("passed", "success", "result", "status", "error", "failure", "skipped")


def _listed(item: Any, number: int) -> Iterator[Check]:
    if not isinstance(item, Mapping):
        # A list of names alone: which of them failed is told by the run's failures.
        named = isinstance(item, str)
        name = item if named else f"Assertion {number}"
        yield Check(name=name, passed=True if named else _truth(item))
        return
    names = [item[key] for key in _NAMES if isinstance(item.get(key), str)]
    if names:
        yield _check(names[0], item)
    elif any(key in item for key in _RESULTS):
        yield _check(f"Assertion {number}", item)
    else:
        yield from _checks(item)


def _check(name: str, result: Any) -> Check:
    if not isinstance(result, Mapping):
        return Check(name=name, passed=_truth(result))
    fault = result.get("error") or result.get("failure")
    told = fault if isinstance(fault, Mapping) else {}
    words = [key for key in ("passed", "success", "result", "status") if key in result]
    passed = _truth(result[words[0]]) if words else not fault
    if result.get("skipped") is True:
        passed = None
    message = told.get("message") or (fault if isinstance(fault, str) else result.get("message"))
    kind = _text(told.get("name")) or "AssertionError"
    passed = False if fault else passed
    return Check(name=name, passed=passed, message=_text(message), kind=kind)


_GOOD = frozenset({"true", "pass", "passed", "success", "ok"})
_SKIPPED = frozenset({"skip", "skipped", "pending", ""})


def _truth(result: Any) -> bool | None:
    """Judge an assertion's result: True, False, or None for one that was skipped."""
    if isinstance(result, bool) or result is None:
        return result
    if isinstance(result, int | float):
        return bool(result)
    word = str(result).lower()
    return None if word in _SKIPPED else word in _GOOD


def _with_messages(
    checks: tuple[Check, ...], failures: list[Json]
) -> tuple[tuple[Check, ...], list[Json]]:
    """Tell the checks what the failures say, add those that are missing, return the others."""
    told: dict[str, Json] = {}
    left: list[Json] = []
    for failure in failures:
        names = _failed_names(failure)
        told.update(dict.fromkeys(names, failure))
        left.extend([] if names else [failure])
    merged = [_told(check, told.pop(check.name, None)) for check in checks]
    merged += [_told(Check(name=name, passed=False), told[name]) for name in told]
    return tuple(merged), left


def _failed_names(failure: Json) -> list[str]:
    assertion = failure.get("assertion")
    if isinstance(assertion, Mapping):
        return [name for name, passed in assertion.items() if passed is not True]
    return [assertion] if isinstance(assertion, str) and assertion else []


def _told(check: Check, failure: Json | None) -> Check:
    if failure is None:
        return check
    fault = _fault(failure)
    return evolve(check, passed=False, message=check.message or fault.message, kind=fault.kind)


def _fault(failure: Json) -> Fault:
    return Fault(_text(failure.get("name")) or "Error", _text(failure.get("message")))


def _counted(steps: tuple[Step, ...]) -> Tally:
    checks = [check for step in steps for check in step.checks]
    return Tally(len(checks), sum(check.passed is False for check in checks))


def _mean(steps: tuple[Step, ...]) -> float | None:
    times = [step.milliseconds for step in steps if step.milliseconds is not None]
    return sum(times) / len(times) if times else None


def _tally(value: Any, otherwise: Tally) -> Tally:
    tally = _map(value)
    total, failed = (_number(tally.get(key), None) for key in ("total", "failed"))
    return otherwise if total is None else Tally(int(total), int(failed or 0))


def _number(value: Any, otherwise: float | None) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15
    return value if good else otherwise


def _map(value: Any) -> Json:
    return value if isinstance(value, Mapping) else _NOTHING


def _maps(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


def _without_number(name: Any) -> str:
    """Make a run's name, ``Checkout #56``, its monitor's: CI follows a name from run to run."""
    return _RUN_NUMBER.sub("", _text(name))


def _named(*candidates: Any) -> str:
    """Choose the first name that has something to see in it."""
    names = (_text(candidate) for candidate in candidates)
    return next((name for name in names if name.strip()), "unnamed")


def _url(value: Any) -> str:
    """Read a URL: a text, or Postman's object of its parts with the whole in ``raw``."""
    return _text(value.get("raw") or value) if isinstance(value, Mapping) else _text(value)


def _pairs(headers: Any) -> Pairs:
    """Read headers: a map by their names, or a list of key and value."""
    if isinstance(headers, Mapping):
        return tuple((name, _text(value)) for name, value in headers.items())
    named = [(h.get("key", h.get("name")), h.get("value")) for h in _maps(headers)]
    return tuple((_text(name), _text(value)) for name, value in named)
