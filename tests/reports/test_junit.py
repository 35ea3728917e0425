"""JUnit: readers accept it, its counts are those of its elements, nothing looks too good."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from postman_async import MonitorOutcome
from tests.reports.support import (
    HOSTILE,
    LISTS,
    MAP,
    execution,
    gone,
    hostile,
    one_of_each,
    rendered,
    run,
)
from tests.reports.support import outcome as made

RULES = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
KINDS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(*outcomes: MonitorOutcome, **options: Any) -> Element:
    """Write a report, hold it against the rules, and parse it."""
    text = rendered(list(outcomes), "junit", **options)
    RULES.validate(text)
    whole = ElementTree.fromstring(text)
    hold_counts(whole)
    hold_names(whole)
    return whole


def hold_counts(whole: Element) -> None:
    """Every count is that of the elements, in each suite and in the whole."""
    for holder in (whole, *whole.findall("testsuite")):
        assert int(holder.get("tests", "")) == len(holder.findall(".//testcase"))
        for attribute, kind in KINDS.items():
            if holder.get(attribute) is not None:
                assert int(holder.get(attribute, "")) == len(holder.findall(f".//{kind}"))


def hold_names(whole: Element) -> None:
    """No two suites, nor two cases of one, have one name; each case has one result at most."""
    assert len({suite.get("name") for suite in whole}) == len(whole)
    for suite in whole.findall("testsuite"):
        names = Counter(case.get("name") for case in suite.findall("testcase"))
        assert set(names.values()) == {1}
        assert all(len(case) <= 1 for case in suite.findall("testcase"))


def results(suite: Element) -> dict[str | None, str]:
    """Give each case of a suite by its name, and what became of it."""
    cases = suite.findall("testcase")
    return {case.get("name"): case[0].tag if len(case) else "passed" for case in cases}


def test_each_outcome_has_its_suite_and_each_assertion_its_case() -> None:
    suites = junit(*one_of_each()).findall("testsuite")
    assert {suite.get("name"): results(suite) for suite in suites} == {
        "Checkout": {"Request 1: ok": "passed"},
        "Search": {
            "Request 1: Status code is 200": "passed",
            "Request 1: Status code is 201": "failure",
        },
        "Login": {"Request 1: ok": "passed", "Request 2: Error": "error"},
        "Gone": {"run: NotFoundError": "error"},
        "Late": {"run: CallTimeoutError": "error"},
        "1-monitor-5": {"run": "skipped"},
    }


def test_messages_are_told_in_short_and_in_full() -> None:
    failure = junit(one_of_each()[1]).find(".//failure")
    assert failure is not None
    assert failure.attrib == {"type": "AssertionError", "message": "expected 200 to equal 201"}
    where = "GET https://api.example.com/orders?token=[redacted]&page=2 200"
    assert failure.text == f"expected 200 to equal 201\n{where}"


def test_errors_and_unknown_outcomes_are_told_apart() -> None:
    whole = junit(made("error", error=gone()), one_of_each()[4], made("unknown"))
    types = [error.get("type") for error in whole.iter("error")]
    assert types == ["NotFoundError", "unknown: CallTimeoutError", "unknown"]


def test_times_are_seconds_without_the_wait() -> None:
    whole = junit(*one_of_each())
    assert whole.get("time") == "5.5"  # on the clock: five began a second apart, of 1.5 s each
    search = whole.findall("testsuite")[1]
    assert (search.get("time"), search.get("timestamp")) == ("1.5", "2026-01-31T12:00:01")
    assert [case.get("time") for case in search.findall("testcase")] == ["0.125", "0.125"]


def test_what_the_outcome_knows_besides_is_in_properties() -> None:
    found = {p.get("name"): p.get("value") for p in junit(one_of_each()[1]).iter("property")}
    assert found == {
        "uid": "1-monitor-1",
        "outcome": "failed",
        "attempts": "1",
        "waited": "0.500",
        "job": "job-1",
    }


@pytest.mark.parametrize("shape", [MAP, *LISTS.values()], ids=["map", *LISTS])
def test_every_shape_of_assertions_gives_the_same_cases(shape: Any) -> None:
    whole = junit(made("failed", run("failed", execution(assertions=shape))))
    assert list(results(whole[0]).values()) == ["passed", "failure"]


@pytest.mark.parametrize("status", ["passed", "failed", "error", "unknown"])
def test_without_assertions_the_run_itself_is_the_case(status: Any) -> None:
    whole = junit(made(status, {"info": {"status": "new"}}))
    kind = {"passed": "passed", "failed": "failure"}.get(status, "error")
    assert results(whole[0]) == {"run": kind}


def test_names_that_come_twice_get_numbers() -> None:
    twice = [{"name": "ok", "passed": True}, {"name": "ok", "passed": False}]
    whole = junit(made("failed", run("failed", execution(assertions=twice))))
    assert results(whole[0]) == {"Request 1: ok": "passed", "Request 1: ok (2)": "failure"}


def test_monitors_of_one_name_stay_apart_for_readers_that_go_by_names() -> None:
    whole = junit(*(made(status, name="Checkout") for status in ("failed", "passed")))
    assert [suite.get("name") for suite in whole] == ["Checkout", "Checkout (2)"]
    assert [case.get("classname") for case in whole.iter("testcase")] == [
        "Checkout",
        "Checkout (2)",
    ]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_do_no_harm(text: str) -> None:
    whole = junit(hostile(text), title=text or "-")
    assert whole.get("failures") == "1"
    assert {element.tag for element in whole.iter()} == {
        *("testsuites", "testsuite", "properties", "property", "testcase", "failure", "error"),
    }
    assert max(len(case.get("name", "")) for case in whole.iter("testcase")) < 400


@given(st.text(st.characters(codec=None, exclude_categories=())))
@settings(max_examples=50)
def test_any_text_gives_a_file_that_readers_accept(text: str) -> None:
    junit(hostile(text))


def test_nothing_run_is_a_report_too() -> None:
    whole = junit()
    assert (whole.get("tests"), len(whole)) == ("0", 0)
