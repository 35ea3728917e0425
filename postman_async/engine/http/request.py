"""The request of a call, from its operation and arguments: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import define

from postman_async.engine.http.body import Body, Form, build_body
from postman_async.errors import InvalidArgumentError
from postman_async.unset import UNSET

if TYPE_CHECKING:
    from postman_async.engine.operation import Operation
    from postman_async.options import CallOptions

__all__ = ["Request", "build_request"]

_RESERVED_HEADERS = frozenset({"x-api-key", "host", "content-length", "transfer-encoding"})
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN_SEGMENT = re.compile(r"[\w~-][\w.~-]*", re.ASCII)
"""A path segment that needs no quoting."""
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""A line break would start another header, and aiohttp refuses every control character but the tab
only after the connection is made; half a surrogate pair cannot be encoded."""


@define
class Request:
    """A call that is ready to be sent: the same for each attempt.

    It is never changed, but a frozen attrs class takes three times as long to make.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: Body | None

    @property
    def call(self) -> str:
        """The name of the call in messages: method and path."""
        return f"{self.method} {self.path}"


def build_request(
    operation: Operation, arguments: Mapping[str, Any], options: CallOptions
) -> Request:
    """Check the arguments and build the request.

    Args:
        operation: the endpoint.
        arguments: values by Python name; ``UNSET`` ones are not sent.
        options: the options of the call.

    Raises:
        InvalidArgumentError: an argument is missing, unknown or cannot be sent.

    """
    if not arguments.keys() <= operation.names:
        _check_names(operation, arguments)
    path, query, fields, document = operation.path, {}, {}, UNSET
    for parameter in operation.parameters:
        value = arguments.get(parameter.name, UNSET)
        if value is UNSET:
            if parameter.required:
                raise InvalidArgumentError(f"{operation.id} needs the argument {parameter.name!r}")
        elif parameter.place == "path":  # no quoted value holds a brace
            quoted = _segment(operation, parameter.name, value)
            path = path.replace(f"{{{parameter.name}}}", quoted)
        elif parameter.place == "query":
            query[parameter.wire] = value
        elif parameter.place == "field":
            fields[parameter.wire] = value
        else:
            document = value
    if not (query or options or operation.takes_body):
        return Request(operation.method, path, (), _NO_HEADERS, None)
    content_type, body = build_body(operation, fields, document, options.get("extra_body"))
    headers = _headers(options, content_type, body)
    return Request(operation.method, path, _query(query, options), headers, body)


def _check_names(operation: Operation, arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        if value is not UNSET and name not in operation.names:
            allowed = ", ".join(p.name for p in operation.parameters) or "none"
            raise InvalidArgumentError(
                f"{operation.id} has no argument {name!r}; its arguments are: {allowed}"
            )


def _segment(operation: Operation, name: str, value: Any) -> str:
    """Quote a path segment; refuse a value that would change the path."""
    if isinstance(value, str) and _PLAIN_SEGMENT.fullmatch(value):
        return value
    if not isinstance(value, str):
        raise InvalidArgumentError(
            f"{operation.id}: {name} must be a string, not {type(value).__name__}"
        )
    if not value.strip():
        raise InvalidArgumentError(f"{operation.id}: {name} is empty")
    if value in {".", ".."}:
        raise InvalidArgumentError(f"{operation.id}: {name}={value!r} would be another path")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{operation.id}: {name} is not valid Unicode") from None


def _query(values: Mapping[str, Any], options: CallOptions) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for name, value in {**values, **options.get("extra_query", {})}.items():
        if value is None:
            continue
        many = value if isinstance(value, list | tuple) else (value,)
        pairs += [(name, _query_value(name, item)) for item in many]
    return tuple(pairs)


def _query_value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return _encodable(name, str(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    raise InvalidArgumentError(f"the query parameter {name!r} cannot be a {type(value).__name__}")


def _encodable(name: str, value: str) -> str:
    try:
        f"{name}={value}".encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"the query parameter {name!r} is not valid Unicode") from None
    return value


def _headers(
    options: CallOptions, content_type: str | None, body: Body | None
) -> Mapping[str, str]:
    extra = options.get("extra_headers", {})
    for name, value in extra.items():
        _check_header(name, value)
    own_type = any(name.lower() == "content-type" for name in extra)
    if own_type and isinstance(body, Form):
        raise InvalidArgumentError("extra_headers must not set the Content-Type of a form")
    ours = {} if own_type or content_type is None else {"Content-Type": content_type}
    return {**ours, **extra}


def _check_header(name: Any, value: Any) -> None:
    """Refuse reserved headers in any spelling, and values that would start another header."""
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise InvalidArgumentError(f"{name!r} is not the name of a header")
    if name.lower() in _RESERVED_HEADERS:
        raise InvalidArgumentError(f"extra_headers must not set {name}")
    if not isinstance(value, str):
        kind = type(value).__name__
        raise InvalidArgumentError(f"the extra header {name!r} must be a string, not {kind}")
    if _UNSAFE.search(value):
        raise InvalidArgumentError(
            f"the extra header {name!r} contains a control character or invalid Unicode"
        )
