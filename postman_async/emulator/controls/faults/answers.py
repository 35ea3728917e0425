"""Answers instead of the operation's own, which is not carried out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from aiohttp import web
from attrs import field, frozen

from postman_async.emulator.arguments import checked
from postman_async.emulator.controls.faults.base import LONGEST_WAIT, Fault, Proceed, maker, read
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.serving.call import SERVICE, answer
from postman_async.emulator.serving.headers import retry_after as retry_after_value

__all__ = ["Answer", "RetryAfter", "encoded", "header_value", "proxy_html", "redirect", "status"]

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
_HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><h1>{0}</h1></body>\r\n</html>\r\n"


@frozen(kw_only=True)
class Answer(Fault):
    """The operation is not carried out; this is answered.

    Attributes:
        status: the HTTP status.
        headers: further headers.
        body: a JSON value, or text.
        retry_after: seconds for the header that asks to wait; None leaves it out.
        spelling: the name of that header.
        date: whether it names a moment (an HTTP date) instead of seconds.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: Any = None
    retry_after: float | None = None
    spelling: RetryAfter = "Retry-After"
    date: bool = False

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        """Send the answer, once the request is read."""
        await read(request)
        if isinstance(self.body, str):
            made = web.Response(body=encoded(self.body), status=self.status)
            made.headers["Content-Type"] = "text/plain; charset=utf-8"
        else:
            made = answer(self.body, self.status)
        made.headers.update(self.headers)
        if self.retry_after is not None:
            now = request.app[SERVICE].world.clock.now()
            made.headers[self.spelling] = retry_after_value(now, self.retry_after, date=self.date)
        return made


@maker
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
        problem: whether the body is a problem document instead of ``{"error": …}``.
        body: a body of your own (JSON value, or text), instead of both.
        headers: further headers.
        retry_after: seconds that the client is asked to wait.
        spelling: which header says so.
        date: whether it says so with an HTTP date.
    """
    _code(code)
    if retry_after is not None and abs(retry_after) > LONGEST_WAIT:
        raise EmulatorError(f"retry_after is at most {LONGEST_WAIT:g} seconds, not {retry_after}")
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
    """Return headers that can be sent; others would end the connection without an answer."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise EmulatorError(f"headers have no name {name[:100]!r}")
        header_value(f"headers: {name}", value)
    return dict(headers)


def header_value(name: str, value: str) -> str:
    """Return a text that can be the value of a header; EmulatorError otherwise."""
    if _CONTROL_CHARACTER.search(value):
        raise EmulatorError(f"{name} is not a value of a header: {value[:100]!r}")
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


@maker
@checked
def proxy_html(code: int = 502, title: str = "Bad Gateway") -> Fault:
    """Answer as a proxy in between does: HTML, whatever the status."""
    html = {"Content-Type": "text/html"}
    body = _HTML.format(title)
    return Answer(name=f"proxy_html({code})", status=_code(code), headers=html, body=body)


@maker
@checked
def redirect(location: str, code: int = 302) -> Fault:
    """Answer with a redirect to a URL."""
    headers = {"Location": header_value("location", location)}
    return Answer(name=f"redirect({code})", status=_code(code), headers=headers, body="")


def encoded(text: str) -> bytes:
    """Return a text as UTF-8, with half a surrogate pair as JSON can bring it."""
    return text.encode(errors="surrogatepass")
