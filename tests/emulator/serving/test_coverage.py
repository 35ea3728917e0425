"""What the emulator answers is counted, against the specification and against the facts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from postman_async import spec
from postman_async.emulator.serving import coverage as module
from postman_async.emulator.serving.coverage import coverage
from postman_async.emulator.serving.routing import ROUTES, Route

FACTS = Path(__file__).parents[4] / "shared" / "api" / "seed-operations.md"


def test_every_operation_of_the_specification_is_answered() -> None:
    answered = coverage()
    assert [name for name, there in answered.items() if not there] == []
    assert answered.keys() == ROUTES.keys()


def test_the_specification_has_every_operation_of_the_facts() -> None:
    if not FACTS.exists():
        pytest.skip("../shared/api/seed-operations.md is not here")
    named = re.findall(r"^\| \d+ \| [^|]+ \| (\w+\.\w+) \|", FACTS.read_text(), re.MULTILINE)
    assert coverage().keys() == {*named}
    assert len(named) == 57


def test_what_has_no_handler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {name: route for name, route in ROUTES.items() if name != "mocks.publish"}
    monkeypatch.setattr(module, "ROUTES", fewer)
    assert [name for name, there in coverage().items() if not there] == ["mocks.publish"]


@pytest.mark.parametrize(
    "route", [ROUTES["users.me"]._replace(method="POST"), ROUTES["users.me"]._replace(path="/you")]
)
def test_a_handler_at_another_address_does_not_count(
    monkeypatch: pytest.MonkeyPatch, route: Route
) -> None:
    monkeypatch.setattr(module, "ROUTES", {**ROUTES, "users.me": route})
    assert coverage()["users.me"] is False


def test_an_operation_that_only_the_specification_has_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    future = {"paths": {"/flows": {"parameters": [], "get": {"operationId": "flows.list"}}}}
    monkeypatch.setattr(spec, "load", lambda: {"flows.yaml": future, "common.yaml": {}})
    assert coverage() == {"flows.list": False}
