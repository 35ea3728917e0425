"""What holds in every cell of the matrix, fault x operation, whatever the fault."""

from __future__ import annotations

import asyncio
import gc
import json
import traceback
from collections.abc import Awaitable, Iterator
from typing import Any, TypeVar

from attrs import frozen

from postman_async import (
    ApiError,
    CallTimeoutError,
    ConnectError,
    DisconnectedError,
    PostmanError,
    RateLimitError,
    ServerError,
    UnsettledError,
    UsageLimitError,
    to_dict,
)
from postman_async.operations import OPERATIONS
from tests.faults.calls import Call
from tests.faults.fault import Fault
from tests.faults.room import ATTEMPTS, KEY, Room

__all__ = [
    "BOUND",
    "complaints_of_room",
    "ended",
    "key_in",
    "problems_of_call",
    "problems_of_next",
    "texts_of",
    "within",
]

T = TypeVar("T")

BOUND = 3_900.0
"""Seconds of virtual time in which every call ends, whatever the service says: no header holds a
client longer than an hour, and then it needs a moment."""

IDLE = 5.0
"""Seconds between a call and the next one, in which a peer may spoil the connection."""

RUN = "monitors.run"

_KEY_PARTS = (KEY[:13], KEY[-12:])
"""A text that was cut may hold one end of the key only."""


class Endless(Exception):
    """A call did not end."""


@frozen
class Ended:
    """How a call ended: with a value, given and as JSON data, or with an error."""

    given: Any = None
    value: Any = None
    error: Exception | None = None


async def within(awaitable: Awaitable[T]) -> T:
    """Wait for a call, at most `BOUND` seconds.

    Raises:
        Endless: the call took longer.

    """
    limit = asyncio.timeout(BOUND)
    try:
        async with limit:
            return await awaitable
    except TimeoutError:
        if limit.expired():
            raise Endless(f"it did not end within {BOUND} s") from None
        raise


async def problems_of_call(room: Room, fault: Fault, call: Call) -> list[str]:
    """Make a call that meets a fault, and then one that does not; tell what is wrong."""
    room.forget()
    problems: list[str] = []
    async with room.client(fault) as pm:
        if fault.warm:
            await within(call.made(pm))
        before = len(room.server.requests), len(room.server.service.tokens)
        room.server.arm(fault, call.meets)
        room.network.fault = fault
        end = await ended(call.made(pm))
        room.network.fault = None
        room.server.disarm()
        problems += problems_of_end(room, fault, call, end, *before)
        await asyncio.sleep(IDLE)
        problems += problems_of_next(room, await ended(call.made(pm)))
        await asyncio.sleep(IDLE)
        kept = len(room.server.peers)
        problems += [f"of {kept} connections it keeps, one at most can be of use"] * (kept > 1)
    return await complaints_of_room(room, problems)


async def ended(call: Awaitable[Any]) -> Ended:
    """Wait for a call's end; this frame's variables hold no key."""
    try:
        value = await within(call)
        return Ended(value, to_dict(list(value) if isinstance(value, list | tuple) else value))
    except Exception as error:
        return Ended(error=error)


# -- the call that meets the fault -------------------------------------------------------------


def problems_of_end(
    room: Room, fault: Fault, call: Call, end: Ended, requests_before: int, tokens_before: int
) -> Iterator[str]:
    """Tell what is wrong with the end of the call that met the fault."""
    requests = room.server.requests[requests_before:]
    tokens = room.server.service.tokens[tokens_before:]
    sent = sum(call.meets(request.method, request.path) for request in requests)
    stray = [r for r in requests if not call.meets(r.method, r.path) and not _is_look(call, r.path)]
    if stray:
        yield f"it sent what nobody asked for: {stray}"
    if end.error is None:
        yield from _problems_of_value(fault, call, end.value, tokens)
    else:
        yield from _problems_of_error(fault, call, end.error)
    yield from _problems_of_sending(fault, call, end.error, sent)


def _is_look(call: Call, path: str) -> bool:
    """Whether a request looks at what came of a run."""
    return call.name == RUN and f"{path}/run" == call.path


def _may_be_empty(call: Call) -> bool:
    """Whether an answer without a body is a value: the operation promises neither model nor key."""
    operation = OPERATIONS.get(call.name)
    return operation is not None and (operation.result.model, operation.result.key) == (None, None)


def _problems_of_value(fault: Fault, call: Call, value: Any, tokens: list[str]) -> Iterator[str]:
    if value is None and _may_be_empty(call):
        return
    settled = call.name == RUN and fault.taken
    if fault.value == "no" and not settled:
        yield f"it ended well, with {str(value)[:200]}"
    text = _text_of(value)
    if fault.value != "any" and not any(token in text for token in tokens):
        yield f"its value is not its own: {text[:200]}"
    if call.name == RUN and '"status": "running"' in text:
        yield "the run it returned has not ended"


