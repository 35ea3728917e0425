"""The transport: sends a call as often as is safe, and turns each failure into our errors."""

from __future__ import annotations

import asyncio
import errno
import io
import logging
import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
from attrs import define, field, frozen
from yarl import URL

from postman_async.engine.body import Body, File, Form
from postman_async.engine.ratelimit import read_rate_limit
from postman_async.engine.request import Request
from postman_async.engine.response import RawResponse, error_of
from postman_async.engine.retry import may_retry, retry_wait
from postman_async.errors import (
    Answer,
    CallTimeoutError,
    ConnectError,
    DisconnectedError,
    PostmanError,
    TransportError,
)

if TYPE_CHECKING:
    from postman_async.engine.session import SessionHolder
    from postman_async.options import Retries, Timeout

__all__ = ["Plan", "Transport"]

log = logging.getLogger("postman_async")


@frozen(kw_only=True)
class Plan:
    """How one call is to be sent.

    Args:
        idempotent: whether it may be sent again after an ambiguous failure.
        connect: seconds for making a connection.
        read: seconds of silence allowed.
        deadline: seconds for the whole call, waits included.
        retries: how often and after what waits it is sent again.

    """

    idempotent: bool
    connect: float | None
    read: float | None
    deadline: float | None
    retries: Retries

    @classmethod
    def of(cls, *, idempotent: bool, held: bool, timeout: Timeout, retries: Retries) -> Plan:
        """Choose the times: a held call has a deadline of its own instead of a read timeout."""
        limits = [t for t in (timeout.total, timeout.run if held else None) if t is not None]
        return cls(
            idempotent=idempotent,
            connect=timeout.connect,
            read=None if held else timeout.read,
            deadline=min(limits, default=None),
            retries=retries,
        )


@define
class Transport:
    """Sends requests to one origin with one key."""

    base_url: str
    sessions: SessionHolder
    _headers: Mapping[str, str] = field(repr=False)

    async def send(self, request: Request, plan: Plan) -> RawResponse[None]:
        """Send the call until it is answered 2xx or may not be sent again.

        Raises:
            ApiError: the service said no.
            TransportError: no usable answer came.

        """
        state = _Progress()
        try:
            async with asyncio.timeout(plan.deadline):
                return await self._attempts(request, plan, state)
        except TimeoutError as error:
            failure = _deadline_error(request, plan, state, error)
        failure.attempts = state.attempts
        raise failure

    async def _attempts(self, request: Request, plan: Plan, state: _Progress) -> RawResponse[None]:
        while True:
            state.attempts += 1
            try:
                answer = await self._attempt(request, plan, state.attempts)
                return state.response(answer)
            except PostmanError as error:
                error.attempts = state.attempts
                wait = _wait(error, plan, state.attempts)
                if wait is None:
                    raise
                log.info("%s: again in %.2f s after %s", request.call, wait, _short(error))
            await asyncio.sleep(wait)

    async def _attempt(self, request: Request, plan: Plan, number: int) -> Answer:
        """Send the request once; anything but a 2xx answer is raised."""
        session, started = self.sessions.get(), time.monotonic()
        try:
            answer, failure = await self._exchange(session, request, plan), None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            answer, failure = None, _transport_error(request, error)
        outcome = answer.status if answer else _short(failure)
        seconds = time.monotonic() - started
        log.debug("%s: attempt %d: %s in %.3f s", request.call, number, outcome, seconds)
        # Raised outside of `except`: aiohttp's errors can hold the request's headers.
        if answer is None:
            assert failure is not None
            raise failure
        if not 200 <= answer.status < 300:
            raise error_of(request.call, answer)
        return answer

    async def _exchange(
        self, session: aiohttp.ClientSession, request: Request, plan: Plan
    ) -> Answer:
        url = URL(self.base_url + request.path, encoded=True)
        async with session.request(
            request.method,
            url.extend_query(request.query) if request.query else url,
            headers={**self._headers, **request.headers},
            data=_data(request.body),
            skip_auto_headers=_NO_TYPE if request.body is None else (),
            allow_redirects=False,
            raise_for_status=False,
            timeout=self._timeout(plan),
            **self.sessions.options.per_request(),
        ) as response:
            return Answer(response.status, response.headers, await _content(response))

    def _timeout(self, plan: Plan) -> aiohttp.ClientTimeout:
        # aiohttp's `connect` counts the wait for a free place too, which only our own pool lacks.
        whole = plan.connect if self.sessions.options.own_pool else None
        return aiohttp.ClientTimeout(
            total=None, connect=whole, sock_connect=plan.connect, sock_read=plan.read
        )


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """Read the body.  Where one that says no is cut short, its status has said so already."""
    try:
        return await response.read()
    except aiohttp.ClientPayloadError:
        if response.status < 300:
            raise
        return b""


_LARGE = 2**20
_NO_TYPE = ("Content-Type",)
"""aiohttp would call the body of a POST without one an octet stream."""


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
    """How far a call has come."""

    attempts: int = 0
    started: float = field(factory=time.monotonic)

    def response(self, answer: Answer) -> RawResponse[None]:
        return RawResponse(
            status=answer.status,
            headers=answer.headers,
            content=answer.content,
            value=None,
            rate_limit=read_rate_limit(answer.headers),
            attempts=self.attempts,
            elapsed=time.monotonic() - self.started,
        )


def _wait(error: PostmanError, plan: Plan, attempt: int) -> float | None:
    if not may_retry(error, idempotent=plan.idempotent):
        return None
    return retry_wait(error, attempt, plan.retries, random.random())  # noqa: S311 - jitter


def _short(error: PostmanError | None) -> str:
    """Name an error in a log line: its class and status, never a body."""
    status = getattr(error, "status", "")
    return f"{type(error).__name__} {status}".strip()


def _deadline_error(
    request: Request, plan: Plan, state: _Progress, error: TimeoutError
) -> PostmanError:
    if isinstance(error, PostmanError):
        return error
    return CallTimeoutError(
        request.call,
        f"no answer within the deadline of {plan.deadline} s (attempt {state.attempts})",
    )


def _transport_error(request: Request, error: Exception) -> TransportError:
    """Translate what aiohttp raised; only the connect family is certain not to have been sent."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ConnectError(request.call, "no connection within the connect timeout")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectError(request.call, f"the proxy refused: {error.status} {error.message}")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL):
        return ConnectError(request.call, f"no connection: {_reason(error)}{_hint(error)}")
    if isinstance(error, TimeoutError):
        return CallTimeoutError(request.call, "the service was silent for the read timeout")
    if isinstance(error, aiohttp.ClientResponseError):  # its repr holds the headers sent
        return DisconnectedError(request.call, f"the answer is not HTTP: {error.message}")
    return DisconnectedError(request.call, f"the connection broke: {_reason(error)}")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _hint(error: Exception) -> str:
    if getattr(error, "errno", None) not in (errno.EMFILE, errno.ENFILE):
        return ""
    return (
        "; each run under way holds a connection: raise the limit of open files"
        " (ulimit -n) above concurrency + 100, or lower concurrency"
    )
