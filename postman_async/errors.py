"""Every error this package raises, in one tree.

::

    PostmanError
    ├── ConfigurationError            a wrong or missing setting; nothing was sent
    ├── InvalidArgumentError          a wrong argument (a ValueError too); nothing was sent
    │   ├── EmptySelectionError       no monitor to run; none was
    │   └── NestingError              data that holds itself, or is nested too deeply
    ├── JournalError                  a batch's journal that cannot be used
    ├── BatchFailedError              not every monitor passed; raised on demand only
    ├── DeadlineExceeded              the time of a run in a batch was up (a TimeoutError too)
    ├── UnsettledError                a run's result cannot be told from others, or is not to be had
    ├── TaskError                     work that an operation started
    │   ├── TaskFailedError           the work failed
    │   ├── TaskTimeoutError          the time to wait for it was up (a TimeoutError too)
    │   └── TaskExpiredError          the service has forgotten it
    ├── ApiError                      the service answered, and the answer is no (others: 402, 405)
    │   ├── BadRequestError           400, 413, 422, and 406, 414 to 417, 428, 431
    │   │   └── LengthRequiredError   411
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403, 451
    │   ├── NotFoundError             404, 410
    │   ├── ConflictError             409, 412, 423, 424
    │   ├── RateLimitError            429: waiting helps
    │   ├── UsageLimitError           429 serviceLimitExhausted: waiting does not help
    │   └── ServerError               500 and above
    ├── TransportError                no usable answer came
    │   ├── ConnectError              no connection: the service never saw the request
    │   ├── CallTimeoutError          the time was up (a TimeoutError too)
    │   ├── DisconnectedError         the connection broke while the call was under way
    │   ├── RedirectError             a redirect, which is never followed
    │   └── InvalidResponseError      an answer that is not what the service speaks
    │       └── AnswerTooLargeError   a 2xx answer that is larger than the client's `max_answer`
    └── ResponseValidationError       strict=True only: the answer drifts from the specification

No message, attribute or traceback of these holds the API key or a header that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from postman_async.bulk.outcome import BatchReport
    from postman_async.engine.limits.headers import RateLimit

__all__ = [
    "AnswerTooLargeError",
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "BatchFailedError",
    "CallTimeoutError",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "DeadlineExceeded",
    "DisconnectedError",
    "EmptySelectionError",
    "InvalidArgumentError",
    "InvalidResponseError",
    "JournalError",
    "LengthRequiredError",
    "NestingError",
    "NotFoundError",
    "PermissionDeniedError",
    "PostmanError",
    "RateLimitError",
    "RedirectError",
    "ResponseValidationError",
    "ServerError",
    "TaskError",
    "TaskExpiredError",
    "TaskFailedError",
    "TaskTimeoutError",
    "TransportError",
    "UnsettledError",
    "UsageLimitError",
]


ERROR_CONTENT = 131_072
"""Bytes of an answer's body that an error keeps, at most."""


class PostmanError(Exception):
    """The base of all errors of this package."""

    attempts: int = 0
    """How often the call had been sent when the error was raised."""

    waited: float = 0.0
    """Seconds it had waited for a place within the rate limits, over all attempts."""


class ConfigurationError(PostmanError):
    """A setting is wrong or missing, or a client is used where it cannot be; nothing was sent."""


class InvalidArgumentError(PostmanError, ValueError):
    """An argument cannot be sent (an empty id, ``..`` in a path); nothing was sent."""


class EmptySelectionError(InvalidArgumentError):
    """A batch has no monitor to run, which is hardly ever meant; ``allow_empty=True`` allows it."""


class NestingError(InvalidArgumentError, RecursionError):
    """Data of yours holds itself, or is nested deeper than any JSON (a RecursionError too)."""


class JournalError(PostmanError):
    """A batch's journal cannot be used: damaged, in use, or of another batch."""


