"""What one outcome holds is at most its own entry's problem, in every format.

Each bad outcome stands between two good ones.  The report is whole, its verdict is there, and what
could not be shown of it is noted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn
from xml.etree import ElementTree

import msgspec
import orjson
import pytest
from attrs import evolve

from postman_async import MonitorOutcome, MonitorRun, PostmanError
from postman_async.engine.data.convert import reader
from postman_async.engine.data.plan import Document, RawJson
from postman_async.reports import FORMATS, ReportFormat
from postman_async.reports.formats import html, junit, markdown
from postman_async.reports.redact import MAX_DEPTH, NOT_SHOWN, redacted
from tests.reports.support import execution, hostile, one_of_each, rendered, run
from tests.reports.support import outcome as made
from tests.reports.test_json_report import RULES

LEVELS = (540, 980, 9_000, 100_000)


def objects(levels: int) -> Any:
    """Nest objects."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def lists(levels: int) -> Any:
    """Nest lists."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def raises(_: object) -> NoReturn:
    """Stand for a part of a large answer that turns out to be damaged when it is looked at."""
    raise ValueError("1e999 is too large a number")


def damaged() -> dict[str, Any]:
    return Document({**failed(), "executions": RawJson(b"[1e999]", raises)})


def failed(**parts: Any) -> dict[str, Any]:
    return run("failed", execution(assertions={"ok": False, "fine": True}), **parts)


def within_itself() -> Any:
    value: dict[str, Any] = {}
    value["me"] = value
    return value


def of(document: Mapping[str, Any]) -> MonitorOutcome:
    """Make a failed outcome of a document, as it is read off the wire: without a copy."""
    return evolve(made("failed", name="Bad"), run=reader(MonitorRun)(document))


def with_part(name: str, nested: Callable[[int], Any], levels: int) -> MonitorOutcome:
    return of(failed(**{name: nested(levels)}))


BAD: Mapping[str, Callable[[], MonitorOutcome]] = {
    "a part that raises when it is read": lambda: of(damaged()),
    **{f"objects {levels} deep": partial(with_part, "deep", objects, levels) for levels in LEVELS},
    **{
        f"lists {levels} deep": partial(with_part, "executions", lists, levels) for levels in LEVELS
    },
    "a deep name of a failure": lambda: of(
        failed(failures=[{"executionId": 1, "name": objects(540), "message": lists(980)}])
    ),
    "itself": lambda: of(failed(odd=within_itself())),
    "an integer of 5,000 digits": lambda: of(failed(odd=10**5_000)),
    "what is no JSON": lambda: of(failed(odd=[b"x", {1}])),
}

STRANGE: Mapping[str, Callable[[], MonitorOutcome]] = {
    "halves of surrogate pairs": lambda: hostile("\ud800 x \udfff \ud83d"),
    "what XML forbids": lambda: hostile("a\0b\x0b\x1f\ufffe\uffff"),
    "numbers that no float holds": lambda: of(failed(odd=[float("inf"), float("nan"), 10**400])),
    "10 MB": lambda: of(failed(failures=[{"executionId": 1, "message": "x" * 10_000_000}])),
}


ALL = {**BAD, **STRANGE}


def report(bad: MonitorOutcome, format: ReportFormat) -> str:
    """Write a report of a bad outcome between two good ones, as bytes that all can read."""
    good = made("passed", run("success"), name="Good")
    text = rendered([good, bad, evolve(good, name="Better")], format)
    assert text.encode("utf-8").decode("utf-8") == text
    assert "Good" in text
    assert "Better" in text
    return text


def test_parts_of_it() -> None:
    """The helpers make what they say."""
    with pytest.raises(ValueError, match="1e999"):
        _ = of(damaged()).run.executions  # type: ignore[union-attr]
    with pytest.raises(RecursionError):
        json.dumps(objects(100_000))


@pytest.mark.parametrize("name", ALL)
def test_json_is_whole_and_every_reader_takes_it(name: str) -> None:
    text = report(ALL[name](), "json")
    document = json.loads(text)
    RULES.validate(document)
    assert orjson.loads(text)["summary"] == msgspec.json.decode(text)["summary"]
    assert document["summary"]["outcomes"]["failed"] == 1
    assert [o["status"] for o in document["outcomes"]] == ["passed", "failed", "passed"]
    assert ("not_shown" in document["outcomes"][1]) == (name in BAD)


@pytest.mark.parametrize("name", ALL)
def test_each_line_of_jsonl_is_a_record(name: str) -> None:
    text = report(ALL[name](), "jsonl")
    records = [orjson.loads(line) for line in text.splitlines()]
    assert [record["status"] for record in records] == ["passed", "failed", "passed"]


@pytest.mark.parametrize("name", ALL)
def test_junit_is_whole(name: str) -> None:
    root = ElementTree.fromstring(report(ALL[name](), "junit"))
    good, bad, better = root
    assert [suite.get("failures") for suite in (good, bad, better)] == ["0", "1", "0"]
    notes = [p.get("value") for p in bad.iter("property") if p.get("name") == "not shown"]
    assert bool(notes) == (name in BAD)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("format", ["html", "markdown"])
def test_people_see_the_verdict_and_what_is_not_shown(name: str, format: Any) -> None:
    text = report(ALL[name](), format)
    assert "1 of 3 monitors did not pass" in text
    assert ("not shown: " if format == "markdown" else "<dt>Not shown</dt>") in text or (
        name in STRANGE
    )
    assert len(text) < 100_000


def test_what_can_be_shown_beside_it_is_shown() -> None:
    outcome = json.loads(report(of(damaged()), "json"))["outcomes"][1]
    assert outcome["not_shown"] == ["run.executions: ValueError: 1e999 is too large a number"]
    assert outcome["run"]["executions"] == NOT_SHOWN
    assert outcome["run"]["stats"] == failed()["stats"]
    assert "1 of 2 assertions failed" in report(of(damaged()), "junit")


def test_a_secret_in_a_note_is_none() -> None:
    def tells(_: object) -> NoReturn:
        raise ValueError("token=abc")

    text = report(of(Document({**failed(), "executions": RawJson(b"[]", tells)})), "json")
    assert "token=[redacted]" in text


def test_an_error_whose_text_raises_keeps_its_class() -> None:
    class SilentError(PostmanError):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    bad = made("error", error=SilentError("x"))
    (record,) = (json.loads(line) for line in rendered([bad], "jsonl").splitlines())
    assert record["error"] == {"type": "SilentError", "message": NOT_SHOWN}
    assert record["not_shown"] == ["error: RuntimeError: no words"]


@pytest.mark.parametrize(
    ("format", "module", "name"),
    [("junit", junit, "_cases"), ("html", html, "_step"), ("markdown", markdown, "_line")],
)
def test_a_fault_of_a_format_costs_one_entry_its_details(
    format: Any, module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that nobody thought of."""
    wrong = getattr(module, name)

    def broken(*arguments: Any) -> Any:
        if "expected 200 to equal 201" in str(arguments):
            raise KeyError("nobody thought of it")
        return wrong(*arguments)

    monkeypatch.setattr(module, name, broken)
    text = rendered(one_of_each(), format)
    assert "nobody thought of it" in text
    assert "connect ECONNREFUSED" in text
    assert "expected 200" not in text
    assert "1 of 2 assertions failed" in text


@pytest.mark.parametrize("make", [objects, lists])
@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 100_000])
def test_redaction_takes_any_depth(make: Any, levels: int) -> None:
    told = redacted(make(levels))
    assert (told == make(levels)) is (levels <= MAX_DEPTH)
    assert (NOT_SHOWN in json.dumps(told)) is (levels > MAX_DEPTH)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_noted_where_all_is_shown(format: Any) -> None:
    text = rendered(one_of_each(), format)
    assert "not_shown" not in text
    assert "not shown" not in text.lower()
