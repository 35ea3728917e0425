"""Answers that are spoilt on their way: slow, cut, changed, or of another length."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import web
from attrs import frozen

from postman_async.emulator.arguments import checked
from postman_async.emulator.controls.faults.answers import encoded, header_value
from postman_async.emulator.controls.faults.base import Fault, Proceed, end, maker, wait_seconds
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.serving.call import SERVICE
from postman_async.emulator.serving.middleware import NoResponse

__all__ = [
    "Alter",
    "Drip",
    "bad_json",
    "body_of",
    "content_type",
    "drip",
    "with_same_head",
    "wrong_length",
]

_REPLACED = ("Content-Length", "Content-Type", "Transfer-Encoding")


@frozen(kw_only=True)
class Drip(Fault):
    """The body is sent in pieces, with a pause before each.

    Attributes:
        size: the bytes of a piece.
        seconds: the pause, by the emulator's clock.
    """

    size: int
    seconds: float

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        """Send the answer piece by piece."""
        clock = request.app[SERVICE].world.clock
        made = await proceed()
        body = body_of(made)
        sent = with_same_head(made, len(body))
        await sent.prepare(request)
        for start in range(0, len(body), self.size):
            await clock.sleep(self.seconds)
            await sent.write(body[start : start + self.size])
        return sent


@frozen(kw_only=True)
class Alter(Fault):
    """The operation is carried out, and its answer is changed on the way back.

    Attributes:
        cut: whether half of the body is left out, and the length fits the rest.
        body: the body to send instead of the answer's; None keeps it.
        content_type: the type to name instead of the real one; None keeps it.
        lie: by how many bytes the Content-Length is wrong.
    """

    cut: bool = False
    body: str | None = None
    content_type: str | None = None
    lie: int = 0

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        """Change the answer of the operation."""
        made = await proceed()
        body = body_of(made) if self.body is None else encoded(self.body)
        if self.cut:
            body = body[: len(body) // 2]
        if self.lie:
            return await _lie(made, body, len(body) + self.lie, request)
        changed = web.Response(body=body, status=made.status, headers=_kept(made))
        changed.content_type = self.content_type or made.content_type
        return changed


async def _lie(
    made: web.StreamResponse, body: bytes, length: int, request: web.Request
) -> web.StreamResponse:
    """Send a wrong Content-Length by hand, since aiohttp would not."""
    headers = {**_kept(made), "Content-Type": made.content_type, "Content-Length": str(length)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    first = f"HTTP/1.1 {made.status} {HTTPStatus(made.status).phrase}\r\n"
    assert request.transport is not None
    request.transport.write(f"{first}{lines}\r\n".encode() + body)
    await end(request, reset=False)
    return NoResponse(status=made.status)


def with_same_head(made: web.StreamResponse, length: int) -> web.StreamResponse:
    """Return an answer with the same head, whose body is sent piece by piece."""
    begun = web.StreamResponse(status=made.status, headers=_kept(made))
    begun.content_type = made.content_type
    begun.content_length = length
    return begun


def _kept(made: web.StreamResponse) -> dict[str, str]:
    return {name: value for name, value in made.headers.items() if name not in _REPLACED}


def body_of(made: web.StreamResponse) -> bytes:
    """Return the whole body of an answer."""
    body: Any = made.body if isinstance(made, web.Response) else b""
    return body if isinstance(body, bytes) else b""


@maker
@checked
def drip(seconds: float = 0.01, size: int = 1) -> Fault:
    """Send the body in pieces of ``size`` bytes, with so many seconds before each."""
    if size < 1:
        raise EmulatorError(f"size is 1 byte or more, not {size!r}")
    return Drip(name=f"drip({seconds:g}, {size})", size=size, seconds=wait_seconds(seconds))


@maker
@checked
def bad_json(body: str | None = None) -> Fault:
    """Carry the operation out and answer invalid JSON: half of the body, or a text."""
    return Alter(name="bad_json()", cut=body is None, body=body)


@maker
@checked
def content_type(value: str) -> Fault:
    """Carry the operation out and call the answer's body something else."""
    return Alter(name=f"content_type({value!r})", content_type=header_value("value", value))


@maker
@checked
def wrong_length(by: int) -> Fault:
    """Carry the operation out and name a Content-Length that is ``by`` bytes off; then close."""
    return Alter(name=f"wrong_length({by})", lie=by)
