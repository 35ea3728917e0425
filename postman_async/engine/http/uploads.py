"""Files among the arguments of a call, read once, in a thread, before anything is sent."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postman_async.engine.http.body import File
from postman_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from postman_async.engine.operation import Operation

__all__ = ["read_files"]

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What a header cannot contain: control characters, and bytes of a name that are not UTF-8."""

_NAMELESS = "input"
"""The name of a file that is given as bytes."""


async def read_files(operation: Operation, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replace each path, open file and bytes object by its content.

    Everything is in memory afterwards, so that each attempt sends the same.

    Raises:
        InvalidArgumentError: a file cannot be read, or is open as text.

    """
    fields = {p.name for p in operation.parameters if p.location == "field"}
    return {
        name: await _read(operation, name, value) if name in fields else value
        for name, value in arguments.items()
    }


async def _read(operation: Operation, name: str, value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return File(bytes(value), _NAMELESS)
    if isinstance(value, os.PathLike):
        path = Path(os.fsdecode(value))
        return File(await _content(operation, name, path.read_bytes), _wire_name(path))
    if hasattr(value, "read"):
        return File(await _content(operation, name, value.read), _wire_name(value))
    return value


async def _content(operation: Operation, name: str, read: Any) -> bytes:
    try:
        content = await asyncio.to_thread(read)
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(f"{operation.id}: {name} cannot be read: {error}") from error
    if not isinstance(content, bytes):
        raise InvalidArgumentError(f"{operation.id}: {name} must be open for reading bytes")
    return content


def _wire_name(file: Any) -> str:
    """Return the last part of a file's name; the name of an open file may be a number."""
    name = getattr(file, "name", None)
    return _UNSAFE.sub("_", Path(name).name) if isinstance(name, str) else _NAMELESS
