"""The saved examples of a collection, in the form that a mock server matches.

An invalid example (without a URL, or with an impossible status) is ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from postman_async.emulator.serving.forms import is_form, parts_of
from postman_async.emulator.sites.mocks.variables import PLACEHOLDER, fill, scope

__all__ = ["Example", "Pairs", "Segment", "canonical_body", "examples_of"]

Pairs = tuple[tuple[str, str], ...]

_SCHEME = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://")
_MODE_TYPES = {
    "urlencoded": "application/x-www-form-urlencoded",
    "formdata": "multipart/form-data",
    "graphql": "application/json",
}


class Segment(NamedTuple):
    """One segment of a path: its text or, for a wildcard, the name of the wildcard."""

    text: str
    wildcard: str | None = None


class Example(NamedTuple):
    """One saved example.

    Attributes:
        id: the id of the example.
        name: the name of the example.
        code: the status of the answer, or None.
        headers: the headers of the answer.
        body: the body of the answer, with placeholders.
        method: the method of the request.
        paths: the paths of the request; two if the base URL has a path too.
        query: the query parameters of the request.
        sent_headers: the headers of the request; the names are lower case.
        sent_body: the body of the request, as of `canonical_body`.
    """

    id: str
    name: str
    code: int | None
    headers: Pairs
    body: str
    method: str
    paths: tuple[tuple[Segment, ...], ...]
    query: Pairs
    sent_headers: Mapping[str, str]
    sent_body: tuple[str, str]


def examples_of(document: Mapping[str, Any], variables: Mapping[str, str]) -> Iterator[Example]:
    """Yield the valid examples of a collection, in order.

    Args:
        document: the collection.
        variables: the values of the placeholders in requests.
    """
    todo = list(reversed(document.get("item") or []))
    while todo:
        item = todo.pop()
        todo.extend(reversed(item.get("item") or []))
        for saved in item.get("response") or []:
            example = _example(saved, item.get("request"), variables)
            if example is not None:
                yield example


def _example(
    saved: Mapping[str, Any], request: Any, variables: Mapping[str, str]
) -> Example | None:
    sent = saved.get("originalRequest") or request
    sent = {"url": sent} if isinstance(sent, str) else sent
    code = saved.get("code")
    if not isinstance(sent, dict) or not _is_valid_status(code):
        return None
    address = _address(sent.get("url"))
    if address is None:
        return None
    host, path, query, values = address
    sent_headers = {k.lower(): fill(v, variables) for k, v in _headers(sent.get("header"))}
    return Example(
        id=_text(saved.get("id")),
        name=_text(saved.get("name")),
        code=code,
        headers=_headers(saved.get("header")),
        body=_text(saved.get("body")),
        method=_text(sent.get("method")).upper() or "GET",
        paths=tuple(_segments(each, values, variables) for each in _paths(host, path, variables)),
        query=tuple((fill(k, variables), fill(v, variables)) for k, v in query),
        sent_headers=sent_headers,
        sent_body=_sent_body(sent.get("body"), sent_headers.get("content-type", ""), variables),
    )


def _is_valid_status(code: Any) -> bool:
    if code is None:
        return True
    return isinstance(code, int) and not isinstance(code, bool) and 200 <= code <= 599


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _enabled(entries: Any) -> Pairs:
    """Return the enabled entries of a list of ``{key, value}``."""
    if not isinstance(entries, list):
        return ()
    return tuple(
        (entry["key"], "" if entry.get("value") is None else str(entry["value"]))
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(entry.get("key"), str)
        and not entry.get("disabled")
    )


def _headers(value: Any) -> Pairs:
    """Return headers that are given as a list or as lines of text."""
    if not isinstance(value, str):
        return _enabled(value)
    lines = (line.partition(":") for line in value.splitlines())
    return tuple((name.strip(), text.strip()) for name, colon, text in lines if colon)


# -- addresses ------------------------------------------------------------------------------


def _address(url: Any) -> tuple[str, str, Pairs, Mapping[str, str]] | None:
    """Return host, path, query and the values of ``:name`` in the path; None without a URL."""
    if isinstance(url, str):
        return (*_split(url), {})
    if not isinstance(url, dict):
        return None
    values = scope(url.get("variable"))
    if "path" in url:
        return _joined(url.get("host"), "."), _joined(url["path"], "/"), _query(url), values
    raw = url.get("raw")
    return (*_split(raw), values) if isinstance(raw, str) else None


def _query(url: Mapping[str, Any]) -> Pairs:
    query = url.get("query")
    return (
        tuple(parse_qsl(query, keep_blank_values=True))
        if isinstance(query, str)
        else _enabled(query)
    )


def _split(raw: str) -> tuple[str, str, Pairs]:
    address, _, query = raw.partition("#")[0].partition("?")
    host, _, path = _SCHEME.sub("", address, count=1).partition("/")
    return host, path, tuple(parse_qsl(query, keep_blank_values=True))


def _joined(value: Any, separator: str) -> str:
    """Return a host or a path that is given as text or as a list of parts."""
    if isinstance(value, list):
        parts = (part.get("value") if isinstance(part, dict) else part for part in value)
        return separator.join(_text(part) for part in parts)
    return _text(value).removeprefix("/")


def _paths(host: str, path: str, variables: Mapping[str, str]) -> Iterable[str]:
    """Return the path with the base URL's path and, for clients whose base is the mock, without."""
    base = _SCHEME.sub("", fill(host, variables), count=1).partition("/")[2].strip("/")
    return [f"{base}/{path}", path] if base else [path]


