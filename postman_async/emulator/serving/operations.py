"""The operations of the specification, as far as the server needs them.

They are read from ``operations.json``, which ``python -m postman_async.codegen`` writes: PyYAML,
and the time to parse the whole specification, are not needed to start an emulator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

__all__ = ["Operation", "buckets", "operations", "wrapper_only"]

Json: TypeAlias = Mapping[str, Any]


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
def operations() -> Mapping[str, Operation]:
    """Return all operations by their ids."""
    return {name: Operation(name, **fields) for name, fields in _table()["operations"].items()}


def buckets() -> Mapping[str, Json]:
    """Return ``calls`` and ``seconds`` of each limit that calls count against."""
    found: Mapping[str, Json] = _table()["buckets"]
    return found


def wrapper_only(schema: Json) -> Json:
    """Return the schema of a body without the fields of the object that it wraps."""
    return {**schema, "properties": {name: {"type": "object"} for name in schema["properties"]}}


@cache
def _table() -> Json:
    table: Json = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return table
