"""The check of a JSON body against the specification, with the service's own errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import frozen

from postman_async.emulator.errors import missing_parameter
from postman_async.emulator.state import validation

__all__ = ["BodyCheck"]

Json: TypeAlias = Mapping[str, Any]

_NAMES = {"integer": "number"}  # the types of JSON, as the service's messages call them


@frozen
class BodyCheck:
    """The check of required fields and types, down to the fields of a wrapped object.

    Values (ranges, words, references) are the handlers' to check.

    Attributes:
        schema: the schema of the body.
        nulls: whether an optional field may be null.
    """

    schema: Json
    nulls: bool = False

    def read(self, raw: bytes) -> Any:
        """Return the JSON body.

        Raises:
            ServiceError: ``paramMissingError`` or ``malformedRequestError``.
        """
        body = validation.mapping(validation.parse(raw), "body")
        self._check(body, self.schema, "")
        for name, inner in self.schema["properties"].items():
            if name in body and _is_wrapper(name, self.schema):
                self._check(body[name], inner, name)
        return body

    def _check(self, value: Json, schema: Json, location: str) -> None:
        required = schema.get("required", ())
        for name in required:
            wrapper = not location and _is_wrapper(name, schema)  # null has the wrong type then
            if name not in value if wrapper else value.get(name) in (None, ""):
                raise missing_parameter(name)
        for name, field in schema.get("properties", {}).items():
            null = self.nulls and name not in required and value.get(name) is None
            if name in value and not null:
                _check_field(value[name], field, f"{location}.{name}".lstrip("."))


def _is_wrapper(name: str, schema: Json) -> bool:
    return name in schema.get("required", ()) and schema["properties"][name].get("type") == "object"


def _check_field(value: Any, field: Json, location: str) -> None:
    types = field.get("type", [])
    known = [types] if isinstance(types, str) else types
    if known:
        validation.expect(value, "|".join(_NAMES.get(name, name) for name in known), location)
    if isinstance(value, str) and "string" in known:
        shortest = field.get("minLength", 0)
        validation.text(value, location, shortest=shortest, longest=field.get("maxLength"))
