"""The value or the error of an answer, from its bytes: pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import define, field

from postman_async.engine.data.codec import loads, loads_partly
from postman_async.engine.data.depth import is_deep
from postman_async.engine.data.paths import MISSING, find
from postman_async.engine.http.page_text import page_text
from postman_async.engine.limits.headers import RateLimit, read_rate_limit
from postman_async.errors import (
    Answer,
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InvalidResponseError,
    LengthRequiredError,
    NotFoundError,
    PermissionDeniedError,
    PostmanError,
    RateLimitError,
    RedirectError,
    ServerError,
    UsageLimitError,
)
from postman_async.paging import Page

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask
    from postman_async.engine.operation import Result

__all__ = [
    "RawResponse",
    "error_of",
    "parse_json",
    "parse_partly",
    "parse_text",
    "says_json",
    "value_of",
]

T = TypeVar("T")

_MESSAGE_LENGTH = 500
_LONGEST_WORDS = 4000
"""Characters kept of the service's own words, which may list many faults."""
_ERROR_LEVELS = 50
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_TEXT_ENCODING = re.compile(
    r"utf-?(8|16|32)(-?[lb]e)?|(us-)?ascii|(iso-?8859|latin)-?\d{1,2}|(windows-|cp)125\d"
)
"""The charsets a body may be decoded with: Python has codecs that are not text encodings (``zip``,
``idna``, ``unicode_escape``), and looks for others by importing the named module."""
_TOO_DEEP = "it is nested too deeply to be read (over some 900 levels)"
_NO_CONTENT = frozenset({204, 205})
_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    406: BadRequestError,
    409: ConflictError,
    410: NotFoundError,
    411: LengthRequiredError,
    412: ConflictError,
    413: BadRequestError,
    **dict.fromkeys((414, 415, 416, 417, 422, 428, 431), BadRequestError),
    **dict.fromkeys((423, 424), ConflictError),
    429: RateLimitError,
    451: PermissionDeniedError,
}
_USED_UP = frozenset({(429, "serviceLimitExhausted"), (403, "limitReachedError")})
"""The quota of the plan, by status and name: waiting does not help."""
_NAME = re.compile(r"[A-Za-z][\w-]{2,}")
_ADDRESS = re.compile(r"(?:https?|urn):.*[/:]([A-Za-z][\w-]{2,})/?")