def _segments(
    path: str, values: Mapping[str, str], variables: Mapping[str, str]
) -> tuple[Segment, ...]:
    return tuple(_segment(part, values, variables) for part in fill(path, variables).split("/"))


def _segment(part: str, values: Mapping[str, str], variables: Mapping[str, str]) -> Segment:
    if part.startswith(":") and len(part) > 1:
        return Segment(fill(values.get(part[1:], ""), variables), part[1:])
    unresolved = PLACEHOLDER.fullmatch(part)
    return Segment("", unresolved[1].strip()) if unresolved else Segment(unquote(part))


# -- bodies ---------------------------------------------------------------------------------


def _sent_body(body: Any, content_type: str, variables: Mapping[str, str]) -> tuple[str, str]:
    if not isinstance(body, dict) or not isinstance(body.get("mode"), str):
        return canonical_body(content_type, b"")
    mode = body["mode"]
    content_type = content_type or _MODE_TYPES.get(mode) or _raw_type(body)
    if mode in ("urlencoded", "formdata"):
        pairs = [(fill(k, variables), fill(v, variables)) for k, v in _enabled(body.get(mode))]
        return _media_type(content_type), json.dumps(sorted(pairs))
    content = body.get(mode)
    text = content if isinstance(content, str) else json.dumps(content)
    return canonical_body(content_type, fill(text, variables).encode(errors="replace"))


def _raw_type(body: Mapping[str, Any]) -> str:
    options = body.get("options")
    raw = options.get("raw") if isinstance(options, dict) else None
    language = raw.get("language") if isinstance(raw, dict) else None
    return "application/json" if language == "json" else "text/plain"


def canonical_body(content_type: str, raw: bytes) -> tuple[str, str]:
    """Return media type and normalized content of a body; equivalent bodies are equal."""
    media_type = _media_type(content_type)
    if is_form(content_type):
        fields = sorted((part.name, part.text) for part in parts_of(content_type, raw))
        return media_type, json.dumps(fields)
    text = raw.decode(errors="replace")
    if media_type == _MODE_TYPES["urlencoded"]:
        return media_type, json.dumps(sorted(parse_qsl(text, keep_blank_values=True)))
    try:
        return media_type, json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return media_type, text.strip()


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
