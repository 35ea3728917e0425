"""The operations of the specification, as far as the server needs them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from attrs import frozen

from postman_async.emulator.exceptions import lacking

__all__ = ["Operation", "operations", "read_operations", "specification", "wrapper_only"]

Json: TypeAlias = Mapping[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON = "application/json"
_OBJECT: Json = {"type": "object"}


@frozen
class Operation:
    """One operation.

    Attributes:
        name: its id, for instance ``monitors.get``.
        method: the HTTP method.
        path: the path, with parameters in braces.
        body: the schema of the body, without references down to the fields of a wrapped object;
            None unless the operation takes JSON and nothing else.
        bucket: the limit that a call counts against besides the user's own, or None.
    """

    name: str
    method: str
    path: str
    body: Json | None = None
    bucket: str | None = None


@cache
def specification() -> Mapping[str, Json]:
    """Return the files of the specification.

    Raises:
        EngineUnavailable: PyYAML is not installed.
    """
    from postman_async import spec

    try:
        return spec.load()
    except ModuleNotFoundError as error:
        raise lacking(error) from None


@cache
def operations() -> Mapping[str, Operation]:
    """Return all operations by their ids."""
    return read_operations(specification())


def read_operations(files: Mapping[str, Json]) -> dict[str, Operation]:
    """Return the operations of a specification by their ids.

    Args:
        files: the documents by their names, to which references are relative.
    """
    return {made.name: made for made in _all(files)}


def _all(files: Mapping[str, Json]) -> Iterator[Operation]:
    for file, document in files.items():
        for path, item in document.get("paths", {}).items():
            for method in _METHODS:
                if method in item:
                    described = item[method]
                    body = _Schemas(files).body(described, file)
                    bucket = described.get("x-bucket")
                    yield Operation(described["operationId"], method.upper(), path, body, bucket)


def wrapper_only(schema: Json) -> Json:
    """Return the schema of a body without the fields of the object that it wraps."""
    return {**schema, "properties": dict.fromkeys(schema["properties"], _OBJECT)}


@frozen
class _Schemas:
    """Reads the schemas of request bodies, following references."""

    files: Mapping[str, Json]

    def body(self, described: Json, file: str) -> Json | None:
        request = described.get("requestBody")
        if request is None or request["content"].keys() != {_JSON}:
            return None
        schema, file = self._resolved(request["content"][_JSON]["schema"], file)
        if request.get("x-body") == "document":  # its own checks know more of a document
            return wrapper_only(schema)
        return self._with_fields(schema, file, levels=2)

    def _with_fields(self, schema: Json, file: str, levels: int) -> Json:
        if not levels or "properties" not in schema:
            return schema
        fields = {}
        for name, field in schema["properties"].items():
            inner, home = self._resolved(field, file)
            fields[name] = self._with_fields(inner, home, levels - 1)
        return {**schema, "properties": fields}

    def _resolved(self, schema: Json, file: str) -> tuple[Json, str]:
        while "$ref" in schema:
            target, _, pointer = schema["$ref"].partition("#")
            if target:
                file = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
            schema = self.files[file]
            for key in pointer.strip("/").split("/"):
                schema = schema[key]
        return schema, file
