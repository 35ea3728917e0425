"""The requests of a run, with their assertions and problems, read from its executions.

The assertions of an execution come in several shapes; see `_read_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from postman_async.reports.values import (
    Json,
    Pairs,
    first_name,
    read_headers,
    read_map,
    read_maps,
    read_number,
    read_text,
    read_url,
)

__all__ = ["Check", "Problem", "Step", "read_steps"]


@frozen
class Problem:
    """An error besides failed assertions: its kind, and a message for people."""

    kind: str
    message: str


@frozen(kw_only=True)
class Check:
    """An assertion.

    Attributes:
        name: its name.
        passed: whether it held; None when it was skipped.
        message: why it did not hold.
        kind: the kind of failure, such as ``AssertionError``.

    """

    name: str
    passed: bool | None
    message: str = ""
    kind: str = "AssertionError"


@frozen(kw_only=True)
class Step:
    """One request of a run.

    Attributes:
        name: the name of the request.
        method: the HTTP method.
        url: the URL.
        code: the status code of the response.
        milliseconds: the time of the response, or None.
        size: the bytes of the response, or None.
        sent: the headers of the request.
        received: the headers of the response.
        checks: the assertions.
        problems: the errors of the request and its scripts.

    """

    name: str
    method: str = ""
    url: str = ""
    code: str = ""
    milliseconds: float | None = None
    size: float | None = None
    sent: Pairs = ()
    received: Pairs = ()
    checks: tuple[Check, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_steps(run: Json) -> tuple[tuple[Step, ...], tuple[Problem, ...]]:
    """Read the executions of a run, each with its failures.

    Returns:
        The steps, and the failures that belong to no execution.

    """
    failures: dict[str, list[Json]] = {}
    for failure in read_maps(run.get("failures")):
        failures.setdefault(read_text(failure.get("executionId")), []).append(failure)
    steps = []
    for number, execution in enumerate(read_maps(run.get("executions")), 1):
        own = failures.pop(read_text(execution.get("id", number)), [])
        steps.append(_read_step(execution, number, own))
    others = [failure for rest in failures.values() for failure in rest]
    return tuple(steps), tuple(map(_read_problem, others))


def _read_step(execution: Json, number: int, failures: list[Json]) -> Step:
    item, request = read_map(execution.get("item")), read_map(execution.get("request"))
    response = read_map(execution.get("response"))
    assertions = tuple(_read_checks(execution.get("assertions")))
    checks, others = _merge_failures(assertions, failures)
    problems = [*map(_read_problem, read_maps(execution.get("errors")))]
    problems += map(_read_problem, others)
    return Step(
        name=first_name(item.get("name"), f"Request {number}"),
        method=read_text(request.get("method")),
        url=read_url(request.get("url")),
        code=read_text(response.get("code")),
        milliseconds=read_number(response.get("responseTime")),
        size=read_number(response.get("responseSize")),
        sent=read_headers(request.get("headers")),
        received=read_headers(response.get("headers")),
        checks=checks,
        problems=tuple(dict.fromkeys(problems)),
    )


def _read_problem(failure: Json) -> Problem:
    return Problem(read_text(failure.get("name")) or "Error", read_text(failure.get("message")))


# -- assertions ------------------------------------------------------------------------------

_NAMES = ("name", "assertion", "test", "title")
_VERDICTS = ("passed", "success", "result", "status")
_RESULTS = (*_VERDICTS, "error", "failure", "skipped")
_PASSED = frozenset({"true", "pass", "passed", "success", "ok"})
_SKIPPED = frozenset({"skip", "skipped", "pending", ""})


def _read_checks(assertions: Any) -> Iterator[Check]:
    """Read assertions: a mapping of names to results, a list of objects or of such mappings."""
    if isinstance(assertions, Mapping):
        for name, result in assertions.items():
            yield _read_check(name, result)
    elif isinstance(assertions, list):
        for number, item in enumerate(assertions, 1):
            yield from _read_item(item, number)


def _read_item(item: Any, number: int) -> Iterator[Check]:
    if not isinstance(item, Mapping):
        # In a list of names, those that failed are known by the failures of the run.
        is_name = isinstance(item, str)
        name = item if is_name else f"Assertion {number}"
        yield Check(name=name, passed=True if is_name else _read_verdict(item))
        return
    names = [item[key] for key in _NAMES if isinstance(item.get(key), str)]
    if names:
        yield _read_check(names[0], item)
    elif any(key in item for key in _RESULTS):
        yield _read_check(f"Assertion {number}", item)
    else:
        yield from _read_checks(item)


def _read_check(name: str, result: Any) -> Check:
    if not isinstance(result, Mapping):
        return Check(name=name, passed=_read_verdict(result))
    error = result.get("error") or result.get("failure")
    details = read_map(error)
    keys = [key for key in _VERDICTS if key in result]
    passed = _read_verdict(result[keys[0]]) if keys else not error
    if result.get("skipped") is True:
        passed = None
    message = details.get("message") or (error if isinstance(error, str) else result.get("message"))
    return Check(
        name=name,
        passed=False if error else passed,
        message=read_text(message),
        kind=read_text(details.get("name")) or "AssertionError",
    )


def _read_verdict(result: Any) -> bool | None:
    """Return whether an assertion passed, or None for one that was skipped."""
    if isinstance(result, bool) or result is None:
        return result
    if isinstance(result, int | float):
        return bool(result)
    word = str(result).lower()
    return None if word in _SKIPPED else word in _PASSED


def _merge_failures(
    checks: tuple[Check, ...], failures: list[Json]
) -> tuple[tuple[Check, ...], list[Json]]:
    """Add what the failures of an execution say to its assertions.

    Returns:
        The assertions, those included that only a failure names, and the other failures.

    """
    by_name: dict[str, Json] = {}
    others: list[Json] = []
    for failure in failures:
        names = _failed_names(failure)
        by_name.update(dict.fromkeys(names, failure))
        others.extend([] if names else [failure])
    merged = [_with_failure(check, by_name.pop(check.name, None)) for check in checks]
    merged += [_with_failure(Check(name=n, passed=False), f) for n, f in by_name.items()]
    return tuple(merged), others


def _failed_names(failure: Json) -> list[str]:
    assertion = failure.get("assertion")
    if isinstance(assertion, Mapping):
        return [name for name, passed in assertion.items() if passed is not True]
    return [assertion] if isinstance(assertion, str) and assertion else []


def _with_failure(check: Check, failure: Json | None) -> Check:
    if failure is None:
        return check
    problem = _read_problem(failure)
    return evolve(check, passed=False, message=check.message or problem.message, kind=problem.kind)
