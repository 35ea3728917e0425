"""What can go wrong on purpose: descriptions of faults, to be scripted per operation.

::

    emulator.faults.on("monitors.run", [status(429, retry_after=1), reset_connection(), ok()])

A description does nothing by itself.  `Faults` says which request meets which of them, and
``fault_injection`` does to that request what the description says.

Where a fault has a place (``at``), it is one of:

``arrival``
    the head of the request is there, its body is not read;
``read``
    the request is read, and nothing is done about it;
``done``
    the operation is carried out, and nothing is answered;
``body``
    the operation is carried out, and half of the answer's body is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from postman_async.emulator.arguments import checked
from postman_async.emulator.exceptions import EmulatorError

__all__ = [
    "MAKERS",
    "Alter",
    "Answer",
    "Break",
    "Drip",
    "Fault",
    "Ok",
    "Place",
    "RetryAfter",
    "SlowTls",
    "Stall",
    "Trigger",
    "accepted",
    "bad_json",
    "content_type",
    "cut_body",
    "drip",
    "fault_of",
    "hang_up",
    "ok",
    "proxy_html",
    "redirect",
    "reset_connection",
    "slow_tls",
    "stall",
    "status",
    "twice",
    "wrong_length",
]

Place: TypeAlias = Literal["arrival", "read", "done", "body"]
RetryAfter: TypeAlias = Literal["Retry-After", "RetryAfter", "X-RateLimit-RetryAfter"]

_ERROR_NAMES = {
    400: "badRequest",
    401: "AuthenticationError",
    403: "forbiddenError",
    404: "instanceNotFoundError",
    429: "rateLimited",
}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_LONGEST_WAIT = 1e9  # thirty years: a moment that far off can still be written
_HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><h1>{0}</h1></body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong with one request; `name` is how it was written."""

    name: str

    def __str__(self) -> str:
        """Return the name."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Ok(Fault):
    """Nothing goes wrong: the request is answered as usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Fault):
    """The operation is not carried out; this is answered.

    Attributes:
        status: the HTTP status.
        headers: further headers.
        body: a JSON value, or text.
        retry_after: seconds for the header that asks to wait; None leaves it out.
        spelling: the name of that header.
        date: whether it names a moment (an HTTP date) in place of the seconds.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    retry_after: float | None = None
    spelling: RetryAfter = "Retry-After"
    date: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Break(Fault):
    """The connection ends, by a TCP reset or in good order."""

    at: Place
    reset: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall(Fault):
    """Nothing happens for some seconds of the emulator's clock, and then all goes on."""

    at: Place
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip(Fault):
    """The body is sent in pieces of ``size`` bytes, with a pause before each."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alter(Fault):
    """The operation is carried out, and its answer is changed on the way back.

    Attributes:
        cut: whether half of the body is left out, and the length fits what is left.
        body: what is sent in place of the body; None keeps it.
        content_type: the type that is told; None keeps the real one.
        lie: how many bytes the told length is off.
    """

    cut: bool = False
    body: str | None = None
    content_type: str | None = None
    lie: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Fault):
    """The operation is carried out in another way.

    Attributes:
        executions: how often.
        accepted: whether a run is answered with 202 while it goes on.
    """

    executions: int = 1
    accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowTls(Fault):
    """A connection has to wait before the TLS handshake begins; only for ``"connect"``."""

    seconds: float


# -- how they are written ---------------------------------------------------------------------


def ok() -> Fault:
    """Nothing goes wrong: for the places of a script where all is well."""
    return Ok(name="ok()")


@checked
def status(
    code: int,
    *,
    name: str | None = None,
    message: str = "Scripted by the test.",
    details: Any = None,
    problem: bool = False,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    retry_after: float | None = None,
    spelling: RetryAfter = "Retry-After",
    date: bool = False,
) -> Fault:
    """Answer with a status; the operation is not carried out.

    Args:
        code: the HTTP status, 200 to 599.
        name: the error's name; None means the service's own for that status.
        message: the error's message.
        details: the error's details.
        problem: whether the body is a problem document in place of ``{"error": …}``.
        body: a body of your own (JSON value, or text), in place of both.
        headers: further headers.
        retry_after: seconds that the client is asked to wait.
        spelling: which header says so.
        date: whether it says so with an HTTP date.
    """
    _code(code)
    if retry_after is not None and abs(retry_after) > _LONGEST_WAIT:
        raise EmulatorError(f"retry_after is at most {_LONGEST_WAIT:g} seconds, not {retry_after}")
    if body is None:
        error = name or _ERROR_NAMES.get(code, "serverError")
        body = _problem(code, error, message) if problem else _named(error, message, details)
    return Answer(
        name=f"status({code})",
        status=code,
        headers=_headers(headers or {}),
        body=_body(body),
        retry_after=retry_after,
        spelling=spelling,
        date=date,
    )


def _code(code: int) -> int:
    if not 200 <= code <= 599:
        raise EmulatorError(f"code is a status from 200 to 599, not {code!r}")
    return code


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers that can be sent; what cannot would end the connection without an answer."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise EmulatorError(f"headers have no name {name[:100]!r}")
        _header_value(f"headers: {name}", value)
    return dict(headers)


def _header_value(name: str, value: str) -> str:
    if _CONTROL_CHARACTER.search(value):
        raise EmulatorError(f"{name} is no value of a header: {value[:100]!r}")
    return value


def _body(body: Any) -> Any:
    """Return a body that can be written as JSON."""
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise EmulatorError(f"body is a JSON value or a text: {error}") from None
    return body


def _named(name: str, message: str, details: Any) -> dict[str, Any]:
    error = {"name": name, "message": message}
    return {"error": error if details is None else {**error, "details": details}}


def _problem(code: int, title: str, message: str) -> dict[str, Any]:
    return {"type": "about:blank", "title": title, "status": code, "detail": message}


@checked
def reset_connection(at: Place = "read") -> Fault:
    """Reset the TCP connection (RST) at a place."""
    return Break(name=f"reset_connection({at!r})", at=at, reset=True)


@checked
def hang_up(at: Place = "read") -> Fault:
    """Close the connection in good order (FIN) at a place; no further byte is sent."""
    return Break(name=f"hang_up({at!r})", at=at, reset=False)


def cut_body() -> Fault:
    """Carry the operation out, send half of the body, and close the connection."""
    return Break(name="cut_body()", at="body", reset=False)


@checked
def stall(seconds: float, at: Place = "read") -> Fault:
    """Say nothing for so many seconds at a place, then go on."""
    return Stall(name=f"stall({seconds:g}, {at!r})", at=at, seconds=_positive(seconds))


@checked
def drip(seconds: float = 0.01, size: int = 1) -> Fault:
    """Send the body in pieces of ``size`` bytes, with so many seconds before each."""
    if size < 1:
        raise EmulatorError(f"size is 1 byte or more, not {size!r}")
    return Drip(name=f"drip({seconds:g}, {size})", size=size, seconds=_positive(seconds))


@checked
def bad_json(body: str | None = None) -> Fault:
    """Carry the operation out and answer what is no JSON: half of the body, or a text."""
    return Alter(name="bad_json()", cut=body is None, body=body)


@checked
def content_type(value: str) -> Fault:
    """Carry the operation out and call the answer's body something else."""
    return Alter(name=f"content_type({value!r})", content_type=_header_value("value", value))


