"""What the emulator answers is counted, against the specification and against the facts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from postman_async.emulator import routes as module
from postman_async.emulator.routes import coverage, routes
from postman_async.emulator.serving.operations import Operation
from postman_async.emulator.serving.registry import HANDLERS, operation

FACTS = Path(__file__).parents[4] / "shared" / "api" / "seed-operations.md"


def test_every_operation_of_the_specification_is_answered() -> None:
    answered = coverage()
    assert [name for name, there in answered.items() if not there] == []
    assert answered.keys() == routes().keys()


def test_the_specification_has_every_operation_of_the_facts() -> None:
    if not FACTS.exists():
        pytest.skip("../shared/api/seed-operations.md is not here")
    named = re.findall(r"^\| \d+ \| [^|]+ \| (\w+\.\w+) \|", FACTS.read_text(), re.MULTILINE)
    assert coverage().keys() == {*named}
    assert len(named) == 57


def test_what_has_no_handler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(HANDLERS, "mocks.publish")
    assert [name for name, there in coverage().items() if not there] == ["mocks.publish"]


def test_an_operation_has_one_handler() -> None:
    """Its method and path are the specification's, so that no handler is at another address."""
    with pytest.raises(ValueError, match=r"users\.me has two handlers"):
        operation("users.me")(HANDLERS["users.me"].handler)


def test_an_operation_that_only_the_specification_has_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    future = {"flows.list": Operation("flows.list", "GET", "/flows")}
    monkeypatch.setattr(module, "operations", lambda: future)
    assert coverage() == {"flows.list": False}
