"""Write the table of operations that the emulator reads in place of the specification.

It has method, path, bucket and the schema of the body of each operation.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from postman_async.spec import load

__all__ = ["emulator_table"]

Json: TypeAlias = Mapping[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON = "application/json"
_DEPTH = 2  # the object that a body wraps, and its fields
_KEPT = ("type", "required", "minLength", "maxLength")


def emulator_table() -> dict[str, str]:
    """Return the name of the file in the package, and its text: a line for each operation."""
    files = load()
    rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in _rows(files)]
    limits = json.dumps(files["common.yaml"]["x-buckets"])
    operations = ",\n".join(rows)
    text = f'{{"buckets": {limits},\n"operations": {{\n{operations}\n}}}}\n'
    return {"emulator/serving/operations.json": text}


def _rows(files: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for file, document in files.items():
        for path, item in document.get("paths", {}).items():
            for method in _METHODS:
                if method in item:
                    yield (
                        item[method]["operationId"],
                        {
                            "method": method.upper(),
                            "path": path,
                            **_bucket(item[method]),
                            **_Schemas(files).body(item[method], file),
                        },
                    )


def _bucket(operation: Json) -> Json:
    return {"bucket": operation["x-bucket"]} if "x-bucket" in operation else {}


@frozen
class _Schemas:
    """Reads the schemas of request bodies, following references."""

    files: Mapping[str, Json]

    def body(self, operation: Json, file: str) -> Json:
        """Return the schema of a body under its key, if the operation takes nothing but JSON."""
        request = operation.get("requestBody")
        if request is None or request["content"].keys() != {_JSON}:
            return {}
        schema, file = self._resolved(request["content"][_JSON]["schema"], file)
        # The emulator checks documents whole, by rules that a schema cannot say.
        depth = 1 if request.get("x-body") == "document" else _DEPTH
        return {"body": self._reduced(schema, file, depth)}

    def _reduced(self, schema: Json, file: str, depth: int) -> Json:
        if not depth and "properties" in schema:
            return {"type": schema["type"]}
        reduced: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema}
        if "properties" in schema:
            reduced["properties"] = {
                name: self._reduced(*self._resolved(field, file), depth - 1)
                for name, field in schema["properties"].items()
            }
        return reduced

    def _resolved(self, schema: Json, file: str) -> tuple[Json, str]:
        while "$ref" in schema:
            target, _, pointer = schema["$ref"].partition("#")
            if target:
                file = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
            schema = self.files[file]
            for key in pointer.strip("/").split("/"):
                schema = schema[key]
        return schema, file
