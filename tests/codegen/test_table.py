"""The table of operations: a row for each, with the call that the spec gives as its example."""

from __future__ import annotations

from typing import Any

import pytest

from postman_async.codegen.lower import lower
from postman_async.codegen.read import Spec, SpecError
from postman_async.codegen.table import operation_table
from tests.codegen.test_compiler import operation, spec


def table(**parts: Any) -> str:
    described: Spec = spec(get=operation(**parts))
    (text,) = operation_table(described, lower(described)).values()
    return text


def test_a_row_has_the_id_the_endpoint_and_a_call() -> None:
    text = table(**{"x-example": "pm.things.get(thing_id)"})
    row = "| `things.get` | `GET /things/{thing_id}` | `await pm.things.get(thing_id)` |"
    assert row in text.splitlines()
    assert "## things\n\nThings." in text
    assert "1 operations" not in text


@pytest.mark.parametrize(
    "example", ["", "pm.things.list()", "pm.things.get", "pm.things.get(", "await pm.things.get(1)"]
)
def test_an_example_that_does_not_call_the_operation_is_refused(example: str) -> None:
    with pytest.raises(SpecError, match=r"things\.get: x-example is not a call"):
        table(**{"x-example": example})
