"""The transport: sends a call as often as is safe, and turns each failure into our errors."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import aiohttp
from attrs import define, field
from yarl import URL

from postman_async.engine.http.connections import drop_connection
from postman_async.engine.http.content import TooLargeError, content_at_once, read_content
from postman_async.engine.http.deadlines import Deadline, Deadlines
from postman_async.engine.http.failures import transport_error
from postman_async.engine.http.payload import client_timeout, payload, skipped_headers
from postman_async.engine.http.progress import CallProgress
from postman_async.engine.http.request import Request
from postman_async.engine.http.response import RawResponse, error_of
from postman_async.engine.http.retry import may_retry, not_taken, retry_wait
from postman_async.engine.limits.groups import NoSlotError
from postman_async.engine.limits.headers import NO_LIMITS, RateLimit, read_rate_limit
from postman_async.errors import (
    ERROR_CONTENT,
    Answer,
    AnswerTooLargeError,
    ConfigurationError,
    ConnectError,
    InvalidResponseError,
    PostmanError,
    RateLimitError,
    ResponseValidationError,
)

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask
    from postman_async.engine.http.policy import CallPolicy
    from postman_async.engine.http.session import SessionHolder
    from postman_async.engine.limits.groups import LimitGroup, Slot
    from postman_async.engine.limits.limiter import Limiter
    from postman_async.engine.limits.state import MonthlyQuota
    from postman_async.engine.operation import Credential

__all__ = ["Transport"]

log: logging.Logger = logging.getLogger("postman_async")


@define
class Transport:
    """Sends requests to one origin with one key, as fast as the limits allow.

    Attributes:
        base_url: the address of the service.
        sessions: makes and guards the aiohttp session.
        limiter: paces the calls, if any limits are kept.
        quota: the quota of the month.
        mask: removes the client's key from what errors hold.
        max_answer: the most bytes of a 2xx answer, decompressed.

    """

    base_url: str
    sessions: SessionHolder
    _headers: Mapping[str, str] = field(repr=False)
    limiter: Limiter | None
    quota: MonthlyQuota
    mask: KeyMask
    max_answer: int
    _other_headers: Mapping[Credential, Mapping[str, str]] = field(factory=dict, repr=False)
    """The headers of calls that are not made with the key."""
    _deadlines: Deadlines = field(factory=Deadlines, init=False)

    async def send(
        self, request: Request, policy: CallPolicy, read: Callable[[RawResponse[Any]], Any]
    ) -> RawResponse[Any]:
        """Send the call until it is answered 2xx or may not be sent again.

        Args:
            request: the call.
            policy: how the call is to be sent.
            read: makes the value of a 2xx answer; if it raises `InvalidResponseError`, the
                connection is closed.

        Returns:
            The answer with its value.

        Raises:
            ApiError: the service refused the call.
            TransportError: no usable answer came.

        """
        progress = CallProgress(read)
        try:
            if self.sessions.process != os.getpid():
                self.sessions.claim()  # before the loop is used: it is forked, too
            if policy.total is None and policy.active is None:
                return await self._attempts(request, policy, progress)
            with Deadline(self._deadlines) as progress.deadline:
                if policy.total is not None:
                    progress.deadline.start(policy.total)
                return await self._attempts(request, policy, progress)
        except PostmanError as error:
            failure = error
        except TimeoutError:
            failure = progress.timed_out(request, policy)
        except NoSlotError as error:
            failure = progress.no_slot(request, policy, error)
        failure.attempts, failure.waited = progress.attempts, progress.waited
        raise failure

    async def _attempts(
        self, request: Request, policy: CallPolicy, progress: CallProgress
    ) -> RawResponse[Any]:
        while True:
            slot = None
            if self.limiter is not None:
                group = self.limiter.group(policy.bucket, policy.operation)
                slot = self.limiter.try_acquire(group, progress.sequence)
                if slot is None:
                    slot = await self._wait_for_slot(self.limiter, group, progress)
                progress.sequence = slot.sequence
            session = self.sessions.get()  # if it raises, there was no attempt
            progress.begin(policy, request)
            if policy.observer is not None:
                policy.observer.sending()
            try:
                # No local of this frame holds the answer: a traceback would show it.
                return self._evaluate(
                    request,
                    policy,
                    progress,
                    slot,
                    *await self._attempt(session, request, policy, progress),
                )
            except PostmanError as error:
                wait = _wait_before_retry(error, policy, progress.attempts)
                paced = self._learn_failure(slot, error)
                if policy.observer is not None and not_taken(error):
                    policy.observer.refused()
                if wait is None:
                    raise
                progress.taken = progress.taken and not not_taken(error)
                log.info("%s: again in %.2f s after %s", request.call, wait, _short(error))
            if not paced:
                await asyncio.sleep(wait)

    async def _wait_for_slot(
        self, limiter: Limiter, group: LimitGroup, progress: CallProgress
    ) -> Slot:
        """Wait until the limits let the call start; a refused call keeps its sequence."""
        self.sessions.get()
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            return await limiter.acquire(group, until=progress.until(), sequence=progress.sequence)
        finally:
            progress.waited += clock() - began

    def _learn_failure(self, slot: Slot | None, error: PostmanError) -> bool:
        """Report a failure to the limiter; return whether the limiter delays the next attempt."""
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
        policy: CallPolicy,
        progress: CallProgress,
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """Send the request once and read the answer; raise the error if there is none."""
        started = time.monotonic()
        response: aiohttp.ClientResponse | None = None
        failure, content = None, b""
        try:
            response = await self._open(session, request, policy)
            most = self.max_answer if 200 <= response.status < 300 else ERROR_CONTENT
            # An answer read to its end has returned its connection; one that is not, closes it.
            content = content_at_once(response, session) or await read_content(response, most)
            if len(content) > most:
                raise TooLargeError(content)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = self._broken(request, response, error)
        except TooLargeError as error:
            content = error.start[:ERROR_CONTENT]
            failure = self._too_large(request, response, content)
        if log.isEnabledFor(logging.DEBUG):
            outcome = _short(failure) if response is None or failure else response.status
            seconds = time.monotonic() - started
            log.debug(
                "%s: attempt %d: %s in %.3f s", request.call, progress.attempts, outcome, seconds
            )
        # Raised outside of `except`: aiohttp's errors can hold the headers of the request.
        if failure is not None:
            raise failure
        assert response is not None
        return response, content

    def _broken(
        self, request: Request, response: aiohttp.ClientResponse | None, error: Exception
    ) -> PostmanError | None:
        """Make the error of an attempt that broke; None if its status says all that is needed.

        A refusal has been understood from its status, even if its body is cut.
        """
        cut = isinstance(error, aiohttp.ClientPayloadError)
        if response is not None and response.status >= 300 and cut:
            return None
        unwritten = response is None and not self.sessions.observed
        return transport_error(request.call, error, self.mask, unwritten=unwritten)

    def _too_large(
        self, request: Request, response: aiohttp.ClientResponse | None, content: bytes
    ) -> PostmanError | None:
        """Make the error of a 2xx answer that is too large; a refusal is understood from a part."""
        if response is None or not 200 <= response.status < 300:
            return None
        answer = self.mask.answer(Answer(response.status, response.headers, content))
        return AnswerTooLargeError(request.call, answer, self.max_answer)

    def _evaluate(
        self,
        request: Request,
        policy: CallPolicy,
        progress: CallProgress,
        slot: Slot | None,
        response: aiohttp.ClientResponse,
        content: bytes,
    ) -> RawResponse[Any]:
        """Learn from an answer, and return it with its value or raise its error."""
        status, limits = response.status, read_rate_limit(response.headers)
        if limits is not NO_LIMITS:
            self.quota.update(limits)
            if self.limiter is not None and slot is not None and status != 429:
                self.limiter.on_answer(slot, limits)
        if not 200 <= status < 300 and status not in policy.redirects:
            if status < 200:  # a 101: the connection speaks another protocol now
                drop_connection(response)
            answer = self.mask.answer(Answer(status, response.headers, content))
            # A traceback with locals would show the answer, which may repeat the key.
            del response, content, limits
            raise _refusal(request.call, answer)
        answered = progress.response(status, response.headers, content, limits)
        try:
            answered.value = progress.read(answered)
            return answered
        except (InvalidResponseError, ResponseValidationError) as error:
            failure = error.with_traceback(None)
        if isinstance(failure, InvalidResponseError):  # the next answer there is doubtful, too
            drop_connection(response)
        del response, content, limits, answered
        raise failure

    def _open(
        self, session: aiohttp.ClientSession, request: Request, policy: CallPolicy
    ) -> Awaitable[aiohttp.ClientResponse]:
        url = URL(self.base_url + request.path, encoded=True)
        plain = request.credential == "key" and not request.headers
        headers = self._headers if plain else self._headers_of(request)
        return session.request(
            request.method,
            url.extend_query(request.query) if request.query else url,
            # Not as headers of the session, which aiohttp would show to a proxy, too.
            headers=headers,
            data=payload(request.body),
            skip_auto_headers=skipped_headers(request),
            allow_redirects=False,
            raise_for_status=False,
            timeout=client_timeout(policy.connect, policy.read),
            **self.sessions.per_request,
        )

    def _headers_of(self, request: Request) -> Mapping[str, str]:
        if request.credential == "key":
            headers = self._headers
        elif request.credential in self._other_headers:
            headers = self._other_headers[request.credential]
        else:
            raise ConfigurationError(
                f"{request.call} needs a SCIM API key: set the environment variable"
                " POSTMAN_SCIM_API_KEY or give scim_api_key="
            )
        return {**headers, **request.headers} if request.headers else headers


def _refusal(call: str, answer: Answer) -> PostmanError:
    """Make the error of an answer outside 2xx."""
    if answer.status < 200:
        return InvalidResponseError(call, answer, f"nobody asked for the answer {answer.status}")
    return error_of(call, answer)


def _wait_before_retry(error: PostmanError, policy: CallPolicy, attempt: int) -> float | None:
    if not may_retry(error, idempotent=policy.idempotent):
        return None
    return retry_wait(error, attempt, policy.retries, random.random())  # noqa: S311 - jitter


def _short(error: PostmanError | None) -> str:
    """Name an error in a log line by its class and status, never by a body."""
    status = getattr(error, "status", "")
    return f"{type(error).__name__} {status}".strip()
