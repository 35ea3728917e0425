"""Every error this package raises, in one tree.

::

    PostmanError
    ├── ConfigurationError            a wrong or missing setting; nothing was sent
    ├── InvalidArgumentError          a wrong argument (a ValueError too); nothing was sent
    │   ├── EmptySelectionError       no monitor to run; none was
    │   └── NestingError              data that holds itself, or is nested too deeply
    ├── JournalError                  a batch's journal that cannot be used
    ├── BatchFailedError              not every monitor passed; raised on demand only
    ├── DeadlineExceeded              the deadline of a run in a batch passed (a TimeoutError too)
    ├── UnsettledError                the result of a run cannot be found out
    ├── TaskError                     waiting for a task brought no result
    │   ├── TaskFailedError           the work failed
    │   ├── TaskTimeoutError          the time to wait for the work passed (a TimeoutError too)
    │   └── TaskExpiredError          the service has forgotten the task
    ├── ApiError                      the service refused the call (402, 405 and others)
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
    │   ├── CallTimeoutError          a deadline or timeout passed (a TimeoutError too)
    │   ├── DisconnectedError         the connection broke while the call was under way
    │   ├── RedirectError             a redirect, which is never followed
    │   └── InvalidResponseError      the answer is not JSON, or is about another resource
    │       └── AnswerTooLargeError   a 2xx answer that is larger than the client's `max_answer`
    └── ResponseValidationError       strict=True only: the answer drifts from the specification

A message names the call, the status, the service's own words and, where the caller can do
something about it, the next step.  No message, attribute or traceback holds the API key or a header
that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

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
"""The most bytes of an answer's body that an error keeps."""


class PostmanError(Exception):
    """The base of all errors of this package."""

    attempts: int = 0
    """How often the call had been sent when the error was raised."""

    waited: float = 0.0
    """Seconds that the call had waited for the rate limits, over all attempts."""


class ConfigurationError(PostmanError):
    """A setting is wrong or missing, or a client is used in the wrong process, loop or state.

    Nothing was sent.
    """


class InvalidArgumentError(PostmanError, ValueError):
    """An argument cannot be sent (an empty id, ``..`` in a path); nothing was sent."""


class EmptySelectionError(InvalidArgumentError):
    """A batch has no monitor to run, usually by mistake; ``allow_empty=True`` allows it."""


class NestingError(InvalidArgumentError, RecursionError):
    """Data to send contains itself, or is nested too deeply for JSON (a RecursionError too)."""


class JournalError(PostmanError):
    """A batch's journal cannot be used: damaged, in use, or of another batch."""


class BatchFailedError(PostmanError):
    """Not every monitor of a batch passed; `BatchReport.raise_for_failures` raises it.

    Attributes:
        report: the report of the batch; None if the error was read from a record.

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
    """The deadline of a run, or of its batch, passed before the run had ended.

    A batch never raises this error: it is the `error` of an outcome, whose status is ``skipped``
    if the monitor was not triggered and ``unknown`` if it was.
    """


class UnsettledError(PostmanError):
    """The result of a run cannot be found out.

    A batch never raises this error: it is the `error` of an outcome whose status is ``unknown``.
    ``monitors.run`` raises it if the service accepted the run and then did not show its end.
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


