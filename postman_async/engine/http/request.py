"""The request of a call, from its operation and arguments: pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import define

from postman_async.engine.http.body import Body, Form, build_body
from postman_async.engine.http.target import Secret
from postman_async.errors import InvalidArgumentError
from postman_async.unset import UNSET

if TYPE_CHECKING:
    from postman_async.engine.operation import Credential, Operation, Parameter
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
    credential: Credential = "key"

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
    rest: list[tuple[Parameter, Any]] = []
    for parameter in operation.parameters:
        value = arguments.get(parameter.name, UNSET)
        if value is UNSET:
            if parameter.required:
                raise InvalidArgumentError(f"{operation.id} needs the argument {parameter.name!r}")
        elif parameter.location == "path":  # no quoted value holds a brace
            if parameter.integer:
                value = _number(operation, parameter.name, value)
            quoted = _segment(operation, parameter.name, value)
            path = path.replace(f"{{{parameter.name}}}", quoted)
        elif parameter.location == "query":
            query[parameter.wire] = _joined(parameter, value) if parameter.joined else value
            if parameter.replaces_key:
                rest.append((parameter, value))
        elif parameter.location == "field":
            fields[parameter.wire] = value
        elif parameter.location == "document":
            document = value
        else:
            rest.append((parameter, value))
    if operation.plain and not (query or options or rest or operation.takes_body):
        return Request(operation.method, path, (), _NO_HEADERS, None)
    content_type, body = build_body(operation, fields, document, options.get("extra_body"))
    headers = _headers(options, content_type, body)
    if rest or not operation.plain:
        return _special(operation, path, query, options, headers, body, rest)
    return Request(operation.method, path, _query(query, options), headers, body)


def _special(
    operation: Operation,
    path: str,
    query: Mapping[str, Any],
    options: CallOptions,
    headers: Mapping[str, str],
    body: Body | None,
    arguments: list[tuple[Parameter, Any]],
) -> Request:
    """Make a request with constants, header arguments or credentials other than the key."""
    replaced = any(parameter.replaces_key for parameter, _ in arguments)
    own = dict(_own_headers(operation, arguments))
    return Request(
        operation.method,
        path,
        _query({**dict(operation.query), **query}, options),
        {**dict(operation.headers), **headers, **own},
        body,
        "none" if replaced else operation.credential,
    )


def _own_headers(
    operation: Operation, arguments: list[tuple[Parameter, Any]]
) -> Iterator[tuple[str, str]]:
    """Make the headers of the arguments that go there, and that of Basic authentication."""
    halves: dict[str, str] = {}
    for parameter, value in arguments:
        if parameter.location == "header" and parameter.flag is not None:
            if value:
                yield parameter.wire, parameter.flag
        elif parameter.location == "header":
            _check_header(parameter.wire, value)
            yield parameter.wire, value
        elif parameter.location in {"user", "password"}:
            halves[parameter.location] = _credential(operation, parameter.name, value)
    if halves:
        yield "Authorization", _basic(operation, halves["user"], halves["password"])


def _credential(operation: Operation, name: str, value: Any) -> str:
    """Check half of a pair; the message never holds the value."""
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError(f"{operation.id}: {name} must be a string that is not empty")
    return value


def _basic(operation: Operation, user: str, password: str) -> Secret:
    """Write a header as https://www.rfc-editor.org/rfc/rfc7617 does."""
    if ":" in user:
        raise InvalidArgumentError(f"{operation.id}: the client id must not hold a colon")
    try:
        pair = base64.b64encode(f"{user}:{password}".encode())
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{operation.id}: the client id or secret is not text") from None
    return Secret(f"Basic {pair.decode()}")


def _number(operation: Operation, name: str, value: Any) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise InvalidArgumentError(
        f"{operation.id}: {name} must be an integer, not {type(value).__name__}"
    )


def _joined(parameter: Parameter, value: Any) -> Any:
    """Join a sequence by commas; an entry that holds one would be read as two."""
    if value is None or isinstance(value, str):
        return value
    parts = [_query_value(parameter.wire, item) for item in value]
    for part in parts:
        if "," in part:
            raise InvalidArgumentError(f"an entry of {parameter.name} holds a comma: {part!r}")
    return ",".join(parts) if parts else None


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