@checked
def wrong_length(by: int) -> Fault:
    """Carry the operation out and tell a Content-Length that is ``by`` bytes off; then close."""
    return Alter(name=f"wrong_length({by})", lie=by)


@checked
def proxy_html(code: int = 502, title: str = "Bad Gateway") -> Fault:
    """Answer as a proxy in between does: HTML, whatever the status."""
    html = {"Content-Type": "text/html"}
    body = _HTML.format(title)
    return Answer(name=f"proxy_html({code})", status=_code(code), headers=html, body=body)


@checked
def redirect(location: str, code: int = 302) -> Fault:
    """Answer with a redirect to a URL."""
    headers = {"Location": _header_value("location", location)}
    return Answer(name=f"redirect({code})", status=_code(code), headers=headers, body="")


def accepted() -> Fault:
    """Begin a run and answer at once with 202, as for one that takes more than 300 s."""
    return Trigger(name="accepted()", accepted=True)


def twice() -> Fault:
    """Carry the operation out two times, as when a proxy repeats a request."""
    return Trigger(name="twice()", executions=2)


@checked
def slow_tls(seconds: float) -> Fault:
    """Let a new connection wait before its TLS handshake: ``faults.on("connect", …)``."""
    return SlowTls(name=f"slow_tls({seconds:g})", seconds=_positive(seconds))


def _positive(seconds: float) -> float:
    if not 0 <= seconds <= _LONGEST_WAIT:
        raise EmulatorError(f"seconds is from 0 to {_LONGEST_WAIT:g}, not {seconds!r}")
    return seconds


# -- from JSON, for other languages -----------------------------------------------------------

MAKERS: dict[str, Callable[..., Fault]] = {
    maker.__name__: maker
    for maker in (
        *(accepted, bad_json, content_type, cut_body, drip, hang_up, ok, proxy_html),
        *(redirect, reset_connection, slow_tls, stall, status, twice, wrong_length),
    )
}
"""The functions above by their names."""


def fault_of(value: Any) -> Fault:
    """Return the fault that JSON describes: ``"ok"``, or ``{"fault": "stall", "seconds": 2}``.

    Raises:
        EmulatorError: there is no such fault, or it has other arguments.
    """
    given = {"fault": value} if isinstance(value, str) else value
    name = given.get("fault") if isinstance(given, dict) else None
    if not isinstance(name, str) or name not in MAKERS:
        raise EmulatorError(f"a fault is one of {', '.join(MAKERS)}, not {repr(value)[:100]}")
    arguments = {key: argument for key, argument in given.items() if key != "fault"}
    try:
        return MAKERS[name](**arguments)
    except (TypeError, ValueError, EmulatorError) as error:
        raise EmulatorError(f"the fault {name!r}: {error}") from None
