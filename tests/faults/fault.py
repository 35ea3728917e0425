"""One fault: where it strikes, what the peer does, and how a call that meets it may end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from postman_async import (
    ApiError,
    CallTimeoutError,
    ConnectError,
    DisconnectedError,
    InvalidResponseError,
    PostmanError,
    TransportError,
)
from tests.faults.wire import Header, Step, answer

__all__ = [
    "ANY",
    "BROKEN",
    "CUT",
    "REFUSED",
    "SILENT",
    "UNREACHED",
    "UNREADABLE",
    "Errors",
    "Fault",
    "Good",
    "Play",
    "Stage",
    "Value",
    "begun",
    "steps",
    "well",
]

Errors: TypeAlias = tuple[type[PostmanError], ...]

UNREACHED: Errors = (ConnectError,)
CUT: Errors = (DisconnectedError,)
SILENT: Errors = (CallTimeoutError,)
UNREADABLE: Errors = (InvalidResponseError,)
BROKEN: Errors = (DisconnectedError, InvalidResponseError)
REFUSED: Errors = (ApiError,)
ANY: Errors = (TransportError, ApiError)


class Stage(Enum):
    """How far a call has come when the fault strikes."""

    LOOKUP = "the name look-up"
    CONNECT = "TCP connecting"
    ACCEPT = "a connection just made"
    TLS = "the TLS handshake"
    HALF = "the request, of which half is read"
    ANSWER = "the request, of which all is read"

    @property
    def reaches_http(self) -> bool:
        """Whether the server has read anything of the request."""
        return self in (Stage.HALF, Stage.ANSWER)


@frozen
class Good:
    """The answer that the service would have given.

    Attributes:
        name: the operation.
        document: the body as JSON data.
        body: the same as bytes.
        date: the service's time, as a header tells it.
        status: the status.

    """

    name: str
    document: Any
    body: bytes
    date: str
    status: int = 200

    @property
    def whole(self) -> bytes:
        """The whole answer."""
        return answer(self.body, ("Date", self.date), status=self.status)

    @property
    def model(self) -> dict[str, Any]:
        """The (first) model in the document, to be altered in a copy of it."""
        inner = self.document
        while isinstance(inner, dict | list) and not _is_model(inner):
            inner = next(iter(inner.values() if isinstance(inner, dict) else inner))
        assert isinstance(inner, dict)
        return inner


def _is_model(value: Any) -> bool:
    return isinstance(value, dict) and ("id" in value or "info" in value)


Play: TypeAlias = Callable[[Good], Sequence[Step]]


def steps(*given: Step) -> Play:
    """Play these, whatever the answer would have been."""
    return lambda good: given


def well(*headers: Header, status: int = 200) -> Play:
    """Play the good answer with more headers, or with another status."""
    return lambda good: (answer(good.body, *headers, status=status),)


def begun(beginning: Callable[[Good], bytes], *rest: Step) -> Play:
    """Play what is made of the good answer, and then these."""
    return lambda good: (beginning(good), *rest)


Value: TypeAlias = Literal["own", "any", "no"]


@frozen(kw_only=True)
class Fault:
    """One thing that goes wrong, each time the call is sent.

    Attributes:
        name: what tests call it.
        play: makes the peer's steps from the answer it would have given.
        stage: where it strikes.
        value: whether the call may end with a value: with its own, with whatever, or with none.
        errors: the classes of errors that the call may end with.
        taken: whether the service acts on the request all the same: a run begins.
        again: whether a refusal is sent again, where the table of the README leaves it to the
            seconds that the service names; None leaves it open.
        only: the operations it makes sense for; none named means all.
        warm: it strikes on a connection that has served a call before.
        raises: what the look-up or the connecting raises, or None to have them hang.
        certificate: the certificate that the server shows, by its name in `room`; None is no TLS.

    """

    name: str
    play: Play = field(default=lambda good: (), repr=False)
    stage: Stage = Stage.ANSWER
    value: Value = "no"
    errors: Errors = ()
    taken: bool = True
    again: bool | None = None
    only: frozenset[str] = frozenset()
    warm: bool = False
    raises: OSError | None = field(default=None, repr=False)
    certificate: str | None = None

    def concerns(self, operation: str) -> bool:
        """Whether the cell of this fault and an operation exists."""
        return not self.only or operation in self.only

    def __str__(self) -> str:
        return self.name
