"""The description is valid OpenAPI 3.1, as a tool that was not written here sees it."""

from __future__ import annotations

from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from postman_async.operations import OPERATIONS
from tests.contract.bundle import bundle


def test_the_description_is_valid() -> None:
    errors = [f"{error.json_path}: {error.message}" for error in _errors()]
    assert errors == []


def _errors() -> list[Any]:
    return list(OpenAPIV31SpecValidator(bundle()).iter_errors())


def test_nothing_is_lost_when_the_files_are_joined() -> None:
    document = bundle()
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    ids = {each["operationId"] for each in operations if "operationId" in each}
    assert ids == set(OPERATIONS)
