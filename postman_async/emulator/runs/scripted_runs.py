"""Results of scripted runs: no request is sent, the script determines the result.

A synthesized result has the documented shape, and its statistics are consistent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from attrs import asdict, frozen

from postman_async.emulator.arguments import check
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.state.ids import iso

__all__ = ["Outcome", "RunScript", "sent_requests"]

Json: TypeAlias = dict[str, Any]
Outcome: TypeAlias = Literal["passed", "failed", "error"]

_STATUS = {"passed": "success", "failed": "failed", "error": "error"}
_HINTS: Mapping[str, Any] = {
    "outcome": Literal["passed", "failed", "error"],
    "duration": float,
    "requests": int,
    "assertions": int,
    "failed_assertions": int,
}
_MAX_SECONDS = 100 * 366 * 86_400.0  # a century, as far as the clock can be advanced at once
_MAX_COUNT = 100_000
_BODY_BYTES = 298
_NO_ANSWER = {"name": "Error", "message": "connect ECONNREFUSED 127.0.0.1:9"}


@frozen
class RunScript:
    """The result that each run of a scripted monitor has.

    Attributes:
        outcome: ``passed``; ``failed`` (assertions fail); ``error`` (the last request gets no
            answer).
        duration: seconds from the start to the end of a run.
        requests: the number of requests of a run, at least 1.
        assertions: the number of assertions of a run.
        failed_assertions: the number of assertions that fail.
        run: a whole result, used instead of a synthesized one.
    """

    outcome: str = "passed"
    duration: float = 0.0
    requests: int = 1
    assertions: int = 1
    failed_assertions: int = 0
    run: Json | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse values that are out of range or contradict each other."""
        for name, hint in _HINTS.items():
            check(name, getattr(self, name), hint)
        if not 0 <= self.duration <= _MAX_SECONDS:
            raise EmulatorError(f"duration is 0 to {_MAX_SECONDS:g} seconds, not {self.duration!r}")
        if not 1 <= self.requests <= _MAX_COUNT:
            raise EmulatorError(f"requests: a run has 1 to {_MAX_COUNT:,}, not {self.requests}")
        if not 0 <= self.assertions <= _MAX_COUNT:
            raise EmulatorError(f"assertions: a run has 0 to {_MAX_COUNT:,}, not {self.assertions}")
        if not 0 <= self.failed_assertions <= self.assertions:
            raise EmulatorError("failed_assertions: a run fails no more than it asserts")
        if (self.outcome == "failed") != (self.failed_assertions > 0) and self.outcome != "error":
            raise EmulatorError("outcome: a run is failed exactly when assertions of it fail")

    @classmethod
    def of(
        cls, outcome: str, duration: float, requests: int, assertions: int, failed: int | None
    ) -> RunScript:
        """Return a script; ``failed=None`` sets the number of failing assertions by the outcome."""
        if failed is None:
            check("assertions", assertions, int)
            alone = outcome == "error" and requests == 1
            failed = assertions if alone else int(outcome == "failed")
        return cls(outcome, duration, requests, assertions, failed)

    def to_json(self) -> Json:
        """Return the script as JSON, for the facts of a monitor."""
        return asdict(self)

    def result(self, items: list[Json], started: datetime) -> Json:
        """Return the body of a run without its info: status, stats, executions, failures."""
        executions = [self._execution(number, items, started) for number in range(self.requests)]
        failures: list[Json] = []
        self._assert(executions, failures)
        if self.outcome == "error":
            _break(executions[-1], failures)
        return {
            "status": _STATUS[self.outcome],
            "stats": self._stats(executions, failures),
            "executions": executions,
            "failures": failures,
        }

    def _execution(self, number: int, items: list[Json], started: datetime) -> Json:
        share = self.duration / self.requests
        item = items[number % len(items)]
        return {
            "id": number + 1,
            "item": {"id": item["id"], "name": item["name"]},
            "request": {
                "method": item["method"],
                "url": item["url"],
                "headers": {"accept": "*/*", "accept-encoding": "gzip, deflate"},
                "body": {"contentLength": 0, "mode": "formdata"},
                "timestamp": iso(started + timedelta(seconds=share * number)),
            },
            "response": {
                "code": 200,
                "headers": {"content-type": "application/json"},
                "body": {"contentLength": _BODY_BYTES},
                "responseTime": round(share * 1000),
                "responseSize": _BODY_BYTES,
            },
        }

    def _assert(self, executions: list[Json], failures: list[Json]) -> None:
        # The request without an answer has no assertions, unless it is the only one.
        answered = len(executions) - (self.outcome == "error" and len(executions) > 1)
        for number in range(self.assertions):
            execution = executions[number % answered]
            name = f"Check {number + 1}" if number else "Status code is 200"
            passed = number >= self.failed_assertions
            execution.setdefault("assertions", {})[name] = passed
            if not passed:
                failures.append(_failure(execution["id"], name))

    def _stats(self, executions: list[Json], failures: list[Json]) -> Json:
        responses = [e["response"] for e in executions if "response" in e]
        latency = sum(r["responseTime"] for r in responses) / max(1, len(responses))
        return {
            "assertions": {"total": self.assertions, "failed": self.failed_assertions},
            "requests": {
                "total": len(executions),
                "failed": len({failure["executionId"] for failure in failures}),
            },
            "runCount": 1,
            "errorCount": int(self.outcome == "error"),
            "abortedCount": 0,
            "responseLatency": round(latency),
            "responseSize": sum(r["responseSize"] for r in responses),
        }


def _failure(execution: int, assertion: str) -> Json:
    return {
        "executionId": execution,
        "name": "AssertionError",
        "message": f"Expected '{assertion}' to be truthy",
        "assertion": {assertion: False},
    }


def _break(execution: Json, failures: list[Json]) -> None:
    """Remove the response of an execution, and add the failure."""
    del execution["response"]
    execution["errors"] = [dict(_NO_ANSWER)]
    failures.append({"executionId": execution["id"], **_NO_ANSWER})


def sent_requests(collection: Mapping[str, Any]) -> list[Json]:
    """Return id, name, method and URL of a collection's requests, in order; at least one."""
    found: list[Json] = []
    stack = list(reversed(collection["item"]))
    while stack:
        item = stack.pop()
        if "item" in item:
            stack.extend(reversed(item["item"] or []))
        else:
            found.append(_request(item))
    return found or [{"id": "", "name": "Request", "method": "GET", "url": ""}]


def _request(item: Mapping[str, Any]) -> Json:
    request = item.get("request")
    details: Mapping[str, Any] = request if isinstance(request, dict) else {"url": request}
    url = details.get("url")
    if isinstance(url, dict):
        url = url.get("raw")
    return {
        "id": item["id"],
        "name": str(item.get("name") or ""),
        "method": str(details.get("method") or "GET"),
        "url": str(url or ""),
    }
