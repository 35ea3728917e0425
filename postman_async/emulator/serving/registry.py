"""The registry of handlers: each is registered beside its function, under its operation's id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from postman_async.emulator.serving.call import Handler

__all__ = ["HANDLERS", "Registered", "operation"]

Check: TypeAlias = Literal["fields", "wrapper", "nothing"]

H = TypeVar("H", bound=Handler)


class Registered(NamedTuple):
    """A handler, and how its body is checked against the specification first."""

    handler: Handler
    check: Check
    nulls: bool


HANDLERS: dict[str, Registered] = {}
"""The handlers by the ids of their operations; `postman_async.emulator.handlers` fills it."""


def operation(name: str, *, check: Check = "fields", nulls: bool = False) -> Callable[[H], H]:
    """Register a function as the handler of an operation.

    Method and path, and the fields that the body needs, come from the specification.

    Args:
        name: the id of the operation, for instance ``monitors.get``.
        check: how much of a JSON body is checked before the handler is called: required fields
            and types; only that there is an object under the one key (for documents, which are
            checked whole); or nothing (for handlers that accept more than the specification
            describes, or that look for the entity of the path first).
        nulls: whether an optional field may be null, which the handler takes for "none".

    Raises:
        ValueError: by the decorator: the operation has a handler already.
    """

    def register(handler: H) -> H:
        if name in HANDLERS:
            raise ValueError(f"the operation {name} has two handlers")
        HANDLERS[name] = Registered(handler, check, nulls)
        return handler

    return register
