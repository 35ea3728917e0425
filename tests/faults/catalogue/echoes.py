"""The API key, sent back by the service: it must not get into any text of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from postman_async import (
    AuthenticationError,
    BadRequestError,
    RedirectError,
    ServerError,
)
from tests.faults.catalogue.statuses import nested
from tests.faults.fault import ANY, BROKEN, UNREADABLE, Fault, steps
from tests.faults.room import KEY
from tests.faults.wire import FIN, RESET, Header, answer, head

__all__ = ["FAULTS"]

WORDS = f"Invalid API Key {KEY}, sorry"
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)

BODIES: dict[str, tuple[bytes, str]] = {
    "in its message": (nested(message=WORDS), "application/json"),
    "as its name": (nested(name=KEY), "application/json"),
    "in its details": (
        json.dumps({"error": {"name": "x", "message": "no", "details": {"key": [KEY]}}}).encode(),
        "application/json",
    ),
    "as a key of JSON": (
        json.dumps({"error": {"name": "x", "message": "no", "details": {KEY: 1}}}).encode(),
        "application/json",
    ),
    "in escapes of JSON": (
        b'{"error": {"name": "x", "message": "%b"}}' % ESCAPED.encode(),
        "application/json",
    ),
    "in a flat error": (json.dumps({"error": WORDS}).encode(), "application/json"),
    "in a page": (f"<html><h1>401</h1><p>{WORDS}</p>".encode(), "text/html"),
    "in a text": (WORDS.encode(), "text/plain"),
    "in broken JSON": (b'{"error": {"message": "%b' % WORDS.encode(), "application/json"),
    "in UTF-16": (WORDS.encode("utf-16"), "text/plain; charset=utf-16"),
    "where messages are cut": (b"x" * 470 + b" " + KEY.encode(), "text/plain"),
    "in the content type": (b"no", f"text/{KEY}"),
    "a thousand times": (WORDS.encode() * 1_000, "text/plain"),
}
"""Bodies of a refusal, with their content types."""

HEADERS: dict[str, Header] = {
    "in X-Request-Id": ("X-Request-Id", KEY),
    "in X-Api-Key": ("X-Api-Key", KEY),
    "in WWW-Authenticate": ("WWW-Authenticate", f'Key realm="{KEY}"'),
    "in Retry-After": ("Retry-After", KEY),
}


def _refusals() -> Iterator[Fault]:
    for name, (body, kind) in BODIES.items():
        yield Fault(
            name=f"401 with the key {name}",
            play=steps(answer(body, ("Content-Type", kind), status=401)),
            errors=(AuthenticationError,),
            taken=False,
        )
    for name, header in HEADERS.items():
        yield Fault(
            name=f"400 with the key {name}",
            play=steps(answer(nested(), header, status=400)),
            errors=(BadRequestError,),
            taken=False,
        )
    yield Fault(
        name="500 with the key in its message",
        play=lambda good: (answer(nested(message=WORDS), status=500),),
        errors=(ServerError,),
    )
    yield Fault(
        name="400 with the key as its reason",
        play=lambda good: (answer(nested(), status=400).replace(b"Bad Request", KEY.encode()),),
        errors=(BadRequestError,),
        taken=False,
    )


def _broken() -> Iterator[Fault]:
    for name, where in {
        "in the query": f"https://elsewhere.example/?key={KEY}",
        "before the host": f"https://{quote(KEY)}@elsewhere.example/",
        "as the path": f"/{KEY}",
    }.items():
        yield Fault(
            name=f"302 with the key {name}",
            play=steps(answer(b"", ("Location", where), status=302)),
            errors=(RedirectError,),
        )
    yield Fault(
        name="the key instead of an answer",
        play=lambda good: (f"{KEY}\r\n\r\n".encode(), FIN),
        errors=BROKEN,
    )
    yield Fault(
        name="the key as a broken header",
        play=lambda good: (b"HTTP/1.1 200 OK\r\n" + f"{KEY}\r\n\r\n".encode(), FIN),
        errors=BROKEN,
    )
    yield Fault(
        name="the key as a length",
        play=lambda good: (head(("Content-Length", KEY)), FIN),
        errors=BROKEN,
    )
    yield Fault(
        name="the key as the size of a chunk",
        play=lambda good: (head(("Transfer-Encoding", "chunked")) + f"{KEY}\r\n".encode(), RESET),
        errors=BROKEN,
    )
    yield Fault(
        name="the key as an encoding",
        play=lambda good: (answer(good.body, ("Content-Encoding", KEY)),),
        value="own",
        errors=ANY,
    )
    yield Fault(
        name="200 with the key instead of JSON",
        play=lambda good: (answer(WORDS.encode()),),
        errors=UNREADABLE,
    )
    yield Fault(
        name="200 with the key in the content type of no JSON",
        play=lambda good: (answer(b"no", ("Content-Type", f"text/{KEY}")),),
        errors=UNREADABLE,
    )


FAULTS = [*_refusals(), *_broken()]
