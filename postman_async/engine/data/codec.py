"""JSON text to data and back, by the fastest library that loses nothing.

With the extra ``[speed]``, msgspec reads and orjson writes.  Without it, and for what they refuse,
the standard library does, with the same results.  The choice was measured, and neither library
can do the other's part: orjson reads integers beyond 64 bits as floats, and msgspec writes the
private attributes of models.  Both write NaN as ``null``, so the writer searches for NaN.

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
        ValueError: the text is not JSON, or has a number that is too large for a float.
        RecursionError: the text is nested too deeply.

    """
    fast = _fast_reader()
    if fast is not None:
        decode, refused = fast
        try:
            return decode(content)
        except refused:
            pass  # the standard library accepts a little more, and has better messages
    return json.loads(content, parse_constant=_refuse_constant, parse_float=_finite)


@functools.cache
def _fast_reader() -> tuple[Callable[[bytes | str], Any], Any] | None:
    try:
        import msgspec
    except ImportError:
        return None
    return msgspec.json.Decoder().decode, (msgspec.DecodeError, ValueError, RecursionError)


LARGE = 2000
"""Bytes of JSON; a smaller text is read whole, which is faster than splitting it."""


def loads_partly(
    content: bytes, key: str, lazy_keys: Container[str], read: Read
) -> dict[str, Any] | None:
    """Read the object under one key of JSON, but leave some of its values `RawJson`.

    Those values are checked to be JSON, which takes a quarter of the time of reading them.  The
    check does not find numbers that are too large for a float.

    Args:
        content: the JSON text of an object.
        key: the key of the inner object.
        lazy_keys: the keys of the inner object whose values stay `RawJson`.
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
            stays_raw = name in lazy_keys and len(text) > len("null")
            members[name] = RawJson(text, read) if stays_raw else decode(text)
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
    """Write JSON data; it may contain models, mappings, tuples, UUIDs and members of enums.

    Half a surrogate pair, which UTF-8 cannot encode, is written as an escape.

    Raises:
        TypeError: a value cannot be written as JSON.
        ValueError: the data contains NaN, infinity or itself.
        NestingError: the data is nested too deeply, or contains itself.

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
    except (RecursionError, PostmanError):  # too deep, or a raw value that cannot be read
        return _encoded_without_recursion(value, writer)


class _Written(str):
    """A part of the output."""

    __slots__ = ()


def _encoded_without_recursion(value: Any, writer: json.JSONEncoder) -> str:
    """Write data of any depth: the limit of the libraries depends on the depth of the stack."""
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
    """Yield the parts of an object or array: output, and the values that are still to write."""
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
    """Make JSON data of a value that the standard library cannot write."""
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
    """Write the value; None where only the standard library can, or has the better message."""
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
