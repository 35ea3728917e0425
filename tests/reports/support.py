"""Outcomes to report on: one of each kind, and some that nobody would wish for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from postman_async import (
    CallTimeoutError,
    MonitorOutcome,
    MonitorRun,
    NotFoundError,
    PostmanError,
    from_dict,
    render_report,
)
from postman_async.bulk.outcome import OutcomeStatus
from postman_async.errors import Answer
from postman_async.reports import ReportFormat

BEGAN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

MAP = {"Status code is 200": True, "Body has an id": False}
LISTS: Mapping[str, list[Any]] = {
    "name and passed": [
        {"name": "Status code is 200", "passed": True},
        {"name": "Body has an id", "passed": False, "error": {"name": "E", "message": "no id"}},
    ],
    "assertion and error": [
        {"assertion": "Status code is 200", "error": None},
        {"assertion": "Body has an id", "error": {"name": "E", "message": "no id"}},
    ],
    "assertion, skipped and error": [
        {"assertion": "Status code is 200", "skipped": False},
        {"assertion": "Body has an id", "skipped": False, "error": {"name": "E", "message": "m"}},
    ],
    "test and status": [
        {"test": "Status code is 200", "status": "passed"},
        {"test": "Body has an id", "status": "failed"},
    ],
    "one map each": [{"Status code is 200": True}, {"Body has an id": False}],
    "message alone": [
        {"name": "Status code is 200", "passed": True},
        {"name": "Body has an id", "passed": False, "message": "no id"},
    ],
}
"""The shapes in which a list of assertions comes, each with the same two as `MAP`."""

HOSTILE: Mapping[str, str] = {
    "a script": "<script>window.pwned = 1</script><img src=x onerror='window.pwned=1'>",
    "the end of a CDATA section": "]]><!-- --><![CDATA[ x",
    "the end of a script": "</script><script>window.pwned = 1</script><!--<script>",
    "controls": "a\x00b\x01\x08\x0b\x1b[31mred\x7f\x85c\ufffe\uffff\U0001fffe",
    "surrogates": "\ud800 alone \udfff",
    "directions": "user\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "line ends": "a\u2028b\u2029c\r\nd\re\nf\tg",
    "Markdown": "|a|b|\\|`x``y`**b**__c__~~d~~[e](javascript:f)![g](h) $i$ <b>j</b> &amp; &#124;",
    "quotes": "\"double\" 'single' `back` &lt; %s {{ 7*7 }} {% raw %} ${x}",
    "10 kB": "x" * 10_000,
    "nothing": "",
    "white": "  \t\n ",
    "many writings": "שלום ‏عربي 日本語 👩‍👩‍👧 é",
}
"""Names and messages by what is nasty about them."""


def execution(number: int = 1, **parts: Any) -> dict[str, Any]:
    """Make an execution that went well."""
    return {
        "id": number,
        "item": {"id": f"item-{number}", "name": f"Request {number}"},
        "request": {
            "method": "GET",
            "url": "https://api.example.com/orders?token=t0psecret&page=2",
            "headers": {"Authorization": "Bearer t0psecret", "Accept": "*/*", "X-Api-Key": "t0p"},
            "body": {"contentLength": 0, "mode": "raw"},
            "timestamp": "2026-01-31T12:00:00.000Z",
        },
        "response": {
            "code": 200,
            "headers": {"Set-Cookie": "sid=t0psecret", "Content-Type": "application/json"},
            "body": {"contentLength": 20},
            "responseTime": 250,
            "responseSize": 20,
        },
        **parts,
    }


def run(status: str, *executions: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Make a run as the service writes it; its figures are counted from maps of assertions."""
    maps = [e["assertions"] for e in executions if isinstance(e.get("assertions"), Mapping)]
    results = [result for assertions in maps for result in assertions.values()]
    return {
        "info": {"monitorId": "m", "jobId": "job-1", "name": "Checkout #7", "status": status},
        "stats": {
            "assertions": {"total": len(results), "failed": results.count(False)},
            "requests": {"total": len(executions), "failed": 0},
        },
        "executions": list(executions),
        **parts,
    }


def outcome(
    status: OutcomeStatus = "passed",
    run: Any = None,
    error: PostmanError | None = None,
    *,
    name: str | None = "Checkout",
    index: int = 0,
    waited: float = 0.0,
) -> MonitorOutcome:
    """Make an outcome that began ``index`` seconds after `BEGAN` and took 1.5 s and its wait."""
    asked = status != "skipped"
    return MonitorOutcome(
        uid=f"1-monitor-{index}",
        name=name,
        index=index,
        status=status,
        run=from_dict(run, MonitorRun),
        error=error,
        attempts=int(asked),
        started_at=BEGAN + timedelta(seconds=index) if asked else None,
        elapsed=1.5 + waited if asked else 0.0,
        waited=waited,
    )


def gone() -> PostmanError:
    """Make the error of a monitor that is not there."""
    call, answer = "POST /monitors/1-m/run", Answer(404, {}, b"")
    return NotFoundError(call, answer, name="instanceNotFoundError", message="no such monitor")


def one_of_each() -> list[MonitorOutcome]:
    """Make six outcomes: passed, failed, a run with an error, no run, unknown and skipped."""
    fault = {"name": "Error", "message": "connect ECONNREFUSED 127.0.0.1:9"}
    silent = {k: v for k, v in execution(2, errors=[fault]).items() if k != "response"}
    failure = {
        "executionId": 1,
        "name": "AssertionError",
        "message": "expected 200 to equal 201",
        "assertion": {"Status code is 201": False},
    }
    late = CallTimeoutError("POST /monitors/1-m/run", "the deadline of 300 s has passed")
    checks = {"Status code is 200": True, "Status code is 201": False}
    return [
        outcome("passed", run("success", execution(assertions={"ok": True}), execution(2))),
        outcome(
            "failed",
            run("failed", execution(assertions=checks), failures=[failure]),
            name="Search",
            index=1,
            waited=0.5,
        ),
        outcome(
            "error",
            run("error", execution(assertions={"ok": True}), silent, failures=[]),
            name="Login",
            index=2,
        ),
        outcome("error", error=gone(), name="Gone", index=3),
        outcome("unknown", error=late, name="Late", index=4),
        outcome("skipped", name=None, index=5),
    ]


def hostile(text: str) -> MonitorOutcome:
    """Put a text wherever the service, or who wrote a collection, could put one."""
    at = execution(
        item={"id": text, "name": text},
        request={"method": text, "url": text, "headers": {text: text}},
        response={"code": text, "headers": {text: text}, "responseTime": text},
        assertions={text: False, f"{text} ok": True},
        errors=[{"name": text, "message": text}],
    )
    failure = {"executionId": 1, "name": text, "message": text, "assertion": {text: False}}
    made = run("failed", at, failures=[failure, {"executionId": text, "message": text}])
    made["info"] |= {"name": text, "jobId": text}
    return outcome("failed", made, name=text)


def rendered(outcomes: list[MonitorOutcome], format: ReportFormat, **options: Any) -> str:
    """Give a whole report as text."""
    return "".join(render_report(outcomes, format, **options))
