"""JSON and JSONL: the schema holds, nothing but secrets is lost, all is ASCII."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from postman_async import from_record, to_record
from postman_async.reports.formats.json import VERSION, schema
from postman_async.reports.redact import redacted
from postman_async.reports.text import clean
from tests.reports.support import HOSTILE, hostile, one_of_each, rendered
from tests.reports.support import outcome as made

RULES = Draft202012Validator(schema())


def report(outcomes: list[Any], **options: Any) -> Any:
    document = json.loads(rendered(outcomes, "json", **options))
    RULES.validate(document)
    return document


def test_the_schema_is_one_and_names_its_version() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["properties"]["version"] == {"const": VERSION}
    assert schema()["$id"].endswith(f":{VERSION}")


def test_each_outcome_is_a_record_that_can_be_read_back() -> None:
    outcomes = one_of_each()
    document = report(outcomes, title="Nightly")
    assert document["title"] == "Nightly"
    assert document["outcomes"] == [redacted(to_record(outcome)) for outcome in outcomes]
    assert [from_record(r).status for r in document["outcomes"]] == [o.status for o in outcomes]


def test_the_summary_adds_up() -> None:
    assert report(one_of_each())["summary"] == {
        "monitors": 6,
        "outcomes": {"passed": 1, "failed": 1, "error": 2, "unknown": 1, "skipped": 1},
        "assertions": {"total": 4, "failed": 1},
        "requests": {"total": 5, "failed": 0},
        "started_at": "2026-01-31T12:00:00+00:00",
        "finished_at": "2026-01-31T12:00:05.500000+00:00",
        "elapsed": 5.5,
        "waited": 0.5,
    }


@pytest.mark.parametrize("change", ["status", "uid", "elapsed", "error", "index", "reconciled"])
def test_the_schema_refuses_what_is_no_outcome(change: str) -> None:
    document = report(one_of_each())
    document["outcomes"][0][change] = ["no", "such", "thing"]
    assert list(RULES.iter_errors(document))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_data(text: str) -> None:
    told = rendered([hostile(text)], "json", title=text)
    assert told.isascii()
    assert report([hostile(text)])["outcomes"][0]["name"] == clean(text)
    assert rendered([hostile(text)], "jsonl").isascii()


def test_numbers_that_json_does_not_know_become_texts() -> None:
    document = report([made("passed", {"info": {"odd": float("nan")}})])
    assert document["outcomes"][0]["run"]["info"]["odd"] == "nan"


def test_each_line_of_jsonl_is_a_record() -> None:
    outcomes = [*one_of_each(), hostile("a\nb\u2028c")]
    lines = rendered(outcomes, "jsonl").splitlines()
    assert [json.loads(line)["uid"] for line in lines] == [outcome.uid for outcome in outcomes]
    assert [from_record(json.loads(line)).index for line in lines] == [0, 1, 2, 3, 4, 5, 0]


def test_nothing_run_is_a_report_too() -> None:
    document = report([])
    assert (document["outcomes"], document["summary"]["started_at"]) == ([], None)