class BatchFailedError(PostmanError):
    """Not every monitor of a batch passed; `BatchReport.raise_for_failures` raises it.

    Attributes:
        report: the report of the batch; None in an error that was read from a record.

    """

    report: BatchReport | None = None

    def __init__(self, message: str, report: BatchReport) -> None:
        """Keep the report."""
        self.report = report
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross processes."""
        return restored, (type(self), str(self), self.__dict__)


class DeadlineExceeded(PostmanError, TimeoutError):
    """The deadline of a run, or of its batch, passed first; it is never raised by a batch.

    It is the `error` of an outcome: ``skipped`` where the monitor was not triggered, ``unknown``
    where it was.
    """


class UnsettledError(PostmanError):
    """What came of a run cannot be told.

    A batch never raises it: it is the `error` of an outcome that is ``unknown``.  ``monitors.run``
    does, where the service answered that the run goes on and then does not show its end.
    """


class TaskError(PostmanError):
    """Waiting for a `Task` brought no result.

    Attributes:
        operation: the operation that started the task.
        task_id: the id of the task.
        raw_status: the service's word for the state, as last seen.

    """

    operation: str
    task_id: str
    raw_status: str | None

    def __init__(
        self, operation: str, task_id: str, raw_status: str | None = None, words: str = ""
    ) -> None:
        """``words`` continue the sentence that begins with the name of the task."""
        self.operation = operation
        self.task_id = task_id
        self.raw_status = raw_status
        super().__init__(f"{operation}: the task {task_id} {words}".rstrip())

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross processes."""
        return restored, (type(self), str(self), self.__dict__)


class TaskFailedError(TaskError):
    """The work that was started failed.

    Attributes:
        reason: why, in the service's words, or None.

    """

    reason: str | None

    def __init__(
        self, operation: str, task_id: str, raw_status: str | None, reason: str | None
    ) -> None:
        """Keep the reason."""
        self.reason = reason
        words = f"failed: {reason}" if reason else "failed, and the service gives no reason"
        super().__init__(operation, task_id, raw_status, words)


class TaskTimeoutError(TaskError, TimeoutError):
    """The time to wait for a task was up; the work goes on, and can be waited for again.

    Attributes:
        timeout: the seconds that it was waited for.

    """

    timeout: float

    def __init__(
        self, operation: str, task_id: str, raw_status: str | None, timeout: float
    ) -> None:
        """Keep how long it was waited for."""
        self.timeout = timeout
        words = (
            f"has not ended after {timeout:g} s (status {raw_status!r}); it goes on: wait again,"
            " or keep its reference for resume_task"
        )
        super().__init__(operation, task_id, raw_status, words)


class TaskExpiredError(TaskError):
    """The service has forgotten the task: it keeps the state of a merge for 24 hours."""

    def __init__(self, operation: str, task_id: str) -> None:
        """Name the task."""
        words = "is not known any more; the service forgets tasks some time after their end"
        super().__init__(operation, task_id, None, words)


