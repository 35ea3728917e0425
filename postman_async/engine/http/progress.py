"""How far a call has come: its attempts and waits, and the error when its time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, field

from postman_async.engine.http.payload import seconds_with_upload
from postman_async.engine.http.response import RawResponse
from postman_async.errors import CallTimeoutError

if TYPE_CHECKING:
    from postman_async.engine.http.deadlines import Deadline
    from postman_async.engine.http.policy import CallPolicy
    from postman_async.engine.http.request import Request
    from postman_async.engine.limits.groups import NoSlotError
    from postman_async.engine.limits.headers import RateLimit

__all__ = ["CallProgress"]


@define
class CallProgress:
    """How far a call has come.

    Attributes:
        read: makes the value of a 2xx answer.
        attempts: how often the call was sent.
        waited: seconds that the call waited for the rate limits.
        taken: whether the service may have acted on the call.
        sequence: the position among all calls of the limiter, from the first slot on.
        deadline: the deadline of the call, if it has one.
        started: when the call began, on the monotonic clock.

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

    def begin(self, policy: CallPolicy, request: Request) -> None:
        """Count an attempt; the first one starts the time in which the call is active."""
        self.attempts += 1
        self.taken = True
        if self.attempts == 1 and self.deadline is not None and policy.active is not None:
            seconds, bodiless = policy.active, request.body is None
            self.deadline.start(seconds if bodiless else seconds_with_upload(seconds, request))

    def response(
        self, status: int, headers: Mapping[str, str], content: bytes, limits: RateLimit
    ) -> RawResponse[None]:
        """Make the response of the last attempt, still without its value."""
        return RawResponse(
            status=status,
            headers=headers,
            content=content,
            value=None,
            rate_limit=limits,
            attempts=self.attempts,
            waited=self.waited,
            elapsed=time.monotonic() - self.started,
        )

    def timed_out(self, request: Request, policy: CallPolicy) -> CallTimeoutError:
        """Make the error of a call whose deadline has passed."""
        if self.attempts == 0:
            reason = f"the rate limits did not let it start before its deadline of {policy.total} s"
            return self._error(request, policy, reason)
        active = None if policy.active is None else seconds_with_upload(policy.active, request)
        seconds = min(s for s in (policy.total, active) if s is not None)
        reason = f"no answer within the deadline of {seconds} s (attempt {self.attempts})"
        return self._error(request, policy, reason)

    def no_slot(self, request: Request, policy: CallPolicy, error: NoSlotError) -> CallTimeoutError:
        """Make the error of a call that cannot start before its deadline."""
        active = self.attempts > 0 and policy.active is not None
        deadline = policy.active if active else policy.total
        return self._error(
            request,
            policy,
            f"the rate limits let it start in {error.seconds:.1f} s at the earliest, which is after"
            f" its deadline of {deadline} s",
        )

    def _error(self, request: Request, policy: CallPolicy, reason: str) -> CallTimeoutError:
        if self.taken and not policy.idempotent:
            reason += "; the service may have carried it out, so check before sending it again"
        error = CallTimeoutError(request.call, reason)
        error.sent = self.taken
        return error
