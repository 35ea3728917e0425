"""The document of an answer that says yes: what is no JSON, hardly JSON, or of another call."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.faults.fault import UNREADABLE, Fault, Good, Value, steps, well
from tests.faults.service import FOREIGN
from tests.faults.wire import answer

__all__ = ["FAULTS"]

RUN = frozenset({"monitors.run"})


def _fault(name: str, written: Callable[[Good], bytes], value: Value, **rest: Any) -> Fault:
    """Make a fault of a body that is written otherwise."""
    return Fault(
        name=name,
        play=lambda good: (answer(written(good), ("Date", good.date)),),
        value=value,
        errors=UNREADABLE,
        **rest,
    )


# -- what is hardly JSON -----------------------------------------------------------------------

HERE = "put it here"


def _put(good: Good, text: bytes, *, late: bool = False) -> bytes:
    """Put a text into a key that no model knows; ``late``: where large answers are read late."""
    document = copy.deepcopy(good.document)
    model = Good(good.name, document, b"", "").model
    if late and isinstance(model.get("executions"), list):
        model = model["executions"][-1]
    model["unheard"] = HERE
    return json.dumps(document).encode().replace(f'"{HERE}"'.encode(), text)


def _deep(levels: int, opening: bytes, closing: bytes) -> bytes:
    return opening * levels + b"1" + closing * levels


VALUES: dict[str, tuple[bytes, Value]] = {
    "NaN": (b"NaN", "no"),
    "Infinity": (b"Infinity", "no"),
    "-Infinity": (b"-Infinity", "no"),
    "1e999": (b"1e999", "no"),
    "-1e999": (b"-1e999", "no"),
    "1e-999": (b"1e-999", "any"),
    "an integer of 400 figures": (b"9" * 400, "any"),
    "an integer of 5,000 figures": (b"9" * 5_000, "any"),
    "a fraction of 5,000 figures": (b"0." + b"9" * 5_000, "any"),
    "a leading zero": (b"01", "no"),
    "a plus": (b"+1", "no"),
    "a hexadecimal number": (b"0x1", "no"),
    "undefined": (b"undefined", "no"),
    "True": (b"True", "no"),
    "arrays 500 deep": (_deep(500, b"[", b"]"), "any"),
    "arrays 1,000 deep": (_deep(1_000, b"[", b"]"), "any"),
    "arrays 100,000 deep": (_deep(100_000, b"[", b"]"), "any"),
    "objects 500 deep": (_deep(500, b'{"a":', b"}"), "any"),
    "objects 1,000 deep": (_deep(1_000, b'{"a":', b"}"), "any"),
    "objects 100,000 deep": (_deep(100_000, b'{"a":', b"}"), "any"),
    "a text in single quotes": (b"'a'", "no"),
    "half a surrogate, escaped": (b'"\\ud800"', "own"),
    "half a surrogate, in bytes": (b'"\xed\xa0\x80"', "own"),
    "bytes that are no UTF-8": (b'"\xff\xfe"', "no"),
    "an overlong byte": (b'"\xc0\xaf"', "no"),
    "a zero byte": (b'"a\x00b"', "no"),
    "a zero, escaped": (b'"a\\u0000b"', "own"),
    "a line break in a text": (b'"a\nb"', "no"),
    "an unknown escape": (b'"\\x41"', "no"),
    "a comma too many": (b"[1,]", "no"),
    "a comment": (b"/* no */ 1", "no"),
    "a key without quotes": (b"{a: 1}", "no"),
    "the same key twice": (b'{"a": 1, "a": 2}', "own"),
    "a key __proto__": (b'{"__proto__": {"a": 1}, "__class__": "x"}', "own"),
    "an empty key": (b'{"": 1}', "own"),
    "a text of 100 kB": (b'"' + b"a" * 100_000 + b'"', "own"),
}
"""Values somewhere in a document, and whether it may be taken."""


def _values() -> Iterator[Fault]:
    for name, (text, value) in VALUES.items():
        yield _fault(f"JSON: {name}", partial(_put, text=text), value)
        if name in _ALSO_LATE:
            yield _fault(
                f"JSON: {name}, in an execution",
                partial(_put, text=text, late=True),
                value,
                only=RUN,
            )


_ALSO_LATE = {
    "NaN",
    "1e999",
    "an integer of 5,000 figures",
    "arrays 500 deep",
    "objects 1,000 deep",
    "objects 100,000 deep",
    "half a surrogate, escaped",
    "bytes that are no UTF-8",
}


# -- the document as a whole -------------------------------------------------------------------


def _encoded(name: str) -> Callable[[Good], bytes]:
    return lambda good: good.body.decode().encode(name)


WHOLES: dict[str, tuple[Callable[[Good], bytes], Value]] = {
    "with a BOM": (lambda good: b"\xef\xbb\xbf" + good.body, "own"),
    "in UTF-16 with a BOM": (_encoded("utf-16"), "own"),
    "in UTF-16-LE": (_encoded("utf-16-le"), "own"),
    "in UTF-16-BE": (_encoded("utf-16-be"), "own"),
    "in UTF-32": (_encoded("utf-32"), "own"),
    "in Latin-1": (
        lambda good: good.body.decode().encode("latin-1", "replace").replace(b"monitor", b"m\xfc"),
        "any",
    ),
    "with blanks around it": (lambda good: b" \r\n\t" + good.body + b"\n\n ", "own"),
    "with bytes after it": (lambda good: good.body + b"x", "no"),
    "twice": (lambda good: good.body + good.body, "no"),
    "line by line": (lambda good: good.body + b"\n" + good.body + b"\n", "no"),
    "with a guard": (lambda good: b")]}',\n" + good.body, "no"),
    "as a function's argument": (lambda good: b"callback(" + good.body + b")", "no"),
    "with a form feed": (lambda good: b"\x0c" + good.body, "no"),
    "as a text of JSON": (lambda good: json.dumps(good.body.decode()).encode(), "any"),
    "in an array": (lambda good: b"[" + good.body + b"]", "any"),
    "HTML": (lambda good: b"<!doctype html><title>Sign in</title>", "no"),
    "XML": (lambda good: b"<?xml version='1.0'?><run/>", "no"),
    "YAML": (lambda good: b"run:\n  info: {status: success}\n", "no"),
    "null": (lambda good: b"null", "any"),
    "true": (lambda good: b"true", "any"),
    "a number": (lambda good: b"7", "any"),
    "a text": (lambda good: b'"ok"', "any"),
    "an empty array": (lambda good: b"[]", "any"),
    "an empty object": (lambda good: b"{}", "any"),
    "blanks": (lambda good: b" " * 5_000, "no"),
    "an error with 200": (lambda good: b'{"error": {"name": "serverError"}}', "any"),
}


def _wholes() -> Iterator[Fault]:
    for name, (written, value) in WHOLES.items():
        yield _fault(f"document: {name}", written, value)
    for name, inner in {
        "null": b"null",
        "a number": b"7",
        "a text": b'"ok"',
        "an empty array": b"[]",
        "an array of numbers": b"[1, 2]",
        "an empty object": b"{}",
    }.items():
        yield _fault(f"document: {name} under its key", partial(_under, inner=inner), "any")
    yield _fault(
        "document: its key in capitals",
        lambda good: json.dumps({k.upper(): v for k, v in good.document.items()}).encode(),
        "any",
    )


def _under(good: Good, inner: bytes) -> bytes:
    return b'{"%b": %b}' % (next(iter(good.document)).encode(), inner)


MARKS: dict[str, bytes] = {
    "after the first brace": b"{",
    "within a key": b'"nam',
    "after a key": b'"name"',
    "after a colon": b'"name":',
    "within a text": b'"name": "',
    "within a letter of UTF-8": b"\xc3",
    "after a text": b'"uid": "1-token',
    "after a comma": b",",
}
"""What a document is cut after; the length is that of what is left."""


def _cuts() -> Iterator[Fault]:
    for name, mark in MARKS.items():
        yield _fault(f"document: cut {name}", partial(_cut, mark=mark), "no")
    for name, rest in {"before the last brace": 1, "before the last two": 2}.items():
        yield _fault(f"document: cut {name}", partial(_without, last=rest), "no")


def _without(good: Good, last: int) -> bytes:
    return good.body[:-last]


def _cut(good: Good, mark: bytes) -> bytes:
    position = good.body.find(mark)
    return good.body[: position + len(mark)] if position >= 0 else good.body[: len(good.body) // 3]


# -- content types -----------------------------------------------------------------------------

TYPES = (
    "text/html",
    "text/plain; charset=utf-8",
    "application/octet-stream",
    "image/png",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "application/json; charset=utf-7",
    "application/json; charset=unheard-of",
    "application/json; charset=rot13",
    "application/json; charset=hex",
    "application/json; charset=zlib",
    "application/json; charset=base64",
    "application/json; charset=idna",
    "application/json; charset=punycode",
    "application/json; charset=unicode_escape",
    "application/json; charset=raw_unicode_escape",
    "application/json; charset=undefined",
    'application/json; charset="utf-8',
    "application/json; charset=",
    "application/json; charset=utf-8; charset=utf-16",
    "multipart/form-data; boundary=x",
    "json",
    "",
    ";;;",
    "/",
)


def _types() -> Iterator[Fault]:
    for kind in TYPES:
        yield Fault(
            name=f"content type: {kind or 'empty'}",
            play=well(("Content-Type", kind)),
            value="own",
        )
    for charset in ("unicode_escape", "rot13", "undefined", "hex", "utf-7", "idna"):
        kind = f"application/json; charset={charset}"
        yield Fault(
            name=f"content type: charset={charset} of what is no JSON",
            play=steps(answer(b"\x80+ADw-\\x41", ("Content-Type", kind))),
            errors=UNREADABLE,
        )


# -- runs --------------------------------------------------------------------------------------

_OTHERS: tuple[Any, ...] = (None, 7, "seven", [7], {"seven": 7}, True)


_PATHS = (
    "info",
    "info.jobId",
    "info.monitorId",
    "info.name",
    "info.status",
    "info.startedAt",
    "info.finishedAt",
    "info.collectionUid",
    "stats",
    "stats.assertions",
    "stats.assertions.total",
    "stats.assertions.failed",
    "stats.requests",
    "stats.requests.failed",
    "stats.responseLatency",
    "executions",
    "executions.0",
    "executions.0.id",
    "executions.0.item",
    "executions.0.item.name",
    "executions.0.request",
    "executions.0.request.method",
    "executions.0.request.url",
    "executions.0.request.headers",
    "executions.0.response",
    "executions.0.response.code",
    "executions.0.response.responseTime",
    "executions.0.assertions",
    "failures",
)
"""The fields of a run."""


def _fields() -> Iterator[Fault]:
    """Give each field of a run a value of another type, one after the other."""
    for number, path in enumerate(_PATHS):
        for other in (_OTHERS[number % len(_OTHERS)], _OTHERS[(number + 3) % len(_OTHERS)]):
            kind = type(other).__name__
            yield _fault(
                f"run: {path} is {kind}",
                partial(_with_other, path=path, other=other),
                "any",
                only=RUN,
            )


def _with_other(good: Good, path: str, other: Any) -> bytes:
    document = copy.deepcopy(good.document)
    inner: Any = document["run"]
    *way, last = path.split(".")
    for part in way:
        inner = inner[int(part)] if isinstance(inner, list) else inner[part]
    inner[int(last) if isinstance(inner, list) else last] = other
    return json.dumps(document).encode()


def _of_others() -> Iterator[Fault]:
    """Results that belong to another monitor: they must not be taken for the own one."""
    yield _fault(
        "run: of another monitor",
        lambda good: _with_info(good, {"monitorId": "another", "jobId": FOREIGN}),
        "no",
        only=RUN,
    )
    yield _fault(
        "run: of another monitor of the same owner, by its uid",
        lambda good: _with_info(good, {"monitorId": "12345678-another", "jobId": FOREIGN}),
        "no",
        only=RUN,
    )
    yield Fault(
        name="run: 202, it goes on",
        play=lambda good: (answer(_running(good), ("Date", good.date), status=202),),
        value="own",
        only=RUN,
    )


def _with_info(good: Good, changes: dict[str, Any]) -> bytes:
    document = copy.deepcopy(good.document)
    document["run"]["info"].update(changes)
    return json.dumps(document).encode()


def _running(good: Good) -> bytes:
    info = dict(good.document["run"]["info"], status="running")
    del info["finishedAt"]
    return json.dumps({"run": {"info": info}}).encode()


FAULTS = [*_values(), *_wholes(), *_cuts(), *_types(), *_fields(), *_of_others()]