def _own(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Copy the headers: the read-only view that aiohttp gives cannot be pickled."""
    copied: Mapping[str, str] = getattr(headers, "copy", lambda: headers)()
    return copied


@frozen
class Answer:
    """The parts of an HTTP answer that an error carries."""

    status: int
    headers: Mapping[str, str] = field(converter=_own)
    content: bytes


class ApiError(PostmanError):
    """The service answered with a status outside 2xx.

    Attributes:
        status: the HTTP status.
        name: the service's name of the error (``instanceNotFoundError``), or None.
        message: the service's own words, or the reason of the status.
        details: whatever the service adds to them, or None.
        body: the answer's body, parsed where it is JSON and else the text.
        content: the body's raw bytes; the first 128 kB of them.
        headers: the answer's headers, looked up without regard to case.
        method: the request's HTTP method.
        path: the request's path, without host and query.
        request_id: the service's id of the request, to quote in a support case, or None.
        rate_limit: what the answer told about limits.

    """

    def __init__(
        self,
        call: str,
        answer: Answer,
        *,
        name: str | None = None,
        message: str = "",
        details: Any = None,
        body: Any = None,
        rate_limit: RateLimit | None = None,
    ) -> None:
        """Keep the answer; ``call`` is the request's method and path."""
        self.call = call
        self.method, _, self.path = call.partition(" ")
        self.status = answer.status
        self.headers = answer.headers
        self.content = answer.content
        self.name = name
        self.message = message
        self.details = details
        self.body = body
        self.rate_limit = rate_limit
        self.request_id = answer.headers.get("x-request-id") or answer.headers.get("x-srv-trace")
        super().__init__(self._describe())

    def _describe(self) -> str:
        words = ": ".join(part for part in (self.name, self.message) if part)
        return f"{self.call} answered {self.status}" + (f" {words}" if words else "")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross processes (a traceback in a worker pool)."""
        return restored, (type(self), str(self), self.__dict__)


class BadRequestError(ApiError):
    """400, 413, 422 or the like: the service does not accept the request as it is."""


class LengthRequiredError(BadRequestError):
    """411: a body came without its length, which a proxy on the way must have taken away."""


class AuthenticationError(ApiError):
    """401: the API key is missing, malformed or not valid."""


class PermissionDeniedError(ApiError):
    """403 or 451: the key is valid but may not do this."""


class NotFoundError(ApiError):
    """404 or 410: there is no such thing (any more), or the key may not know of it."""


class ConflictError(ApiError):
    """409, 412, 423 or 424: the state of the thing does not allow it (a conflict, a lock)."""


class RateLimitError(ApiError):
    """429: too many calls in the window; the same call succeeds later.

    Attributes:
        retry_after: the seconds the service asks to wait, or None.

    """

    @property
    def retry_after(self) -> float | None:
        """The seconds the service asks to wait, or None if it did not say."""
        return None if self.rate_limit is None else self.rate_limit.retry_after


class UsageLimitError(ApiError):
    """429 ``serviceLimitExhausted``: the plan's quota is used up; waiting does not help."""


class ServerError(ApiError):
    """500 and above: the service, or a proxy before it, failed."""


class TransportError(PostmanError):
    """The call did not get a usable answer.

    Attributes:
        call: the request's method and path.
        sent: False only where it is certain that the service did not see the request.

    """

    sent = True

    def __init__(self, call: str, reason: str) -> None:
        """``call`` is the request's method and path, ``reason`` what went wrong."""
        self.call = call
        self.reason = reason
        super().__init__(f"{call}: {reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross processes."""
        return restored, (type(self), str(self), self.__dict__)


class ConnectError(TransportError):
    """No connection could be made, so the service never saw the request."""

    sent = False


class CallTimeoutError(TransportError, TimeoutError):
    """The time for the call, or for silence of the service, was up."""


class DisconnectedError(TransportError):
    """The connection broke after the request had begun to be sent."""


class RedirectError(TransportError):
    """The service answered with a redirect.  It is not followed: the key goes to one origin only.

    Attributes:
        status: the HTTP status.
        location: where the answer pointed to.

    """

    def __init__(self, call: str, status: int, location: str) -> None:
        """Keep where the answer pointed to."""
        self.status = status
        self.location = location
        super().__init__(
            call,
            f"the answer is a redirect ({status}) to {location!r}, which is never followed"
            " because the API key goes to the base URL only; set base_url if the service moved",
        )


class InvalidResponseError(TransportError):
    """An answer that is none: its body is not the JSON that was promised, or of another monitor.

    Attributes:
        status: the HTTP status.
        headers: the answer's headers.
        content: the body's raw bytes; the first 128 kB of them.

    """

    def __init__(self, call: str, answer: Answer, reason: str) -> None:
        """Keep the answer that could not be read."""
        self.status = answer.status
        self.headers = answer.headers
        self.content = answer.content[:ERROR_CONTENT]
        super().__init__(call, reason)


class AnswerTooLargeError(InvalidResponseError):
    """A 2xx answer has more bytes, decompressed, than the client's option ``max_answer`` allows.

    The service did what it was asked to.
    """

    def __init__(self, call: str, answer: Answer, most: int) -> None:
        """Keep the start of the answer."""
        reason = (
            f"the answer ({answer.status}) is larger than {most} bytes and was not read to its end;"
            " if it may be, give the client a larger max_answer, or None"
        )
        super().__init__(call, answer, reason)


class ResponseValidationError(PostmanError):
    """With ``strict=True``: the answer is not what the specification promises.

    Attributes:
        call: the request's method and path.
        faults: each fault as ``path: what is wrong``.
        content: the body's raw bytes; the first 128 kB of them.

    """

    def __init__(self, call: str, faults: list[str], content: bytes = b"") -> None:
        """Keep every fault that was found."""
        self.call = call
        self.faults = faults
        self.content = content[:ERROR_CONTENT]
        super().__init__(f"{call}: the answer drifts from the specification: {'; '.join(faults)}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross processes."""
        return restored, (type(self), str(self), self.__dict__)


def restored(cls: type[PostmanError], message: str, state: dict[str, Any]) -> PostmanError:
    """Make an error again from its text and attributes."""
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error
