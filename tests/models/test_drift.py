"""Strict reading raises where an answer drifts, and nowhere else; lenient reading never does.

What drift is, another implementation says: a JSON Schema validator, with the specification's own
schemas made as strict as strict reading is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from postman_async import ResponseValidationError
from postman_async.engine.data.convert import load_model
from postman_async.engine.data.strict import faults
from tests.models.documents import (
    MODELS,
    SPEC,
    Documents,
    any_json,
    json_bodies,
    models,
    quick,
    read_answer,
    text_of,
    thorough,
)

ANSWERS = {key: found for key, found in json_bodies().items() if not key.endswith("request")}
PROMISED = Documents(drift=False)
DRIFTING = Documents(drift=True)
LIMITS = {"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "uniqueItems"}
"""What the service may loosen at any time."""


def strict(schema: Any) -> Any:
    """Close what is not open, let what may be absent be null, and leave the limits out."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items() if key not in LIMITS}
    if isinstance(made.get("properties"), dict):
        required = made.get("required", ())
        made["properties"] = {
            name: part if name in required else {"anyOf": [{"type": "null"}, part]}
            for name, part in made["properties"].items()
        }
        made.setdefault("additionalProperties", False)
    return made


def documents() -> Iterator[tuple[str, Resource[Any]]]:
    for file, document in SPEC.documents.items():
        yield file, Resource.from_contents(strict(document), DRAFT202012)


ONE_IS_NOT_1_0 = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: type(value) is int
)
STRICT = extend(Draft202012Validator, type_checker=ONE_IS_NOT_1_0)  # type: ignore[no-untyped-call]
REGISTRY: Registry[Any] = Registry().with_resources(documents())


@functools.cache
def validator(name: str) -> Validator:
    module, _, schema = name.partition(":")
    reference = {"$ref": f"{module}.yaml#/components/schemas/{schema}"}
    return cast("Validator", STRICT(reference, registry=REGISTRY))


@thorough
@given(models, st.data())
def test_there_are_faults_if_and_only_if_the_document_drifts(
    name: str, data: st.DataObject
) -> None:
    document = data.draw(DRIFTING.of(MODELS[name]))
    found = list(faults(document, load_model(name)))
    assert bool(found) is not validator(name).is_valid(document), found


def locations(document: Any, path: str = "$") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each value within, with what holds it and under which key."""
    items: Any = {}
    if isinstance(document, dict):
        items = {f"{path}.{key}": key for key in document}
    elif isinstance(document, list):
        items = {f"{path}[{index}]": index for index in range(len(document))}
    for inner, key in items.items():
        yield inner, document, key
        yield from locations(document[key], inner)


@thorough
@given(models, st.data())
def test_the_fault_of_a_single_drift_has_its_path(name: str, data: st.DataObject) -> None:
    document = data.draw(PROMISED.of(MODELS[name]))
    assert list(faults(document, load_model(name))) == []
    root = [document]
    path, holder, key = data.draw(st.sampled_from([("$", root, 0), *locations(document)]))
    holder[key] = data.draw(any_json)
    found = list(faults(root[0], load_model(name)))
    assert bool(found) is not validator(name).is_valid(root[0])
    assert all(re.match(rf"{re.escape(path)}(: |\.|\[)", fault) for fault in found), found


def value_of(operation: str, body: Any, *, strict: bool) -> Any:
    """Read a body as the client does."""
    return read_answer(operation, text_of(body).encode(), strict=strict)


@pytest.mark.parametrize("body", ANSWERS)
@quick
@given(st.data())
def test_every_answer_that_is_as_promised_is_read_strictly(body: str, data: st.DataObject) -> None:
    """The specification, the models and the way answers are unwrapped agree."""
    name, part = ANSWERS[body]
    value_of(name, data.draw(PROMISED.of(part)), strict=True)


@quick
@given(st.sampled_from(sorted(ANSWERS)), any_json)
def test_no_answer_at_all_raises_by_default(body: str, answer: Any) -> None:
    """Nor does one that drifts in parts: that is what `test_identity` reads."""
    value_of(ANSWERS[body][0], answer, strict=False)


@pytest.mark.parametrize("body", [b for b, (_, part) in ANSWERS.items() if "required" in part.node])
def test_an_answer_without_what_was_promised_raises_strictly(body: str) -> None:
    name, _ = ANSWERS[body]
    with pytest.raises(ResponseValidationError, match=r"\$"):
        value_of(name, {}, strict=True)


def deep(levels: int) -> Mapping[str, Any]:
    item: dict[str, Any] = {"name": "deepest"}
    for _ in range(levels):
        item = {"item": [item]}
    return {"collection": {"info": {"name": "deep"}, "item": [item]}}


@pytest.mark.parametrize("levels", [10, 450])
def test_the_depth_of_an_answer_is_no_reason_to_raise(levels: int) -> None:
    """As deep as the JSON reader goes."""
    assert value_of("collections.get", deep(levels), strict=False).item
    assert value_of("collections.get", deep(levels), strict=True).item
