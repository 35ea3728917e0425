"""The check of a JSON body against the specification, with the service's own errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from postman_async.emulator.errors import missing_parameter
from postman_async.emulator.state import validation

__all__ = ["check_body"]

Json: TypeAlias = Mapping[str, Any]


def check_body(body: Any, schema: Json) -> None:
    """Check required fields and types of a body, down to the fields of a wrapped object.

    Values (ranges, words, references) are the handlers' to check, and so is null where it is
    optional: some operations take it for "none".

    Raises:
        ServiceError: ``paramMissingError`` or ``malformedRequestError``, as the service has them.
    """
    _check_object(validation.mapping(body, "body"), schema, "")
    for name, inner in schema["properties"].items():
        if inner.get("type") == "object" and name in schema.get("required", ()):
            _check_object(validation.mapping(body[name], name), inner, name)


def _check_object(value: Json, schema: Json, location: str) -> None:
    """Null and an empty text count as missing; but a wrapper of null has the wrong type."""
    for name in schema.get("required", ()):
        wrapper = not location and schema["properties"][name].get("type") == "object"
        if name not in value if wrapper else value.get(name) in (None, ""):
            raise missing_parameter(name)
    for name, field in schema.get("properties", {}).items():
        if value.get(name) is not None:
            _check_field(value[name], field, f"{location}.{name}".lstrip("."))


def _check_field(value: Any, field: Json, location: str) -> None:
    types = field.get("type", [])
    known = [types] if isinstance(types, str) else types
    if known:
        validation.expect(value, "|".join(_JSON_NAMES.get(name, name) for name in known), location)
    if isinstance(value, str) and "string" in known:
        shortest = field.get("minLength", 0)
        validation.text(value, location, shortest=shortest, longest=field.get("maxLength"))


_JSON_NAMES = {"integer": "number"}