@define(kw_only=True)
class RawResponse(Generic[T]):
    """An answer with its HTTP details, as ``with_raw_response`` methods return it.

    Attributes:
        status: the HTTP status.
        headers: the headers; names are case-insensitive.
        content: the body, as bytes.
        value: the parsed body, as the plain method returns it.
        rate_limit: the limits that the headers state.
        attempts: how often the call was sent.
        waited: seconds that the call waited for the rate limits, over all attempts.
        elapsed: seconds from the first attempt to the answer, waits included.

    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    value: T
    rate_limit: RateLimit
    attempts: int
    elapsed: float
    waited: float = 0.0


def parse_json(call: str, answer: Answer | RawResponse[Any], mask: KeyMask | None = None) -> Any:
    """Parse the body of a 2xx answer, whatever its content type: services get it wrong.

    Returns:
        The parsed body; None for an empty body with a status that has none (204, 205).

    Raises:
        InvalidResponseError: the body is empty, cut or not JSON.

    """
    if answer.status in _NO_CONTENT and not answer.content:
        return None
    try:
        return _read(loads, answer)
    except (ValueError, RecursionError) as error:
        came = Answer(answer.status, answer.headers, answer.content)
        failure = _not_json(call, came, error, mask)
    raise failure


def says_json(answer: RawResponse[Any]) -> bool:
    """Whether the content type of an answer is JSON."""
    return "json" in answer.headers.get("content-type", "").lower()


def parse_text(answer: RawResponse[Any]) -> str:
    """Decode the body of an answer that is text and not JSON."""
    return _decoded(answer, "replace")


def parse_partly(
    call: str,
    answer: RawResponse[Any],
    key: str,
    unread: Container[str],
    mask: KeyMask | None = None,
) -> dict[str, Any] | None:
    """Parse the object under one key of a large body, and leave some of its members as text.

    A number in them that no float can hold raises its error when the member is read.

    Returns:
        The object; None if `parse_json` must parse the whole body.

    """
    # Not the answer itself: it will refer to the model, which refers to this reader.
    read = _LateReader(call, Answer(answer.status, answer.headers, answer.content), mask)
    return loads_partly(answer.content, key, unread, read)


@define(repr=False)
class _LateReader:
    """Reads a part of an answer later; its repr does not show the answer."""

    _call: str
    _answer: Answer
    _mask: KeyMask | None

    def __call__(self, text: Any) -> Any:
        try:
            return loads(bytes(text))
        except (ValueError, RecursionError) as error:
            failure = _not_json(self._call, self._answer, error, self._mask)
        del text
        raise failure


def _not_json(
    call: str, answer: Answer, error: Exception, mask: KeyMask | None
) -> InvalidResponseError:
    answer = answer if mask is None else mask.answer(answer)
    kind = answer.headers.get("content-type", "no content type")
    came = f"the answer ({answer.status}, {kind[:_MESSAGE_LENGTH]}, {len(answer.content)} bytes)"
    if isinstance(error, RecursionError):
        return InvalidResponseError(call, answer, f"{came} is not JSON: {_TOO_DEEP}")
    return InvalidResponseError(call, answer, f"{came} is not JSON: {str(error)[:_MESSAGE_LENGTH]}")


def _read(read: Callable[[bytes | str], Any], answer: Answer | RawResponse[Any]) -> Any:
    """Parse a body: JSON shows whether it is UTF-8, 16 or 32; other charsets are in the header."""
    try:
        return read(answer.content)
    except ValueError:
        return read(_decoded(answer, "strict"))


def _decoded(answer: Answer | RawResponse[Any], errors: str) -> str:
    try:
        return answer.content.decode(_charset(answer), errors)
    except (LookupError, UnicodeError):  # unknown to Python, or not what the header says
        return answer.content.decode("utf-8", errors)


def _charset(answer: Answer | RawResponse[Any]) -> str:
    named = _CHARSET.search(answer.headers.get("content-type", ""))
    name = named[1].lower() if named else ""
    return name if _TEXT_ENCODING.fullmatch(name) else "utf-8"


def value_of(result: Result, body: Any, structure: Callable[[Any], Any]) -> Any:
    """Unwrap the one key of the body, and make models of its content, or a `Page` of them.

    A body of another form than specified is returned as it is, and so is one without the key.
    """
    content = body
    if result.keys:
        if isinstance(body, dict) and result.key in body:
            content = body[result.key]
        elif (found := find(body, result.keys)) is not MISSING:
            content = found
    if result.many:
        value = [structure(item) for item in content] if isinstance(content, list) else content
    elif result.maps:
        value = _in_maps(result.maps, content, structure)
    else:
        value = structure(content)
    if result.paging and isinstance(value, list):
        meta = _meta(result, body)
        cursor = _next_cursor(meta) or _next_cursor(body)
        return Page(value, next_cursor=cursor, meta=meta)
    return value


def _meta(result: Result, body: Any) -> Any:
    """Return what is said about a page; SCIM says it beside the list."""
    if not isinstance(body, dict):
        return None
    if result.paging == "scim":
        return {key: value for key, value in body.items() if key != result.keys[0]}
    return body.get(result.meta)


def _in_maps(depth: int, content: Any, structure: Callable[[Any], Any]) -> Any:
    """Structure the values of nested maps; what is not a map stays as it is."""
    if not depth:
        return structure(content)
    if not isinstance(content, dict):
        return content
    return {key: _in_maps(depth - 1, inner, structure) for key, inner in content.items()}


def _next_cursor(meta: Any) -> str | None:
    cursor = meta.get("nextCursor") if isinstance(meta, dict) else None
    return cursor if isinstance(cursor, str) and cursor else None


def error_of(call: str, answer: Answer) -> PostmanError:
    """Make the error of an answer outside 2xx."""
    location = answer.headers.get("location")
    if 300 <= answer.status < 400:
        return RedirectError(call, answer.status, location or "nowhere")
    body = _error_body(answer)
    name, message, details = _words(body)
    used_up = answer.status == 429 and _names_the_plan(body)
    return (UsageLimitError if used_up else _class_of(answer.status, name))(
        call,
        answer,
        name=name,
        message=message or _text(answer),
        details=details,
        body=body,
        rate_limit=read_rate_limit(answer.headers),
    )


def _names_the_plan(body: Any) -> bool:
    """Whether a problem's title says that the plan's limit is reached, and not that of a window."""
    return isinstance(body, dict) and str(body.get("title")).endswith("limit for your plan")


def _class_of(status: int, name: str | None) -> type[ApiError]:
    if (status, name) in _USED_UP:
        return UsageLimitError
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, ApiError)


def _error_body(answer: Answer) -> Any:
    """Parse the body of an error; deeply nested JSON stays text."""
    try:
        body = _read(json.loads, answer)
    except (ValueError, RecursionError):
        return _decoded(answer, "replace")
    return _decoded(answer, "replace") if is_deep(body, _ERROR_LEVELS) else body


def _words(body: Any) -> tuple[str | None, str, Any]:
    """Read ``{"error": {name, message, details}}``, problem+json and SCIM's form.

    Those are ``{type, title, detail}`` (https://www.rfc-editor.org/rfc/rfc9457) and ``{scimType,
    detail}`` (https://www.rfc-editor.org/rfc/rfc7644#section-3.12).
    """
    if not isinstance(body, dict):
        return None, "", None
    error = body.get("error") or body
    if isinstance(error, str):
        return _flat_words(error, body)
    if not isinstance(error, dict):
        return None, "", None
    name = error.get("name") or error.get("scimType") or _type_name(error.get("type"))
    name = name or error.get("title")
    message = error.get("message") or error.get("detail") or ""
    return (_shortened(name) if name else None), _shortened(message), error.get("details")


def _type_name(kind: Any) -> str | None:
    """Read the name in a problem's type: a word, or the end of a URL or URN."""
    if not isinstance(kind, str):
        return None
    if _NAME.fullmatch(kind):
        return kind
    address = _ADDRESS.fullmatch(kind)
    return address[1] if address else None


def _flat_words(error: str, body: Mapping[str, Any]) -> tuple[str | None, str, Any]:
    """Read ``{"error": name, "message": …}``; alone, ``error`` is a name or the words.

    OAuth's words are the ``error_description`` (https://www.rfc-editor.org/rfc/rfc6749).
    """
    message = body.get("message") or body.get("error_description") or ""
    if message or error.isidentifier():
        return _shortened(error), _shortened(message), body.get("details")
    return None, _shortened(error), body.get("details")


def _shortened(words: Any) -> str:
    return str(words)[:_LONGEST_WORDS]


def _text(answer: Answer) -> str:
    """Return the text of a proxy's page, or the standard phrase of the status."""
    words = page_text(_decoded(answer, "replace"))
    if words and not words.startswith(("{", "[")):
        return words[:_MESSAGE_LENGTH]
    try:
        return HTTPStatus(answer.status).phrase
    except ValueError:
        return "no reason given"
