"""What reports read from a run, whatever the service sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.bulk.record import to_record
from postman_async.reports.entries import Check, Entry, Problem, Tally, entry_of
from tests.reports.support import LISTS, MAP, execution, gone, one_of_each, run
from tests.reports.support import outcome as made

STATUSES = ["passed", "failed", "error", "unknown", "skipped"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def maps(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    """Give maps with some of the keys that are looked at, and any values."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, json_values))


assertions = json_values | st.lists(
    maps("name", "assertion", "passed", "error", "skipped", "status", "message") | json_values,
    max_size=3,
)
executions = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values,
        "item": maps("name") | json_values,
        "request": maps("method", "url", "headers") | json_values,
        "response": maps("code", "responseTime", "responseSize", "headers") | json_values,
        "assertions": assertions,
        "errors": st.lists(maps("name", "message"), max_size=2) | json_values,
    },
)
odd_runs = st.fixed_dictionaries(
    {"info": maps("name", "status", "jobId") | json_values},
    optional={
        "stats": maps("assertions", "requests", "responseLatency") | json_values,
        "executions": st.lists(executions | json_values, max_size=3) | json_values,
        "failures": st.lists(maps("executionId", "name", "message", "assertion"), max_size=3)
        | json_values,
    },
)


def entry(status: Any = "passed", run: Any = None, **more: Any) -> Entry:
    return entry_of(to_record(made(status, run, **more)))


def checks(assertions: Any, **parts: Any) -> tuple[Check, ...]:
    return entry("failed", run("failed", execution(assertions=assertions), **parts)).steps[0].checks


@given(st.sampled_from(STATUSES), odd_runs | json_values)
def test_no_answer_of_the_service_stops_a_report(status: Any, odd: Any) -> None:
    record = to_record(made(status, None)) | {"run": odd}
    read = entry_of(record)
    assert read.status == status
    json.dumps([list(read.all_problems()), [step.name for step in read.steps]])


@given(st.sampled_from(["failed", "error", "unknown"]), odd_runs | json_values)
def test_an_entry_never_looks_better_than_its_outcome(status: Any, odd: Any) -> None:
    assert list(entry_of(to_record(made(status, None)) | {"run": odd}).all_problems())


@pytest.mark.parametrize("shape", [MAP, *LISTS.values()], ids=["map", *LISTS])
def test_assertions_are_read_from_a_map_and_from_lists(shape: Any) -> None:
    assert [(check.name, check.passed) for check in checks(shape)] == [
        ("Status code is 200", True),
        ("Body has an id", False),
    ]


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ("none", []),
        (7, []),
        (["a", "b"], [("a", True), ("b", True)]),
        (
            [True, False, None],
            [("Assertion 1", True), ("Assertion 2", False), ("Assertion 3", None)],
        ),
        ([{"passed": False}], [("Assertion 1", False)]),
        ([{"name": "a", "skipped": True}], [("a", None)]),
        ([{"name": "a", "status": "skipped"}], [("a", None)]),
        ([{"name": "a", "passed": True, "error": "no"}], [("a", False)]),
        ({"a": "passed", "b": "failed", "c": 1, "d": 0}, [("a", 1), ("b", 0), ("c", 1), ("d", 0)]),
        ({"a": {"passed": True}, "b": {"error": {"message": "x"}}}, [("a", True), ("b", False)]),
    ],
)
def test_odd_assertions_are_judged_with_care(shape: Any, found: list[Any]) -> None:
    assert [(check.name, check.passed) for check in checks(shape)] == found


@pytest.mark.parametrize("shape", [MAP, ["Status code is 200", "Body has an id"], None])
def test_failures_give_their_message_to_their_assertion(shape: Any) -> None:
    """Also where the execution has names alone, or no assertions at all."""
    failure = {
        "executionId": 1,
        "name": "AssertionError",
        "message": "no id",
        "assertion": {"Body has an id": False},
    }
    read = checks(shape, failures=[failure])
    assert read[-1] == Check(name="Body has an id", passed=False, message="no id")


def test_an_error_that_is_told_twice_is_read_once() -> None:
    fault = {"name": "TypeError", "message": "x is undefined"}
    read = entry(
        "error", run("error", execution(errors=[fault]), failures=[{"executionId": 1, **fault}])
    )
    assert read.steps[0].problems == (Problem("TypeError", "x is undefined"),)


def test_a_failure_of_no_execution_stands_alone() -> None:
    read = entry("error", run("error", failures=[{"executionId": 9, "message": "gone"}]))
    assert read.problems == (Problem("Error", "gone"),)


def test_figures_come_from_the_run_and_else_from_its_requests() -> None:
    told = run("failed", execution(assertions=MAP), execution(2))
    assert entry("failed", told).assertions == Tally(2, 1)
    del told["stats"]
    read = entry("failed", told)
    assert (read.assertions, read.requests, read.latency) == (Tally(2, 1), Tally(2, 0), 250)
    assert entry("skipped").latency is None


def test_the_wait_for_the_limit_is_no_part_of_the_run() -> None:
    read = entry("passed", run("success"), waited=2.0)
    assert (read.elapsed, read.waited, read.run_time) == (3.5, 2.0, 1.5)


def test_a_monitor_is_called_by_its_name_else_by_its_runs_else_by_its_uid() -> None:
    assert entry("passed", run("success"), name="Checkout").name == "Checkout"
    assert entry("passed", run("success"), name=None).name == "Checkout"
    assert entry("skipped", name=None).name == "1-monitor-0"


def test_headers_and_urls_are_read_from_objects_and_lists() -> None:
    request = {
        "method": "GET",
        "url": {"raw": "https://example.com/a", "host": ["example", "com"]},
        "headers": [{"key": "Accept", "value": "*/*"}, {"name": "X", "value": 3}, "odd"],
    }
    step = entry("passed", run("success", execution(request=request))).steps[0]
    assert step.url == "https://example.com/a"
    assert step.sent == (("Accept", "*/*"), ("X", "3"))


def test_what_is_wrong_is_told_with_errors_first() -> None:
    told = {o.uid: list(entry_of(to_record(o)).all_problems()) for o in one_of_each()}
    assert list(told.values()) == [
        [],
        [("Request 1", "Status code is 201", "expected 200 to equal 201")],
        [("Request 2", "Error", "connect ECONNREFUSED 127.0.0.1:9")],
        [("", "NotFoundError", str(gone()))],
        [("", "CallTimeoutError", "POST /monitors/1-m/run: the deadline of 300 s has passed")],
        [],
    ]


@pytest.mark.parametrize(
    ("status", "run", "told"),
    [
        ("failed", {"info": {"status": "failed"}}, "the run failed"),
        ("error", {"info": {"status": "aborted"}}, "the run ended with the status aborted"),
        ("unknown", {"info": {"status": "running"}}, "no result: the run's status is running"),
        ("unknown", None, "no result: the run's status is not known"),
        (
            "failed",
            {"info": {}, "stats": {"assertions": {"total": 7, "failed": 3}}},
            "3 of 7 assertions failed",
        ),
    ],
)
def test_what_nothing_else_shows_is_told_by_the_verdict(status: Any, run: Any, told: str) -> None:
    verdict = entry(status, run).verdict
    assert verdict is not None
    assert verdict.message == told