def _text_of(value: Any) -> str:
    try:
        return json.dumps(value, default=str)
    except RecursionError:
        return "nested too deeply for a text"


def _problems_of_error(fault: Fault, call: Call, error: Exception) -> Iterator[str]:
    expected = (*fault.errors, UnsettledError) if call.name == RUN else fault.errors
    if not isinstance(error, expected):
        names = ", ".join(kind.__name__ for kind in fault.errors) or "no error"
        yield f"it raised {type(error).__module__}.{type(error).__name__}, not {names}: {error}"
    if key_in(*texts_of(error)):
        yield "the API key is in the error"


def _problems_of_sending(
    fault: Fault, call: Call, error: Exception | None, sent: int
) -> Iterator[str]:
    """Compare how often the call was sent with the README's table "What is sent again"."""
    if isinstance(error, Endless):
        return
    allowed = _times_allowed(fault, error, call.operation.idempotent)
    reached = fault.stage.reaches_http
    times = sent if reached else getattr(error, "attempts", 1)
    if times not in allowed:
        yield f"it was sent {times} times, not {' or '.join(map(str, sorted(allowed)))}"
    if not reached and isinstance(error, ConnectError) and sent:
        yield "it is said not to have been sent, but the service saw it"
    if reached and isinstance(error, PostmanError) and error.attempts not in (sent, 0):
        yield f"its error tells of {error.attempts} attempts, but {sent} were made"


def _times_allowed(fault: Fault, error: Exception | None, idempotent: bool) -> set[int]:
    many = {ATTEMPTS} if idempotent else {1}
    if isinstance(error, ConnectError):
        return {ATTEMPTS}
    if isinstance(error, UsageLimitError):
        return {1}
    if _asks_to_wait(error):
        return {None: {1, ATTEMPTS}, True: {ATTEMPTS}, False: {1}}[fault.again]
    if isinstance(error, CallTimeoutError):  # with its deadline passed, nothing is sent again
        return {1, *many}
    if isinstance(error, ServerError):
        return many if error.status in (500, 502, 503, 504) else {1}
    return many if isinstance(error, DisconnectedError) else {1}


def _asks_to_wait(error: Exception | None) -> bool:
    if not isinstance(error, ApiError):
        return False
    stated = error.rate_limit is not None and error.rate_limit.retry_after is not None
    return isinstance(error, RateLimitError) or (error.status == 503 and stated)


# -- the key -----------------------------------------------------------------------------------


def texts_of(error: BaseException) -> Iterator[str]:
    """Yield what a log or an error tracker with local variables would see of an error."""
    waiting: list[BaseException | None] = [error]
    for one in waiting:
        if one is None:
            continue
        yield f"{one} {one!r} {vars(one)!r}"
        for frame, _ in traceback.walk_tb(one.__traceback__):
            yield from (_repr(v) for n, v in frame.f_locals.items() if n != "error")
        waiting += [e for e in (one.__cause__, one.__context__) if e not in waiting]


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # as `traceback` itself does
        return repr(error)


def key_in(*texts: str) -> bool:
    """Whether the key, or what a cut left of it, is in one of the texts."""
    return any(part in text for text in texts for part in _KEY_PARTS)


# -- what comes after it -----------------------------------------------------------------------


def problems_of_next(room: Room, end: Ended) -> Iterator[str]:
    """Tell what is wrong with the next call, which meets no fault."""
    if end.error is not None:
        yield f"the next call raised {type(end.error).__name__}: {end.error}"
    elif room.server.service.tokens[-1] not in _text_of(end.value):
        yield f"the next call got another answer: {str(end.value)[:200]}"


async def complaints_of_room(room: Room, problems: list[str]) -> list[str]:
    """Tell what is left once the client is closed, and what was logged, besides the problems."""
    gc.collect(2 if problems else 1)  # what was forgotten complains when it is found
    for _ in range(60):
        if not room.server.peers and len(asyncio.all_tasks()) == 1:
            break
        await asyncio.sleep(1)
    problems = problems + [f"it left behind {task!r}" for task in _others()]
    problems += [f"it left {len(room.server.peers)} connections open"] * bool(room.server.peers)
    problems += [f"the log or the loop complains: {text}" for text in room.complaints]
    problems += ["the API key is in the log"] * key_in(*room.noted)
    for peer in list(room.server.peers):
        peer.abort()
    return problems


def _others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {task for task in (asyncio.current_task(),) if task}
