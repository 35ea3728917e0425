"""The words that the generator understands, part by part; any other is refused.

A word that is ignored in silence would look as if it had an effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from postman_async.codegen.read import Spec, SpecError

__all__ = ["check"]

Kind: TypeAlias = Mapping[str, str | None]
"""The words of one kind of part, each with the kind of its value.

``list:schema`` is a list and ``map:schema`` a map of such parts; None is not looked into.
"""

_DOCUMENT: Kind = {
    "openapi": None,
    "info": None,
    "tags": "list:tag",
    "paths": "map:item",
    "components": "components",
    "x-buckets": "map:bucket",
    "x-errors": None,
    "x-errors-of-one": None,
    "x-errors-of-change": None,
}
_COMPONENTS: Kind = {
    "schemas": "map:schema",
    "parameters": "map:parameter",
    "responses": "map:response",
    "securitySchemes": None,
}
_ITEM: Kind = {
    "parameters": "list:parameter",
    **dict.fromkeys(("get", "post", "put", "patch", "delete"), "operation"),
}
_OPERATION: Kind = {
    "operationId": None,
    "tags": None,
    "summary": None,
    "description": None,
    "parameters": "list:parameter",
    "requestBody": "body",
    "responses": "map:response",
    "security": None,
    "deprecated": None,
    "x-instead": None,
    "x-bucket": None,
    "x-paging": None,
    "x-paging-meta": None,
    "x-long-poll": None,
    "x-echo": None,
    "x-example": None,
    "x-safe": None,
    "x-unwrap": None,
    "x-task": "task",
}
_PARAMETER: Kind = {
    "$ref": None,
    "name": None,
    "in": None,
    "description": None,
    "required": None,
    "schema": "schema",
    "style": None,
    "explode": None,
    "example": None,
    "examples": None,
    "x-python-name": None,
    "x-flag": None,
    "x-replaces-key": None,
}
_BODY: Kind = {
    "required": None,
    "description": None,
    "content": "map:media",
    "x-body": None,
    "x-python-name": None,
}
_MEDIA: Kind = {"schema": "schema", "x-field": None, "example": None, "examples": None}
_RESPONSE: Kind = {
    "$ref": None,
    "description": None,
    "headers": None,
    "content": "map:media",
    "x-error-names": None,
}
_TASK: Kind = {
    "look": None,
    "id": None,
    "address": None,
    "status": None,
    "reason": None,
    "result": None,
    "schema": "schema",
    "expires": None,
    "when": None,
}
_SCHEMA: Kind = {
    "$ref": None,
    "type": None,
    "description": None,
    "properties": "map:schema",
    "required": None,
    "items": "schema",
    "additionalProperties": "schema",
    "oneOf": "list:schema",
    "contentMediaType": None,
    "const": None,
    # What the service checks and the SDK does not.
    **dict.fromkeys(("format", "default", "example", "examples", "pattern")),
    **dict.fromkeys(("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")),
    "x-known-values": None,
    "x-python-name": None,
    "x-python-base": None,
    "x-positional": None,
    "x-kind-of": None,
    "x-instead-of": None,
}
_KINDS: Mapping[str, Kind] = {
    "document": _DOCUMENT,
    "tag": {"name": None, "description": None, "x-python-base": None},
    "bucket": {"calls": None, "seconds": None},
    "components": _COMPONENTS,
    "item": _ITEM,
    "operation": _OPERATION,
    "parameter": _PARAMETER,
    "body": _BODY,
    "media": _MEDIA,
    "response": _RESPONSE,
    "task": _TASK,
    "schema": _SCHEMA,
}


def check(spec: Spec) -> None:
    """Refuse the first word that the generator does not understand.

    Raises:
        SpecError: with the file and the path of the word in it.

    """
    for file, document in spec.documents.items():
        for path, word in _unknown(document, "document", ()):
            raise SpecError(f"{file}: {_spelled(path)}: the generator does not understand {word!r}")


def _spelled(path: tuple[str, ...]) -> str:
    return " > ".join(path) or "the top level"


def _unknown(node: Any, kind: str, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each word that is not one of its kind, with the path to the part it is in."""
    if not isinstance(node, Mapping):  # `true` for a schema, and what the steps themselves refuse
        return
    for word, value in node.items():
        if word not in _KINDS[kind]:
            yield path, str(word)
        else:
            yield from _inside(value, _KINDS[kind][word], (*path, str(word)))


def _inside(
    value: Any, kind: str | None, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    form, _, inner = (kind or "").rpartition(":")
    if form == "list" and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _unknown(entry, inner, (*path, str(index)))
    elif form == "map" and isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _unknown(entry, inner, (*path, str(key)))
    elif inner and not form:
        yield from _unknown(value, inner, path)
