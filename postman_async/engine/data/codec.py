"""JSON text to data and back, by the fastest library that loses nothing.

With the extra ``[speed]``, msgspec reads and orjson writes; without it, or where they refuse, it is
the standard library.  What comes out is the same.  Each was measured against the other: orjson
would read integers beyond 64 bits as floats, and msgspec would write our models by itself, with
what they remember.  Both write NaN as ``null``, so that is looked for.

The libraries are imported at the first use.
"""

from __future__ import annotations

import enum
import functools
import json
import math
import types
import uuid
from collections.abc import Callable, Container, Iterator
from typing import Any

from postman_async.engine.data.convert import one_level
from postman_async.engine.data.depth import DEEPEST
from postman_async.engine.data.plan import Document, RawJson, Read
from postman_async.errors import NestingError, PostmanError

__all__ = ["LARGE", "dumps", "get_ready", "loads", "loads_partly"]


def get_ready() -> None:
    """Import the library that reads, where it is installed."""
    _fast_reader()


def loads(content: bytes | str) -> Any:
    """Read JSON.

    Raises:
        ValueError: it is not JSON, or holds a number that no float can hold.
        RecursionError: it is nested too deeply.

    """
    fast = _fast_reader()
    if fast is not None:
        decode, refused = fast
        try:
            return decode(content)
        except refused:
            pass  # the standard library takes a little more, and has the better messages
    return json.loads(content, parse_constant=_refuse_constant, parse_float=_finite)


@functools.cache
def _fast_reader() -> tuple[Callable[[bytes | str], Any], Any] | None:
    try:
        import msgspec
    except ImportError:
        return None
    return msgspec.json.Decoder().decode, (msgspec.DecodeError, ValueError, RecursionError)


LARGE = 2000
"""Bytes of JSON; less is read faster than parts of it are found."""


def loads_partly(
    content: bytes, key: str, unread: Container[str], read: Read
) -> dict[str, Any] | None:
    """Read the object under one key of JSON, but leave some of its members text.

    That all of it is JSON is checked, which takes a quarter of the time of reading it; but not
    that a float can hold each number.

    Args:
        content: the JSON of an object.
        key: where the inner object is in it.
        unread: the keys of the inner object whose values are to stay `RawJson`.
        read: reads such a text later.

    Returns:
        The inner object; None where it cannot be read in parts.

    """
    fast = _fast_reader()
    if fast is None:
        return None
    decode, refused = fast
    try:
        if not content.isascii():
            content.decode()
        found = _splitter()(content).get(key)
        if found is None:
            return None
        members = Document()
        for name, text in found.items():
            late = name in unread and len(text) > len("null")
            members[name] = RawJson(text, read) if late else decode(text)
    except refused:
        return None
    return members


@functools.cache
def _splitter() -> Callable[[bytes], dict[str, dict[str, Any]]]:
    import msgspec

    return msgspec.json.Decoder(dict[str, dict[str, msgspec.Raw]]).decode


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large a number")
    return number


def dumps(value: Any) -> bytes:
    """Write JSON data, in which there may be models, mappings, tuples, UUIDs and members of enums.

    Half a surrogate pair, which UTF-8 cannot hold, is written as an escape.

    Raises:
        TypeError: it holds what is not JSON data.
        ValueError: it holds NaN or infinity, or itself.
        NestingError: it is nested too deeply, or holds itself.

    """
    orjson = _fast_writer()
    written = None if orjson is None else _written_fast(value, orjson)
    return _written(value) if written is None else written


def _written(value: Any) -> bytes:
    try:
        return _encoded(value, _PLAIN_WRITER).encode()
    except UnicodeEncodeError:
        return _encoded(value, _ESCAPING_WRITER).encode()


def _encoded(value: Any, writer: json.JSONEncoder) -> str:
    try:
        return writer.encode(value)
    except (RecursionError, PostmanError):  # too deep for it, or text that cannot be read
        return _encoded_without_recursion(value, writer)


class _Written(str):
    """A part of the text that is written already."""

    __slots__ = ()


def _encoded_without_recursion(value: Any, writer: json.JSONEncoder) -> str:
    """Write what is nested deeper than the libraries go, which depends on who calls them."""
    written: list[str] = []
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > DEEPEST:
            raise NestingError(f"it holds itself, or is nested over {DEEPEST} levels deep")
        if isinstance(part, _Written):
            written.append(part)
        elif isinstance(part, RawJson):
            written.append(bytes(part.text).decode())
        elif isinstance(part, dict | list | tuple):
            waiting += [(inner, depth + 1) for inner in reversed([*_pieces(part, writer)])]
        elif part is None or isinstance(part, str | int | float):
            written.append(writer.encode(part))
        else:
            waiting.append((_opened(part), depth))
    return "".join(written)


def _pieces(part: Any, writer: json.JSONEncoder) -> Iterator[Any]:
    """Yield what an object or array is written of; its values are still to be written."""
    is_object = isinstance(part, dict)
    yield _Written("{" if is_object else "[")
    for index, item in enumerate(dict.items(part) if is_object else part):
        if index:
            yield _Written(",")
        if is_object:
            yield _Written(writer.encode({item[0]: 0})[1:-2])
        yield item[1] if is_object else item
    yield _Written("}" if is_object else "]")


def _opened(value: Any) -> Any:
    """Make JSON data of what the standard library has no word for."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, RawJson):
        return value.data()
    return value.value if isinstance(value, enum.Enum) else one_level(value)


_ESCAPING_WRITER = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_opened)
_PLAIN_WRITER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_opened
)


@functools.cache
def _fast_writer() -> Any:
    try:
        import orjson
    except ImportError:
        return None
    return orjson


def _written_fast(value: Any, orjson: Any) -> bytes | None:
    """Write it; None where only the standard library can, or can tell why it is impossible."""
    levels = [value]

    def opened(inner: Any) -> Any:
        if type(inner) is RawJson:
            return orjson.Fragment(bytes(inner.text))
        levels.append(one_level(inner))
        return levels[-1]

    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    try:
        text: bytes = orjson.dumps(value, default=opened, option=options)
    except orjson.JSONEncodeError:
        return None
    return None if b"null" in text and any(map(_holds_nan, levels)) else text


_LEAVES = frozenset({str, int, bool, types.NoneType})


def _holds_nan(level: Any) -> bool:
    waiting = [level]
    for part in waiting:
        if type(part) in _LEAVES:
            continue
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part
        elif isinstance(part, float) and not math.isfinite(part):
            return True
    return False
