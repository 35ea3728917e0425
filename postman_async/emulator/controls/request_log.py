"""The log of requests, for tests; it has no key, no header and no body."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import overload

from attrs import define

__all__ = ["LoggedRequest", "RequestLog"]

_KEPT = 100_000


@define
class LoggedRequest:
    """One request the server received.

    Attributes:
        method: the HTTP method.
        path: the path without the query.
        operation: the operation's id; None for another path.
        status: the status it was answered with; None as long as, or if, there was no answer.
        fault: the scripted fault that it met, or None.
    """

    method: str
    path: str
    operation: str | None
    status: int | None = None
    fault: str | None = None


class RequestLog:
    """The requests, oldest first, like a list that only the emulator adds to."""

    def __init__(self) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=_KEPT)

    def __repr__(self) -> str:
        """Show the entries."""
        return repr(list(self._entries))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    def __iter__(self) -> Iterator[LoggedRequest]:
        """Iterate over a copy of the entries."""
        return iter(list(self._entries))

    @overload
    def __getitem__(self, index: int) -> LoggedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> list[LoggedRequest]: ...
    def __getitem__(self, index: int | slice) -> LoggedRequest | list[LoggedRequest]:
        """Return one of them, or some."""
        return list(self._entries)[index]

    def count(self, operation: str | None = None) -> int:
        """Return how many requests of an operation there were; None counts all."""
        return len(self) if operation is None else len(self.of(operation))

    def of(self, operation: str) -> list[LoggedRequest]:
        """Return the requests of an operation."""
        return [entry for entry in self if entry.operation == operation]

    def add(self, entry: LoggedRequest) -> None:
        """Note a request; the emulator does this."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget them."""
        self._entries.clear()
