"""The routes of the API: the specification's methods and paths, with the registered handlers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from postman_async.emulator import handlers
from postman_async.emulator.serving.call import Handler
from postman_async.emulator.serving.operations import operations
from postman_async.emulator.serving.registry import HANDLERS

__all__ = ["Route", "coverage", "routes"]


class Route(NamedTuple):
    """How an operation is reached: method, path with its parameters in braces, handler."""

    method: str
    path: str
    handler: Handler


@cache
def routes() -> Mapping[str, Route]:
    """Return the route of each operation that has a handler, by the operations' ids.

    Raises:
        KeyError: a handler is registered for an operation that the specification does not have.
    """
    handlers.load()
    known = operations()
    return {
        name: Route(known[name].method, known[name].path, registered.handler)
        for name, registered in HANDLERS.items()
    }


def coverage() -> dict[str, bool]:
    """Return whether each operation of the specification has a handler, by the operations' ids."""
    handlers.load()
    return {name: name in HANDLERS for name in operations()}
