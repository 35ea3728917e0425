"""The description is valid OpenAPI 3.1, as a tool that was not written here sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from postman_async import spec
from postman_async.operations import OPERATIONS
from tests.codegen.shop import SPEC
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


def test_every_word_of_our_own_is_explained_and_used() -> None:
    """The explanations are in the README beside the files; the small shop has one of everything."""
    text = (Path(spec.__file__).parent / "README.md").read_text("utf-8")
    table = text.partition("## Words of our own")[2].partition("###")[0]
    explained = set(re.findall(r"`(x-[a-z-]+)`", table))
    used = {*_own_words(spec.load()), *_own_words(SPEC.documents)}
    assert used == explained


def _own_words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (key for key in value if isinstance(key, str) and key.startswith("x-"))
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from _own_words(entry)
