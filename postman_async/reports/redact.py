"""Take secrets out of records: pure, values in, values out.

Three things are looked at, wherever they are in the data:

- headers and other values with a name: ``Authorization``, ``Cookie``, ``X-Api-Key`` and all names
  with a word such as key, token, secret, password, auth or session in them;
- URLs, in whatever text they stand: what comes before the ``@``, and the values of query
  parameters with such names;
- all texts, for what looks like a secret by itself: Postman's API keys, bearer tokens, JSON Web
  Tokens, ``name=value`` and ``name: "value"`` with such a name, ``Authorization: …``.

Only values go; a reader still sees which header was sent.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from postman_async.reports.text import apart

__all__ = ["REDACTED", "is_secret_name", "redacted", "redacted_text"]

REDACTED = "[redacted]"
"""What stands in the place of a secret."""

_SECRET_NAME = re.compile(
    r"key(?:s|id)?(?![a-z])|token|secret|passw|passphrase|pwd|auth(?!or(?!i[sz]))|session|cookie"
    r"|credential|signature|\bsig\b|jwt|bearer|csrf|xsrf"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HEADERS = frozenset({"header", "headers"})
_PAIR_NAMES = ("key", "name")
_TESTED = frozenset({"assertion", "assertions"})

_MARKS = ("=", ":", "@", "pmak-", "pmat-", "bearer", "basic", "eyj")
"""Most texts have none of these, and are done with one look."""

_API_KEY = re.compile(r"\bPMA[KT]-[\w-]*", re.IGNORECASE)
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{4,2000}\.[\w-]+(?:\.[\w-]*)?")
_BEARER = re.compile(r"\b(bearer)(\s+|%20|\+)(?!\[redacted)[\w.~+/=%-]{6,}", re.IGNORECASE)
_BASIC = re.compile(r"\b((?i:basic))(\s+)(?=[A-Za-z0-9+/_-]*(?:[a-z][A-Z]|\d|=))[\w+/=-]{6,}")
_USERINFO = re.compile(r"(\w://)[^/\s?#]*@")
_USERINFO_ALONE = re.compile(r"^[^/\s:?#@]+:[^/\s@?#]+@(?=\S)")
# A colon alone is not enough: "Auth: login works" is the name of a test.
_ASSIGNED = re.compile(
    r"""(?<![\w.%\[\]-])(?P<name>[\w.%\[\]-]++)"""
    r"""(?P<sign>["']?\s*(?:=(?!=)|:(?=\s*["']))\s*)"""
    r"""(?P<value>\[redacted\]|"[^"]*"?|'[^']*'?|[^\s&"'<>#;,)}\]]+)"""
)
_WHOLE_LINE = re.compile(
    r"""\b(?P<name>(?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(?P<sign>["']?\s*:\s*)"""
    r"""(?P<value>"[^"]*"?|'[^']*'?|[^\r\n"']+)""",
    re.IGNORECASE,
)


@functools.lru_cache(4096)
def is_secret_name(name: str) -> bool:
    """Tell whether a header, a query parameter or a variable of that name holds a secret."""
    return _SECRET_NAME.search(_CAMEL.sub("-", unquote_plus(name)).lower()) is not None


def redacted(value: Any, *, keep_headers: bool = False) -> Any:
    """Copy JSON data without its secrets.

    Args:
        value: JSON data, such as a record of `postman_async.bulk.record`.
        keep_headers: leave the values of headers as they are.  Postman's API keys go all the
            same.

    Returns:
        Data of the same shape.  Numbers that JSON does not know (NaN) have become texts.

    """
    return _walk(value, keep_headers, by_name=True)


def redacted_text(text: str) -> str:
    """Replace what looks like a secret within a text."""
    lowered = text.lower()
    if not any(mark in lowered for mark in _MARKS):
        return text
    text = _API_KEY.sub(REDACTED, text)
    text = _WEB_TOKEN.sub(REDACTED, text)
    text = _USERINFO_ALONE.sub(f"{REDACTED}@", _USERINFO.sub(rf"\1{REDACTED}@", text))
    text = _WHOLE_LINE.sub(_without_value, text)
    text = _ASSIGNED.sub(_assigned, text)
    text = _BEARER.sub(rf"\1\2{REDACTED}", text)
    return _BASIC.sub(rf"\1\2{REDACTED}", text)


def _assigned(found: re.Match[str]) -> str:
    return _without_value(found) if is_secret_name(found["name"]) else found[0]


def _without_value(found: re.Match[str]) -> str:
    value = found["value"]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found['name']}{found['sign']}{quote}{REDACTED}{quote}"


def _walk(value: Any, keep_headers: bool, *, by_name: bool) -> Any:
    """Redact data; ``by_name`` is off where keys do not name values but what is tested."""
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, Mapping):
        return _mapping(value, keep_headers, by_name=by_name)
    if isinstance(value, list | tuple):
        return [_walk(item, keep_headers, by_name=by_name) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _mapping(value: Mapping[str, Any], keep_headers: bool, *, by_name: bool) -> dict[str, Any]:
    content: dict[str, Any] = {}
    taken: set[str] = set()
    for name, item in value.items():
        # The name of an assertion is a key too.  Those that become alike must stay apart.
        told = apart(redacted_text(name), taken)
        if by_name and isinstance(item, str) and name not in _PAIR_NAMES and is_secret_name(name):
            content[told] = REDACTED
        elif name.lower() in _HEADERS:
            content[told] = _kept(item) if keep_headers else _headers(item)
        else:
            content[told] = _walk(item, keep_headers, by_name=by_name and name not in _TESTED)
    return _pair(content)


def _headers(headers: Any) -> Any:
    """Redact headers: a map by their names, or a list of pairs."""
    if not isinstance(headers, Mapping):
        return redacted(headers)
    if not _is_pair(headers):
        headers = {
            name: REDACTED if value is not None and is_secret_name(name) else value
            for name, value in headers.items()
        }
    return redacted(headers)


def _kept(headers: Any) -> Any:
    """Copy headers as they are, but for Postman's API keys."""
    if isinstance(headers, str):
        return _API_KEY.sub(REDACTED, headers)
    if isinstance(headers, Mapping):
        return {name: _kept(value) for name, value in headers.items()}
    if isinstance(headers, list | tuple):
        return [_kept(value) for value in headers]
    return redacted(headers)


def _is_pair(content: Mapping[str, Any]) -> bool:
    return "value" in content and any(isinstance(content.get(n), str) for n in _PAIR_NAMES)


def _pair(content: dict[str, Any]) -> dict[str, Any]:
    """Redact ``{"key": "token", "value": …}``, the form of headers, parameters and variables."""
    if _is_pair(content) and content["value"] is not None:
        names = (content.get(name) for name in _PAIR_NAMES)
        if any(isinstance(name, str) and is_secret_name(name) for name in names):
            content["value"] = REDACTED
    return content
