"""Strict reading finds each drift, says where it is, and finds nothing else."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import pytest
from attrs import define

from postman_async.engine.data.strict import answer_faults, faults
from postman_async.engine.operation import Result
from postman_async.extensions.model import Model


@define(kw_only=True, repr=False, eq=False)
class Step(Model):
    wire_names: ClassVar[dict[str, str]] = {"took_ms": "tookMs"}

    id: int
    took_ms: float | None = None
    script: str | list[str] | None = None


@define(kw_only=True, repr=False, eq=False)
class Anything(Model):
    open_ended: ClassVar[bool] = True

    name: str


@define(kw_only=True, repr=False, eq=False)
class Run(Model):
    status: Literal["success", "failed"] | str
    done: bool | None = None
    owner: int | str | None = None
    free: Any = None
    strategy: Literal["deleteSource", "keep"] | None = None
    steps: list[Step] | None = None
    by_name: dict[str, Step] | None = None
    tests: dict[str, bool] | None = None
    more: Anything | None = None
    children: list[Run] | None = None


FULL: dict[str, Any] = {
    "status": "success",
    "done": True,
    "owner": "1",
    "free": {"any": [1, None]},
    "strategy": "keep",
    "steps": [{"id": 1, "tookMs": 1.5, "script": ["a"]}, {"id": 2, "tookMs": 3, "script": "b"}],
    "by_name": {"x": {"id": 1}},
    "tests": {"ok": True},
    "more": {"name": "n", "unknown": {"to": "us"}},
    "children": [{"status": "failed", "children": []}],
}


def test_what_is_as_promised_has_no_fault() -> None:
    """An integer is a number, a union takes each of its types, an open model any key."""
    assert list(faults(FULL, Run)) == []
    assert list(faults([FULL, FULL], list[Run])) == []


@pytest.mark.parametrize("name", [name for name in FULL if name != "status"])
def test_an_optional_field_may_be_null_or_absent(name: str) -> None:
    assert list(faults({**FULL, name: None}, Run)) == []
    assert list(faults({k: v for k, v in FULL.items() if k != name}, Run)) == []


@pytest.mark.parametrize("value", ["aborted", "a value of next year", ""])
@pytest.mark.parametrize("name", ["status", "strategy"])
def test_a_new_value_of_a_closed_list_is_no_fault(name: str, value: str) -> None:
    assert list(faults({**FULL, name: value}, Run)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": None}, "$.status: null instead of a string"),
        ({"status": 1}, "$.status: an integer instead of a string"),
        ({"strategy": 1}, "$.strategy: an integer instead of a string"),
        ({"done": 1}, "$.done: an integer instead of a boolean"),
        ({"done": "true"}, "$.done: a string instead of a boolean"),
        ({"owner": 1.0}, "$.owner: a number instead of an integer or a string"),
        ({"steps": {}}, "$.steps: an object instead of an array"),
        ({"steps": [{"id": 1}, None]}, "$.steps[1]: null instead of an object"),
        ({"steps": [{"id": 1.5}]}, "$.steps[0].id: a number instead of an integer"),
        ({"steps": [{"id": 1, "tookMs": "9"}]}, "$.steps[0].tookMs: a string instead of a number"),
        ({"steps": [{"id": 1, "script": ["a", 2]}]}, "$.steps[0].script[1]: an integer instead"),
        ({"steps": [{"id": 1, "script": {}}]}, "script: an object instead of a string or an array"),
        ({"by_name": {"x": {}}}, "$.by_name.x.id: missing"),
        ({"by_name": {"x": []}}, "$.by_name.x: an array instead of an object"),
        ({"tests": {"ok": None}}, "$.tests.ok: null instead of a boolean"),
        ({"more": {}}, "$.more.name: missing"),
        ({"unknown": 1}, "$.unknown: not in the specification"),
        ({"children": [{"status": "x", "y": 1}]}, "$.children[0].y: not in the specification"),
    ],
)
def test_each_drift_is_one_fault_with_its_path(change: dict[str, Any], fault: str) -> None:
    found = list(faults({**FULL, **change}, Run))
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize("truth", [True, False])
def test_a_boolean_is_neither_an_integer_nor_a_number(truth: bool) -> None:
    """Python says it is one; JSON does not."""
    assert list(faults({"id": truth, "tookMs": truth}, Step)) == [
        "$.id: a boolean instead of an integer",
        "$.tookMs: a boolean instead of a number",
    ]


def test_keys_are_judged_by_their_names_on_the_wire() -> None:
    assert list(faults({"id": 1, "took_ms": 1.5}, Step)) == ["$.took_ms: not in the specification"]


def test_the_names_models_use_inside_are_not_part_of_the_specification() -> None:
    found = list(faults({"id": 1, "_extra": {}, "_nulls": []}, Step))
    assert found == ["$._extra: not in the specification", "$._nulls: not in the specification"]


def test_all_faults_are_found_in_one_pass() -> None:
    found = list(faults({"done": 1, "steps": [{}, {"id": "1", "new": 1}]}, Run))
    assert found == [
        "$.status: missing",
        "$.done: an integer instead of a boolean",
        "$.steps[0].id: missing",
        "$.steps[1].id: a string instead of an integer",
        "$.steps[1].new: not in the specification",
    ]


@pytest.mark.parametrize("answer", [None, [], "text", 3])
def test_an_answer_that_is_no_object_at_all_is_a_fault(answer: Any) -> None:
    found = list(faults(answer, Run))
    assert len(found) == 1
    assert found[0].endswith("instead of an object")
    assert list(faults({}, list[Run])) == ["$: an object instead of an array"]


def test_faults_are_found_within_maps_of_maps() -> None:
    result = Result("apis:LinkedRelation", key="relations", maps=2)
    good = {"id": "1", "name": "n", "updatedAt": "t"}
    assert list(answer_faults(result, {"relations": {"mock": {"1": good}, "monitor": {}}})) == []
    drifted = {"mock": {"1": {**good, "name": 1}}, "monitor": []}
    assert list(answer_faults(result, {"relations": drifted})) == [
        "$.relations.mock.1.name: an integer instead of a string",
        "$.relations.monitor: an array instead of an object",
    ]
