"""The priority of calls that wait for the rate limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["at_priority", "current_priority"]

_PRIORITY: ContextVar[int] = ContextVar("postman_async_priority", default=0)


@contextmanager
def at_priority(priority: int) -> Iterator[None]:
    """Give the calls made in this block a priority; the default is 0, a higher one goes first.

    A bulk run polls at a higher priority than it triggers.  Tasks that are created in the block
    inherit the priority.
    """
    token = _PRIORITY.set(priority)
    try:
        yield
    finally:
        _PRIORITY.reset(token)


def current_priority() -> int:
    """Return the priority of calls made here."""
    return _PRIORITY.get()
