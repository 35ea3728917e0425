"""Validation of bodies and queries; each check raises the error of the service.

The ``path`` of a value is dotted and appears in the message, such as ``environment.values.0``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from postman_async.emulator.errors import bad_request, malformed, missing_parameter

__all__ = [
    "boolean",
    "expect",
    "flag",
    "mapping",
    "moment",
    "one_of",
    "parse",
    "positive",
    "text",
    "wrapped",
]

Json: TypeAlias = dict[str, Any]

MAX_DEPTH = 400
"""The maximum nesting of a body: no real collection is deeper, and the stack is limited."""


def parse(raw: bytes) -> Any:
    """Parse a JSON body; malformedRequestError if it is not valid or nests too deep."""
    try:
        value = json.loads(raw.decode(), parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as reason:
        raise malformed(f"The body is not valid JSON: {_short(reason)}") from None
    if _too_deep(value):
        raise malformed(f"The body nests deeper than {MAX_DEPTH} levels.")
    return value


def _short(reason: Exception) -> str:
    # The text of a UnicodeDecodeError contains the whole body.
    return "it is not UTF-8" if isinstance(reason, UnicodeDecodeError) else str(reason)[:200]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        nested: list[Any] = []
        for entry in level:
            if isinstance(entry, dict):
                nested.extend(v for v in entry.values() if isinstance(v, dict | list))
            elif isinstance(entry, list):
                nested.extend(v for v in entry if isinstance(v, dict | list))
        if not nested:
            return False
        level = nested
    return True


def type_name(value: Any) -> str:
    """Return the JSON name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names: dict[type, str] = {str: "string", dict: "object", list: "array"}
    return names.get(type(value), "number")


def expect(value: Any, types: str, path: str) -> Any:
    """Return the value if its JSON type is one of ``types`` (joined by ``|``), else raise."""
    actual = type_name(value)
    if actual not in types.split("|"):
        expected = types.replace("|", "/")
        raise malformed(f"Invalid type: {actual} (expected {expected}) at {path}")
    return value


def mapping(value: Any, path: str) -> Json:
    """Return the value if it is an object, else raise."""
    found: Json = expect(value, "object", path)
    return found


def array(value: Any, path: str) -> list[Any]:
    """Return the value if it is an array, else raise."""
    found: list[Any] = expect(value, "array", path)
    return found


def required(value: Json, key: str, path: str) -> Any:
    """Return a required property; malformedRequestError if it is absent."""
    if key not in value:
        where = f" at {path}" if path else ""
        raise malformed(f"Missing required property: {key}{where}")
    return value[key]


def text(value: Any, path: str, *, shortest: int = 0, longest: int | None = None) -> str:
    """Return the value if it is a string of an accepted length in characters, else raise."""
    found: str = expect(value, "string", path)
    if len(found) < shortest:
        size = f"{len(found)} chars, minimum {shortest}"
        raise malformed(f"String is too short ({size}) at {path}")
    if longest is not None and len(found) > longest:
        size = f"{len(found)} chars, maximum {longest}"
        raise malformed(f"String is too long ({size}) at {path}")
    return found


def boolean(value: Any, path: str) -> bool:
    """Return the value if it is a boolean, else raise."""
    found: bool = expect(value, "boolean", path)
    return found


def number(value: Any, path: str, low: float, high: float) -> float:
    """Return the value if it is a number from ``low`` to ``high``, else raise."""
    found: float = expect(value, "number", path)
    if not low <= found <= high:
        raise bad_request(f"The value of {path} must be from {low} to {high}.")
    return found


def wrapped(body: Any, wrapper: str) -> Json:
    """Return the object under the wrapper key of a body; paramMissingError if it is absent."""
    if wrapper not in mapping(body, "body"):
        raise missing_parameter(wrapper)
    return mapping(body[wrapper], wrapper)


def parameter(fields: Json, name: str) -> Any:
    """Return a required field; paramMissingError if it is absent, null or empty."""
    if fields.get(name) in (None, ""):
        raise missing_parameter(name)
    return fields[name]


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """Return a boolean query parameter; None if it is absent."""
    value = query.get(name)
    if value is None:
        return None
    if value not in ("true", "false"):
        raise bad_request(f"The query parameter '{name}' must be true or false.")
    return value == "true"


def moment(query: Mapping[str, str], name: str) -> datetime | None:
    """Return a time from the query, UTC if it names no zone; None if it is absent."""
    value = query.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise bad_request(f"The query parameter '{name}' must be an ISO 8601 time.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def one_of(value: Any, known: Iterable[str], path: str) -> str:
    """Return the value if it is one of the known strings, else raise."""
    if not isinstance(value, str) or value not in known:
        raise bad_request(f"The value of {path} must be one of {', '.join(known)}.")
    return value


def positive(
    query: Mapping[str, str], name: str, *, low: int = 1, high: int | None = None
) -> int | None:
    """Return a whole number from the query; None if it is absent."""
    value = query.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 18 and int(value) >= low):
        raise bad_request(f"The query parameter '{name}' must be a whole number from {low} on.")
    if high is not None and int(value) > high:
        raise bad_request(f"The query parameter '{name}' must not be above {high}.")
    return int(value)
