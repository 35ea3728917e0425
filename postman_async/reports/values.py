"""Reads values of unknown type: a record holds whatever the service sent.

A value that is not what the specification promises is read as nothing, or as its text, and never
raises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

__all__ = [
    "NOTHING",
    "Json",
    "Pairs",
    "first_name",
    "read_headers",
    "read_map",
    "read_maps",
    "read_number",
    "read_text",
    "read_time",
    "read_url",
]

Json: TypeAlias = Mapping[str, Any]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

NOTHING: Json = {}

_MAX_NUMBER = 1e15


def read_map(value: Any) -> Json:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else NOTHING


def read_maps(value: Any) -> list[Json]:
    """Return the mappings in a list; nothing for anything but a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def read_text(value: Any) -> str:
    """Return a text as it is, nothing for None, and anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


def read_number(value: Any, default: float | None = None) -> float | None:
    """Return a number that is not negative and not huge, and the default for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and 0 <= value < _MAX_NUMBER else default


def read_time(value: Any) -> datetime | None:
    """Return a time in UTC, or None for anything that is not an ISO 8601 time."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def read_url(value: Any) -> str:
    """Read a URL: a text, or Postman's object of its parts with the whole in ``raw``."""
    return read_text(value.get("raw") or value) if isinstance(value, Mapping) else read_text(value)


def read_headers(headers: Any) -> Pairs:
    """Read headers: a mapping by their names, or a list of keys and values."""
    if isinstance(headers, Mapping):
        return tuple((name, read_text(value)) for name, value in headers.items())
    pairs = [(h.get("key", h.get("name")), h.get("value")) for h in read_maps(headers)]
    return tuple((read_text(name), read_text(value)) for name, value in pairs)


def first_name(*candidates: Any) -> str:
    """Return the first name that is more than white space, or ``unnamed``."""
    names = (read_text(candidate) for candidate in candidates)
    return next((name for name in names if name.strip()), "unnamed")
