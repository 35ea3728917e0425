"""Each operation with made-up arguments, from the registry alone: a new one is here at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

from postman_async import OPERATIONS, AsyncPostman
from postman_async.engine.operation import Operation, Parameter

__all__ = ["CALLS", "REPRESENTATIVE", "Call"]

DOCUMENT = {"info": {"name": "made up"}, "item": [], "values": []}
LARGE_FILE = b"openapi: 3.0.0\n" * 40_000
"""More than the buffers of a socket hold, so that half of it can be read."""


@frozen
class Call:
    """An operation and what it is called with."""

    name: str
    operation: Operation = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)

    @property
    def path(self) -> str:
        """The request's path on the wire."""
        quoted = {n: quote(v, safe="") for n, v in self.arguments.items() if isinstance(v, str)}
        return self.operation.path.format_map(quoted)

    def meets(self, method: str, path: str) -> bool:
        """Whether a request is this call."""
        return (method, path) == (self.operation.method, self.path)

    async def made(self, pm: AsyncPostman) -> Any:
        """Make the call."""
        return await pm.call(self.operation.id, **self.arguments)

    def __str__(self) -> str:
        return self.name


def _made_up(parameter: Parameter) -> Any:
    if parameter.location == "path":
        return f"12345678-{parameter.name.replace('_', '-')}"
    return DOCUMENT if parameter.location == "document" else {"made": "up"}


def _call(operation: Operation) -> Call:
    needed = [p for p in operation.parameters if p.required or p.location == "document"]
    return Call(operation.id, operation, {p.name: _made_up(p) for p in needed})


def _upload(operation: Operation) -> Call:
    return Call(f"{operation.id}(file)", operation, {"input": LARGE_FILE})


CALLS = [_call(operation) for operation in OPERATIONS.values()] + [
    _upload(operation) for operation in OPERATIONS.values() if operation.file_body is not None
]
"""Every operation, and those that take a file once more, with one."""

_BY_NAME = {call.name: call for call in CALLS}
REPRESENTATIVE = [
    _BY_NAME[name]
    for name in (
        "monitors.run",
        "monitors.get",
        "collections.create",
        "imports.openapi(file)",
        "environments.delete",
    )
]
"""One for each way a call is treated: a run, a read, a POST, an upload, a DELETE."""
