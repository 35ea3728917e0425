"""Takes the secrets out of records.

It reads three things, anywhere in the data:

- headers and other values with a name: ``Authorization``, ``Cookie``, ``X-Api-Key`` and all names
  with a word such as key, token, secret, password, auth or session in them;
- URLs, in whatever text they stand: what comes before the ``@``, and the values of query
  parameters with such names, percent-encoded or not;
- all texts, for what looks like a secret by itself (`postman_async.reports.secret_text`):
  keys of Postman, GitHub, Stripe, Slack, AWS and others, private keys, bearer tokens, JSON Web
  Tokens, ``name=value``, ``name: "value"`` and ``token: value`` with such a name,
  ``Authorization: …``.

Only values are removed; a reader still sees which header was sent.  A value that JSON cannot hold
becomes a text, and data nested too deeply is left out and noted: see `Redaction.lost`.
"""

from __future__ import annotations

import enum
import math
import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from attrs import define, field

from postman_async.reports.secret_text import (
    REDACTED,
    is_secret_name,
    redacted_text,
    without_api_keys,
)
from postman_async.reports.text import Names, clean

__all__ = [
    "MAX_DEPTH",
    "NOT_SHOWN",
    "REDACTED",
    "Redaction",
    "is_secret_name",
    "redacted",
    "redacted_text",
]

NOT_SHOWN = "[not shown]"
"""Replaces a value that cannot be shown."""

MAX_DEPTH = 100
"""Levels of data that are kept: jq 1.6 refuses a file beyond 256, and counts objects twice."""

Rule: TypeAlias = Literal["values", "tested", "headers", "kept"]
"""How redaction treats the keys of a mapping.

- ``values``: as names of values; the name decides whether a text is a secret;
- ``tested``: as names of tests, such as "token is set"; their values are never secrets;
- ``headers``: as names of headers; the name decides whether any value is a secret;
- ``kept``: as names of headers that are kept.
"""

_HEADERS: Final = frozenset({"header", "headers"})
_PAIR_NAMES: Final = ("key", "name")
_TESTED: Final = frozenset({"assertion", "assertions"})
_MAX_BITS: Final = 1023
"""Bits of an integer that a float can hold; orjson refuses a file with a longer one."""

_NAMED_LEVELS: Final = 3


def redacted(value: Any, *, keep_headers: bool = False) -> Any:
    """Copy JSON data without its secrets.

    Args:
        value: JSON data, such as a record of `postman_async.bulk.record`.
        keep_headers: keep the values of headers, except Postman's API keys.

    Returns:
        Data of the same shape.  Numbers that JSON does not know (NaN), or no float holds, have
        become texts, halves of surrogate pairs U+FFFD, and what is nested more than `MAX_DEPTH`
        levels deep is `NOT_SHOWN`.

    """
    return Redaction(keep_headers=keep_headers).copy(value)


@define
class Redaction:
    """Copies data without its secrets, level by level, without recursion.

    Attributes:
        keep_headers: whether the values of headers are kept.
        lost: the parts that could not be shown, as location and reason.

    """

    keep_headers: bool = False
    lost: dict[str, None] = field(factory=dict, init=False)
    _waiting: list[tuple[Any, Any, Any, Rule, tuple[str, ...], int]] = field(
        factory=list, init=False
    )

    def copy(self, value: Any) -> Any:
        """Copy a value."""
        root = [None]
        self._put(root, 0, value, "values", (), 0)
        while self._waiting:
            holder, key, inner, rule, path, depth = self._waiting.pop()
            if depth >= MAX_DEPTH:
                self._lose(path, f"nested more than {MAX_DEPTH} levels deep")
            elif isinstance(inner, Mapping):
                holder[key] = self._mapping(inner, rule, path, depth)
            else:
                holder[key] = self._list(inner, rule, path, depth)
        return root[0]

    def _put(
        self, holder: Any, key: Any, value: Any, rule: Rule, path: tuple[str, ...], depth: int
    ) -> None:
        """Copy a plain value; a container is queued, with a placeholder where its copy goes."""
        if isinstance(value, str):
            holder[key] = _text(value, rule)
        elif isinstance(value, Mapping | list | tuple):
            holder[key] = NOT_SHOWN
            if isinstance(key, str) and len(path) < _NAMED_LEVELS:
                path = (*path, key)
            self._waiting.append((holder, key, value, rule, path, depth))
        else:
            holder[key] = self._plain(value, path)

    def _list(self, items: Any, rule: Rule, path: tuple[str, ...], depth: int) -> list[Any]:
        content = [None] * len(items)
        inner: Rule = "values" if rule == "headers" else rule
        for number, item in enumerate(items):
            self._put(content, number, item, inner, path, depth + 1)
        return content

    def _mapping(
        self, value: Mapping[Any, Any], rule: Rule, path: tuple[str, ...], depth: int
    ) -> dict[str, Any]:
        content: dict[str, Any] = {}
        names, is_pair = Names(), _is_pair(value)
        for key, item in value.items():
            name = key if isinstance(key, str) else str(key)
            # The name of an assertion is a key too.  Names that become equal are numbered.
            new_name = names.unique(clean(name) if rule == "kept" else redacted_text(clean(name)))
            if _is_secret(name, item, value, rule, is_pair):
                content[new_name] = REDACTED
            else:
                self._put(content, new_name, item, self._inner(name, rule), path, depth + 1)
        return content

    def _inner(self, name: str, rule: Rule) -> Rule:
        if rule == "kept":
            return rule
        if name.lower() in _HEADERS:
            return "kept" if self.keep_headers else "headers"
        return "tested" if rule == "tested" or name in _TESTED else "values"

    def _plain(self, value: Any, path: tuple[str, ...]) -> Any:
        """Write a number that JSON cannot hold as text, and leave out what is not JSON."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, enum.Enum):
            return redacted(value.value)
        if isinstance(value, int):
            return value if value.bit_length() <= _MAX_BITS else self._digits(value, path)
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, uuid.UUID):
            return str(value)
        self._lose(path, f"{type(value).__name__} is not JSON")
        return NOT_SHOWN

    def _digits(self, value: int, path: tuple[str, ...]) -> str:
        try:
            return str(value)
        except ValueError:  # more digits than Python writes
            self._lose(path, f"an integer of {value.bit_length():,} bits")
            return NOT_SHOWN

    def _lose(self, path: tuple[str, ...], reason: str) -> None:
        self.lost[": ".join(filter(None, (".".join(path), reason)))] = None


def _text(value: str, rule: Rule) -> str:
    return without_api_keys(clean(value)) if rule == "kept" else redacted_text(clean(value))


def _is_secret(name: str, item: Any, holder: Mapping[Any, Any], rule: Rule, is_pair: bool) -> bool:
    """Return whether the name of a value means that all of it is a secret."""
    if rule == "kept" or item is None:
        return False
    if is_pair:
        if name == "value":
            return any(is_secret_name(other) for other in _pair_names(holder))
    elif rule == "headers":
        return is_secret_name(name)
    named = rule != "tested" and isinstance(item, str) and name not in _PAIR_NAMES
    return named and is_secret_name(name)


def _is_pair(content: Mapping[Any, Any]) -> bool:
    """Return whether it is a ``{"key": …, "value": …}``, as headers and variables are."""
    return "value" in content and bool(_pair_names(content))


def _pair_names(content: Mapping[Any, Any]) -> list[str]:
    names = (content.get(name) for name in _PAIR_NAMES)
    return [name for name in names if isinstance(name, str)]
