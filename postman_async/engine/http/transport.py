"""The transport: sends a call as often as is safe, and turns each failure into our errors."""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from attrs import define, field, frozen
from yarl import URL

from postman_async.engine.http.body import Body, File, Form, size_of
from postman_async.engine.http.connections import drop_connection
from postman_async.engine.http.content import TooLargeError, content_at_once, read_content
from postman_async.engine.http.deadlines import Deadline, Deadlines
from postman_async.engine.http.failures import transport_error
from postman_async.engine.http.request import Request
from postman_async.engine.http.response import RawResponse, error_of
from postman_async.engine.http.retry import may_retry, not_taken, retry_wait
from postman_async.engine.limits.groups import NoSlotError
from postman_async.engine.limits.headers import NO_LIMITS, RateLimit, read_rate_limit
from postman_async.errors import (
    ERROR_CONTENT,
    Answer,
    AnswerTooLargeError,
    CallTimeoutError,
    ConnectError,
    InvalidResponseError,
    PostmanError,
    RateLimitError,
    ResponseValidationError,
)

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask
    from postman_async.engine.http.session import SessionHolder
    from postman_async.engine.limits.groups import LimitGroup, Slot
    from postman_async.engine.limits.limiter import Limiter
    from postman_async.engine.limits.state import MonthlyQuota
    from postman_async.engine.operation import Operation
    from postman_async.options import Retries, Timeout

__all__ = ["Plan", "Transport", "Watcher"]

log: logging.Logger = logging.getLogger("postman_async")


class Watcher(Protocol):
    """Told of the attempts of a call, for whoever must know whether the service may have it."""

    def sending(self) -> None:
        """Note that the next thing to happen is an attempt: no wait is left before it."""

    def refused(self) -> None:
        """Note that it is certain that the service did not take that attempt."""


@frozen(kw_only=True)
class Plan:
    """How one call is to be sent.

    Args:
        idempotent: whether it may be sent again after an ambiguous failure.
        connect: seconds for making a connection.
        read: seconds of silence allowed.
        total: seconds for the whole call, waits included.
        active: seconds from its first attempt to its answer, without those for its body.
        retries: how often and after what waits it is sent again.
        operation: the name of the operation.
        bucket: the name of the limit it counts against besides the user's own.
        watcher: who is told of the attempts, if anyone is.

    """

    idempotent: bool
    connect: float | None
    read: float | None
    total: float | None
    active: float | None
    retries: Retries
    operation: str
    bucket: str | None
    watcher: Watcher | None = None

    @classmethod
    def of(
        cls,
        operation: Operation,
        timeout: Timeout,
        retries: Retries,
        watcher: Watcher | None = None,
    ) -> Plan:
        """Choose the times: a held call has a deadline of its own instead of a read timeout.

        Any other one has a deadline because an answer that comes drop by drop is never silent.
        """
        other = timeout.call if timeout.total is None else None
        return cls(
            idempotent=operation.idempotent,
            connect=timeout.connect,
            read=None if operation.held else timeout.read,
            total=timeout.total,
            active=timeout.run if operation.held else other,
            retries=retries,
            operation=operation.id,
            bucket=operation.bucket,
            watcher=watcher,
        )


