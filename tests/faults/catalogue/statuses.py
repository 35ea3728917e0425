"""Answers that say no: each status that matters, each form of an error, each kind of redirect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from postman_async import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PostmanError,
    RateLimitError,
    RedirectError,
    ServerError,
    UsageLimitError,
)
from tests.faults.fault import BROKEN, Fault, steps, well
from tests.faults.wire import FIN, Header, answer

__all__ = ["FAULTS", "nested"]

Form = Callable[[int], tuple[bytes, str]]
"""Writes the body of an error with a status, and names its content type."""

JSON = "application/json"


def nested(name: str = "someError", message: str = "no") -> bytes:
    """Write an error as the service does most often."""
    return json.dumps({"error": {"name": name, "message": message, "details": {}}}).encode()


# -- statuses ----------------------------------------------------------------------------------

CLASSES: dict[int, type[PostmanError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: ApiError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: ApiError,
    406: ApiError,
    407: ApiError,
    408: ApiError,
    409: ConflictError,
    410: ApiError,
    411: ApiError,
    412: ApiError,
    413: BadRequestError,
    414: ApiError,
    415: ApiError,
    417: ApiError,
    418: ApiError,
    421: ApiError,
    422: BadRequestError,
    423: ConflictError,
    424: ApiError,
    425: ApiError,
    426: ApiError,
    428: ApiError,
    429: RateLimitError,
    431: ApiError,
    451: ApiError,
    499: ApiError,
    500: ServerError,
    501: ServerError,
    502: ServerError,
    503: ServerError,
    504: ServerError,
    505: ServerError,
    507: ServerError,
    508: ServerError,
    511: ServerError,
    520: ServerError,
    524: ServerError,
    530: ServerError,
    599: ServerError,
}
"""Which error each status is; `ApiError` where none is named for it."""


def _statuses() -> Iterator[Fault]:
    for status, kind in CLASSES.items():
        yield Fault(
            name=f"{status}",
            play=steps(answer(nested(), status=status)),
            errors=(kind,),
            taken=status >= 500,
        )
    for status in (600, 999):
        yield Fault(
            name=f"{status}, beyond all classes",
            play=steps(answer(nested(), status=status)),
            errors=(ApiError, *BROKEN),
        )
    for status in (0, 99, 199):
        yield Fault(
            name=f"{status:03}, below all classes",
            play=steps(answer(nested(), status=f"{status:03}"), FIN),
            errors=(ApiError, *BROKEN),
        )
    for status in (201, 202, 203, 206, 207, 208, 226, 299):
        yield Fault(
            name=f"{status} with the answer",
            play=well(status=status),
            value="own",
            errors=BROKEN,
        )
    quota = nested("serviceLimitExhausted", "no more this month")
    yield Fault(
        name="429 of the month's quota",
        play=lambda good: (answer(quota, ("Retry-After", "1"), status=429),),
        errors=(UsageLimitError,),
        taken=False,
    )


# -- forms -------------------------------------------------------------------------------------


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _typed(kind: str, body: bytes) -> Form:
    return lambda status: (body, kind)


def _problem(status: int) -> tuple[bytes, str]:
    body = {"type": "about:blank", "title": "someError", "detail": "no", "status": status}
    return _json(body), "application/problem+json"


PAGE = b"<!doctype html><html><head><style>b{}</style><title>%b</title></head><body>no"

FORMS: dict[str, Form] = {
    "flat": _typed(JSON, _json({"error": "someError", "message": "no"})),
    "one word": _typed(JSON, _json({"error": "someError"})),
    "problem+json": _problem,
    "an HTML page": _typed("text/html", PAGE % b"Bad gateway"),
    "an HTML page of 50 kB": _typed("text/html", PAGE % b"Bad" + b"<p>sorry</p>" * 4_000),
    "5,000 <": _typed("text/html", b"<" * 5_000),
    "1,000 <style": _typed("text/html", b"<style>" * 1_000),
    "plain text": _typed("text/plain", "no, söрry".encode()),
    "blanks": _typed("text/plain", b" \r\n\t" * 20_000),
    "nothing": _typed(JSON, b""),
    "null": _typed(JSON, b"null"),
    "a number": _typed(JSON, b"5"),
    "a number without end": _typed(JSON, b"9" * 10_000),
    "a text": _typed(JSON, b'"no"'),
    "an array": _typed(JSON, b'[{"error": "no"}]'),
    "an empty object": _typed(JSON, b"{}"),
    "an error that is null": _typed(JSON, b'{"error": null}'),
    "an error that is an array": _typed(JSON, b'{"error": [1, 2]}'),
    "an error that is a number": _typed(JSON, b'{"error": 1e999}'),
    "an error whose parts are objects": _typed(
        JSON, _json({"error": {"name": {"a": 1}, "message": [None], "details": 7}})
    ),
    "an error 900 deep": _typed(JSON, b'{"error":' * 900 + b"1" + b"}" * 900),
    "an error 100,000 deep": _typed(JSON, b'{"error":' * 100_000 + b"1" + b"}" * 100_000),
    "half a surrogate": _typed(JSON, b'{"error": {"name": "\\ud800", "message": "\\udfff"}}'),
    "JSON that is cut": _typed(JSON, b'{"error": {"name": "someErr'),
    "bytes that are no text": _typed(JSON, bytes(range(256))),
    "UTF-16": _typed(JSON, nested().decode().encode("utf-16")),
    "terminal escapes": _typed("text/plain", b"\x1b[2J\x1b]0;owned\x07 no\r\r\n"),
    "a message of 100 kB": _typed(JSON, nested(message="word " * 20_000)),
}
"""What the body of an error may be."""


def _forms() -> Iterator[Fault]:
    for status in (400, 429, 500):
        for name, form in FORMS.items():
            body, kind = form(status)
            yield Fault(
                name=f"{status} as {name}",
                play=steps(answer(body, ("Content-Type", kind), status=status)),
                errors=(CLASSES[status],),
                taken=status >= 500,
            )
    for status in (400, 503):
        yield Fault(
            name=f"{status} whose body is cut",
            play=steps(answer(nested(), status=status)[:-10], FIN),
            errors=(CLASSES[status],),
            taken=status >= 500,
        )


# -- redirects ---------------------------------------------------------------------------------

TARGETS: dict[str, tuple[Header, ...]] = {
    "to nowhere": (),
    "to the same path": (("Location", "/me"),),
    "to another host": (("Location", "https://elsewhere.example/me"),),
    "to this machine": (("Location", "http://127.0.0.1:9/me"),),
    "to a script": (("Location", "javascript:alert(1)"),),
    "to a bad address": (("Location", "http://[::1/%zz"),),
    "to two locations": (("Location", "/a"), ("Location", "/b")),
    "to a location of 6 kB": (("Location", "/" + "a" * 6_000),),
    "to a location that is not text": (("Location", "/\xff\x80"),),
}
"""Where a redirect may point."""


def _redirects() -> Iterator[Fault]:
    for status in (300, 301, 302, 303, 305, 307, 308, 399):
        location = ("Location", "https://elsewhere.example/me")
        yield Fault(
            name=f"{status} to another host",
            play=steps(answer(b"", location, status=status)),
            errors=(RedirectError,),
        )
    for name, headers in TARGETS.items():
        yield Fault(
            name=f"302 {name}" if name != "to another host" else "302 to another host, with a body",
            play=steps(answer(b"moved", *headers, status=302)),
            errors=(RedirectError,),
        )
    yield Fault(
        name="304 to a call that has no copy",
        play=steps(answer(b"", ("ETag", '"1"'), status=304)),
        errors=(RedirectError,),
    )


FAULTS = [*_statuses(), *_forms(), *_redirects()]