def _copied(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Copy the headers: aiohttp's read-only view of them cannot be pickled."""
    copied: Mapping[str, str] = getattr(headers, "copy", lambda: headers)()
    return copied


@frozen
class Answer:
    """The parts of an HTTP answer that an error carries."""

    status: int
    headers: Mapping[str, str] = field(converter=_copied)
    content: bytes


class ApiError(PostmanError):
    """The service answered with a status outside 2xx.

    Attributes:
        call: the request's method and path.
        status: the HTTP status.
        name: the service's name of the error (``instanceNotFoundError``), or None.
        message: the service's own words, or the standard phrase of the status.
        details: the details that the service adds, or None.
        body: the body of the answer: parsed if it is JSON, else its text.
        content: the first 128 kB of the body, as bytes.
        headers: the headers of the answer; names are case-insensitive.
        method: the HTTP method of the request.
        path: the path of the request, without host and query.
        request_id: the service's id of the request, for a support case, or None.
        rate_limit: the limits that the answer's headers state.

    """

    call: str
    status: int
    name: str | None
    message: str
    details: Any
    body: Any
    content: bytes
    headers: Mapping[str, str]
    method: str
    path: str
    request_id: str | None
    rate_limit: RateLimit | None

    _next_step: ClassVar[str] = ""

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
        said = f"{self.call} answered {self.status}" + (f" {words}" if words else "")
        return said + (f" ({self._next_step})" if self._next_step else "")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross processes (a traceback in a worker pool)."""
        return restored, (type(self), str(self), self.__dict__)


class BadRequestError(ApiError):
    """400, 413, 422 or a similar status: the request itself is wrong; correct it."""


class LengthRequiredError(BadRequestError):
    """411: the request arrived without a Content-Length, which a proxy must have removed."""

    _next_step = "a proxy between here and the service removes the Content-Length: call past it"


class AuthenticationError(ApiError):
    """401: the API key is missing, malformed or not valid."""

    _next_step = "check the API key, and that it is one of this region"


class PermissionDeniedError(ApiError):
    """403 or 451: the key is valid but does not permit this call."""

    _next_step = "the user of the API key, or the team's plan, needs the permission for this call"


class NotFoundError(ApiError):
    """404 or 410: the resource does not exist (any more), or is not visible to the key."""


class ConflictError(ApiError):
    """409, 412, 423 or 424: the state of the resource forbids the call (a conflict, a lock)."""


class RateLimitError(ApiError):
    """429: too many calls in the window; the same call succeeds later."""

    @property
    def retry_after(self) -> float | None:
        """The seconds that the service asks to wait, or None if it states none."""
        return None if self.rate_limit is None else self.rate_limit.retry_after


class UsageLimitError(ApiError):
    """429 ``serviceLimitExhausted``: the plan's quota is used up; waiting does not help."""

    _next_step = "the quota of the plan is used up: another call before its reset is refused, too"


class ServerError(ApiError):
    """500 and above: the service, or a proxy in front of it, failed."""


class TransportError(PostmanError):
    """The call did not get a usable answer.

    Attributes:
        call: the request's method and path.
        reason: what went wrong, in words.
        sent: False only if it is certain that the service did not see the request.

    """

    call: str
    reason: str
    sent: bool = True

    def __init__(self, call: str, reason: str) -> None:
        """Make the message of the call and the reason."""
        self.call = call
        self.reason = reason
        super().__init__(f"{call}: {reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross processes."""
        return restored, (type(self), str(self), self.__dict__)


class ConnectError(TransportError):
    """No connection could be made, so the service never saw the request."""

    sent: bool = False


class CallTimeoutError(TransportError, TimeoutError):
    """A deadline of the call passed, or the service was silent for the read timeout."""


class DisconnectedError(TransportError):
    """The connection broke after the first byte of the request may have been sent."""


class RedirectError(TransportError):
    """The answer is a redirect, which is not followed: the key goes to one origin only.

    Attributes:
        status: the HTTP status.
        location: the target of the redirect.

    """

    status: int
    location: str

    def __init__(self, call: str, status: int, location: str) -> None:
        """Keep the target of the redirect."""
        self.status = status
        self.location = location
        super().__init__(
            call,
            f"the answer is a redirect ({status}) to {location!r}, which is never followed"
            " because the API key goes to the base URL only; set base_url if the service moved",
        )


class InvalidResponseError(TransportError):
    """The answer cannot be used: its body is not JSON, or it is about another resource.

    Attributes:
        status: the HTTP status.
        headers: the headers of the answer.
        content: the first 128 kB of the body, as bytes.

    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    def __init__(self, call: str, answer: Answer, reason: str) -> None:
        """Keep the answer that could not be used."""
        self.status = answer.status
        self.headers = answer.headers
        self.content = answer.content[:ERROR_CONTENT]
        super().__init__(call, reason)


class AnswerTooLargeError(InvalidResponseError):
    """A 2xx answer has more bytes, decompressed, than the client's option ``max_answer`` allows.

    The service carried out the call.
    """

    def __init__(self, call: str, answer: Answer, max_answer: int) -> None:
        """Keep the start of the answer."""
        reason = (
            f"the answer ({answer.status}) is larger than {max_answer} bytes and was not read to"
            " its end; to allow it, give the client a larger max_answer, or None"
        )
        super().__init__(call, answer, reason)


class ResponseValidationError(PostmanError):
    """With ``strict=True``: the answer is not what the specification promises.

    Attributes:
        call: the request's method and path.
        faults: each fault as ``path: what is wrong``.
        content: the first 128 kB of the body, as bytes.

    """

    call: str
    faults: list[str]
    content: bytes

    def __init__(self, call: str, faults: list[str], content: bytes = b"") -> None:
        """Keep all faults."""
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