@define
class Transport:
    """Sends requests to one origin with one key, as fast as the limits allow.

    Attributes:
        max_answer: the bytes that a 2xx answer may have, decompressed.

    """

    base_url: str
    sessions: SessionHolder
    _headers: Mapping[str, str] = field(repr=False)
    limiter: Limiter | None
    quota: MonthlyQuota
    mask: KeyMask
    max_answer: int
    _deadlines: Deadlines = field(factory=Deadlines, init=False)

    async def send(
        self, request: Request, plan: Plan, read: Callable[[RawResponse[Any]], Any]
    ) -> RawResponse[Any]:
        """Send the call until it is answered 2xx or may not be sent again.

        Args:
            request: the call.
            plan: how it is to be sent.
            read: makes its value of a 2xx answer; where it raises `InvalidResponseError`, the
                connection is closed.

        Raises:
            ApiError: the service said no.
            TransportError: no usable answer came.

        """
        state = _Progress(read)
        try:
            if self.sessions.process != os.getpid():
                self.sessions.claim()  # before the loop is asked for anything: it is forked, too
            if plan.total is None and plan.active is None:
                return await self._attempts(request, plan, state)
            with Deadline(self._deadlines) as state.deadline:
                if plan.total is not None:
                    state.deadline.begin(plan.total)
                return await self._attempts(request, plan, state)
        except PostmanError as error:
            failure = error
        except TimeoutError:
            failure = state.out_of_time(request, plan)
        except NoSlotError as error:
            failure = state.no_place(request, plan, error)
        failure.attempts, failure.waited = state.attempts, state.waited
        raise failure

    async def _attempts(self, request: Request, plan: Plan, state: _Progress) -> RawResponse[Any]:
        while True:
            slot = None
            if self.limiter is not None:
                group = self.limiter.group(plan.bucket, plan.operation)
                slot = self.limiter.try_acquire(group, state.sequence)
                if slot is None:
                    slot = await self._place(self.limiter, group, state)
                state.sequence = slot.sequence
            session = self.sessions.get()  # what it refuses was no attempt
            state.begin(plan, request)
            if plan.watcher is not None:
                plan.watcher.sending()
            try:
                # What came is in no local of this frame: a traceback would show it.
                return self._judged(
                    request, state, slot, *await self._attempt(session, request, plan, state)
                )
            except PostmanError as error:
                wait = _wait(error, plan, state.attempts)
                held = self._learn(slot, error)
                if plan.watcher is not None and not_taken(error):
                    plan.watcher.refused()
                if wait is None:
                    raise
                state.taken = state.taken and not not_taken(error)
                log.info("%s: again in %.2f s after %s", request.call, wait, _short(error))
            if not held:
                await asyncio.sleep(wait)

    async def _place(self, limiter: Limiter, group: LimitGroup, state: _Progress) -> Slot:
        """Wait for a place within the limits; a call that was refused keeps its turn."""
        self.sessions.get()
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            return await limiter.acquire(group, until=state.until(), sequence=state.sequence)
        finally:
            state.waited += clock() - began

    def _learn(self, slot: Slot | None, error: PostmanError) -> bool:
        """Tell the limiter of a failure; whether it holds the next attempt back by itself."""
        if self.limiter is None or slot is None:
            return False
        if isinstance(error, RateLimitError):
            return self.limiter.on_refusal(slot, error.rate_limit or RateLimit())
        if isinstance(error, ConnectError):
            self.limiter.release(slot)
        return False

    async def _attempt(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        plan: Plan,
        state: _Progress,
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """Send the request once, and read what comes; an answer that cannot be had is raised."""
        started = time.monotonic()
        response: aiohttp.ClientResponse | None = None
        failure, content = None, b""
        try:
            response = await self._open(session, request, plan)
            most = self.max_answer if 200 <= response.status < 300 else ERROR_CONTENT
            # Read to its end, it has given its connection back; if that fails, closed it.
            content = content_at_once(response, session) or await read_content(response, most)
            if len(content) > most:
                raise TooLargeError(content)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # An answer that says no has said so with its status, even if its body is cut.
            cut = isinstance(error, aiohttp.ClientPayloadError)
            if response is None or response.status < 300 or not cut:
                unwritten = response is None and not self.sessions.observed
                failure = transport_error(request.call, error, self.mask, unwritten=unwritten)
        except TooLargeError as error:
            content = error.start[:ERROR_CONTENT]
            if response is not None and 200 <= response.status < 300:
                answer = self.mask.answer(Answer(response.status, response.headers, content))
                failure = AnswerTooLargeError(request.call, answer, self.max_answer)
        if log.isEnabledFor(logging.DEBUG):
            outcome = _short(failure) if response is None or failure else response.status
            seconds = time.monotonic() - started
            log.debug(
                "%s: attempt %d: %s in %.3f s", request.call, state.attempts, outcome, seconds
            )
        # Raised outside of `except`: aiohttp's errors can hold the request's headers.
        if failure is not None:
            raise failure
        assert response is not None
        return response, content

    def _judged(
        self,
        request: Request,
        state: _Progress,
        slot: Slot | None,
        response: aiohttp.ClientResponse,
        content: bytes,
    ) -> RawResponse[Any]:
        """Learn from an answer, and make its value or its error."""
        status, told = response.status, read_rate_limit(response.headers)
        if told is not NO_LIMITS:
            self.quota.update(told)
            if self.limiter is not None and slot is not None and status != 429:
                self.limiter.on_answer(slot, told)
        if status < 200:  # a 101: the connection speaks another protocol now
            drop_connection(response)
            came = self.mask.answer(Answer(status, response.headers, content))
            del response, content, told
            raise InvalidResponseError(request.call, came, f"nobody asked for the answer {status}")
        if not 200 <= status < 300:
            answer = self.mask.answer(Answer(status, response.headers, content))
            # A traceback with locals would show what came, in which the key may be echoed.
            del response, content, told
            raise error_of(request.call, answer)
        answered = state.response(status, response.headers, content, told)
        try:
            answered.value = state.read(answered)
            return answered
        except (InvalidResponseError, ResponseValidationError) as error:
            failure = error.with_traceback(None)
        if isinstance(failure, InvalidResponseError):  # what comes next there is doubtful, too
            drop_connection(response)
        del response, content, told, answered
        raise failure

    def _open(
        self, session: aiohttp.ClientSession, request: Request, plan: Plan
    ) -> Awaitable[aiohttp.ClientResponse]:
        url = URL(self.base_url + request.path, encoded=True)
        return session.request(
            request.method,
            url.extend_query(request.query) if request.query else url,
            # Not those of the session, which aiohttp would show to a proxy, too.
            headers={**self._headers, **request.headers} if request.headers else self._headers,
            data=_data(request.body),
            skip_auto_headers=_not_by_itself(request),
            allow_redirects=False,
            raise_for_status=False,
            timeout=_times(plan.connect, plan.read),
            **self.sessions.per_request,
        )


_UPLOAD = 100_000
"""Bytes of a body for which a call has one second more."""


def _active(seconds: float, request: Request) -> float:
    body = request.body
    return seconds if body is None else seconds + size_of(body) // _UPLOAD


_LARGE = 2**20
_TYPE = (aiohttp.hdrs.CONTENT_TYPE,)


def _not_by_itself(request: Request) -> tuple[str, ...] | None:
    """The headers aiohttp shall not add: it would call a body that is none an octet stream."""
    return _TYPE if request.body is None and request.method != "GET" else None


def _data(body: Body | None) -> bytes | io.BytesIO | aiohttp.FormData | None:
    """Give aiohttp a body as it likes it: a large one piece by piece, a form anew each time."""
    if isinstance(body, Form):
        return _form(body)
    return io.BytesIO(body) if body is not None and len(body) > _LARGE else body


def _form(form: Form) -> aiohttp.FormData:
    data = aiohttp.FormData()
    for name, value in form.fields:
        if isinstance(value, File):
            kind = "application/octet-stream"
            data.add_field(name, io.BytesIO(value.content), filename=value.name, content_type=kind)
        else:
            data.add_field(name, value)
    return data


@define
class _Progress:
    """How far a call has come.

    Attributes:
        attempts: how often it was sent.
        waited: seconds it waited for a place within the limits.
        taken: whether the service may have acted on it.
        turn: its place in the line, once it has had one.
        read: makes the value of a 2xx answer.

    """

    read: Callable[[RawResponse[Any]], Any]
    attempts: int = 0
    waited: float = 0.0
    taken: bool = False
    sequence: int | None = None
    deadline: Deadline | None = None
    started: float = field(factory=time.monotonic)

    def until(self) -> float | None:
        """Return the time, on the loop's clock, when the call must have ended."""
        return None if self.deadline is None else self.deadline.due

    def begin(self, plan: Plan, request: Request) -> None:
        """Count an attempt; the first one starts the time in which the call is active."""
        self.attempts += 1
        self.taken = True
        if self.attempts == 1 and self.deadline is not None and plan.active is not None:
            bodiless = request.body is None
            self.deadline.begin(plan.active if bodiless else _active(plan.active, request))

    def response(
        self, status: int, headers: Mapping[str, str], content: bytes, told: RateLimit
    ) -> RawResponse[None]:
        return RawResponse(
            status=status,
            headers=headers,
            content=content,
            value=None,
            rate_limit=told,
            attempts=self.attempts,
            waited=self.waited,
            elapsed=time.monotonic() - self.started,
        )

    def out_of_time(self, request: Request, plan: Plan) -> CallTimeoutError:
        """Make the error of a call whose deadline has come."""
        active = None if plan.active is None else _active(plan.active, request)
        limits = [t for t in (plan.total, active if self.attempts else None) if t is not None]
        reason = f"no answer within the deadline of {min(limits)} s (attempt {self.attempts})"
        if self.attempts == 0:
            reason = f"no place within the rate limits before the deadline of {plan.total} s"
        return self._timed_out(request, reason)

    def no_place(self, request: Request, plan: Plan, error: NoSlotError) -> CallTimeoutError:
        """Make the error of a call for which waiting makes no sense."""
        ends = plan.total if self.attempts == 0 or plan.active is None else plan.active
        return self._timed_out(
            request,
            f"the rate limits have no place for it for {error.seconds:.1f} s, which is after its"
            f" deadline of {ends} s",
        )

    def _timed_out(self, request: Request, reason: str) -> CallTimeoutError:
        error = CallTimeoutError(request.call, reason)
        error.sent = self.taken
        return error


@functools.lru_cache(64)
def _times(connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    # aiohttp's `connect` would count the wait for a free place too.
    return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)


def _wait(error: PostmanError, plan: Plan, attempt: int) -> float | None:
    if not may_retry(error, idempotent=plan.idempotent):
        return None
    return retry_wait(error, attempt, plan.retries, random.random())  # noqa: S311 - jitter


def _short(error: PostmanError | None) -> str:
    """Name an error in a log line: its class and status, never a body."""
    status = getattr(error, "status", "")
    return f"{type(error).__name__} {status}".strip()
