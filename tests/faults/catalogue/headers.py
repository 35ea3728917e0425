"""Headers: absurd limits, every spelling of Retry-After, and what no header should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

from postman_async import RateLimitError, ServerError
from tests.faults.catalogue.statuses import nested
from tests.faults.fault import BROKEN, Fault, Good, steps, well
from tests.faults.wire import FIN, Header, Step, answer, head

__all__ = ["FAULTS"]


# -- limits ------------------------------------------------------------------------------------


def _limit(limit: str, remaining: str, reset: str) -> tuple[Header, ...]:
    return (
        ("RateLimit-Limit", limit),
        ("RateLimit-Remaining", remaining),
        ("RateLimit-Reset", reset),
    )


LIMITS: dict[str, tuple[Header, ...]] = {
    "a reset of 400 figures": _limit("10", "0", "9" * 400),
    "a reset in 11 days": _limit("1", "0", "999999"),
    "a reset in 31 years": _limit("10", "0", "1000000000"),
    "a reset in the year 2100": _limit("10", "0", "4102444800"),
    "a reset in milliseconds": _limit("10", "0", "4102444800000"),
    "a reset in the past": _limit("10", "0", "1000000001"),
    "a negative reset": _limit("10", "0", "-5"),
    "a reset that is no number": _limit("10", "0", "nan"),
    "a reset without end": _limit("10", "0", "inf"),
    "a reset with an exponent": _limit("10", "0", "1e9"),
    "a reset as a date": _limit("10", "0", "Fri, 31 Dec 9999 23:59:59 GMT"),
    "a limit of nothing": _limit("0", "0", "60"),
    "a limit of 400 figures": _limit("9" * 400, "0", "60"),
    "a negative limit": _limit("-1", "-1", "60"),
    "a fraction of a limit": _limit("0.5", "0.1", "60"),
    "more left than there is": _limit("1", "1000000", "60"),
    "words": _limit("many", "few", "soon"),
    "nothing": _limit("", "", ""),
    "Arabic figures": _limit("\xd9\xa1", "\xd9\xa0", "\xd9\xa9\xd9\xa9"),
    "all in one": (("RateLimit", "limit=10, remaining=0, reset=999999999"),),
    "all in one, broken": (("RateLimit", "limit=, remaining=x, =5, reset"),),
    "all in one, 60 times": (("RateLimit", "limit=1, remaining=0, reset=99999, " * 60),),
    "a window of 31 years": (
        ("RateLimit-Policy", "1;w=1000000000"),
        ("RateLimit", "limit=1, remaining=0, reset=1000000000"),
    ),
    "a window of nothing": (
        ("RateLimit-Policy", "10;w=0"),
        ("RateLimit", "limit=10, remaining=0, reset=0"),
    ),
    "a window of 400 figures": (
        ("RateLimit-Policy", f"10;w={'9' * 400}"),
        *_limit("10", "0", "10"),
    ),
    "200 windows": (("RateLimit-Policy", ", ".join(f"{n};w={n}" for n in range(1, 200))),),
    "two that differ": (*_limit("10", "0", "30"), *_limit("300", "299", "1")),
    "X- and not, that differ": (
        *_limit("10", "0", "30"),
        ("X-RateLimit-Limit", "300"),
        ("X-RateLimit-Remaining", "299"),
        ("X-RateLimit-Reset", "999999"),
    ),
    "nothing left of the month": (
        ("RateLimit-Limit-Month", "1000"),
        ("RateLimit-Remaining-Month", "0"),
    ),
    "a month of 400 figures": (
        ("RateLimit-Limit-Month", "9" * 400),
        ("RateLimit-Remaining-Month", "9" * 400),
    ),
    "a wait with a good answer": (("Retry-After", "999999"),),
}
"""What an answer that is good else tells of limits."""


def _limits() -> Iterator[Fault]:
    for name, headers in LIMITS.items():
        yield Fault(
            name=f"limits: {name}",
            play=well(*headers),
            value="own",
        )
        if name in _ALSO_REFUSED:
            yield Fault(
                name=f"limits: {name}, with a 429",
                play=steps(answer(nested(), *headers, status=429)),
                errors=(RateLimitError,),
                taken=False,
            )


_ALSO_REFUSED = {
    "a reset of 400 figures",
    "a reset in 11 days",
    "a reset in the year 2100",
    "a negative reset",
    "a limit of nothing",
    "words",
    "a window of 31 years",
}


# -- Retry-After -------------------------------------------------------------------------------


def _date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def _other_date(seconds: float, form: str) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime(form)


WAITS: dict[str, tuple[str, bool | None]] = {
    "0": ("0", True),
    "1": ("1", True),
    "1.5": ("1.5", True),
    "120": ("120", True),
    "121": ("121", False),
    "999999": ("999999", False),
    "400 figures": ("9" * 400, False),
    "-1": ("-1", None),
    "nothing": ("", None),
    "a word": ("soon", None),
    "an exponent": ("1e3", None),
    "hexadecimal": ("0x10", None),
    "two numbers": ("1, 2", None),
    "with a unit": ("5s", None),
    "with spaces": ("  7  ", True),
    "Arabic figures": ("\xd9\xa3", None),
    "the epoch's seconds": (str(int(datetime.now(UTC).timestamp()) + 3), True),
    "a date to come": (_date(30), True),
    "a date past": (_date(-3_600), True),
    "a date next year": (_date(366 * 86_400), False),
    "the last date": ("Fri, 31 Dec 9999 23:59:59 GMT", False),
    "no date of the calendar": ("Fri, 32 Foo 2026 25:61:61 GMT", None),
    "a date without a zone": (_other_date(-9, "%a, %d %b %Y %H:%M:%S"), True),
    "a date of RFC 850": (_other_date(-9, "%A, %d-%b-%y %H:%M:%S GMT"), None),
    "a date of asctime": (_other_date(-9, "%a %b %d %H:%M:%S %Y"), None),
    "a date of ISO 8601": (_other_date(-9, "%Y-%m-%dT%H:%M:%SZ"), None),
    "a date of 4 kB": ("Fri, 31 Dec " + "9" * 4_000 + " 23:59:59 GMT", None),
}
"""Values of Retry-After, and whether the call is sent again; None leaves it open."""


def _waits() -> Iterator[Fault]:
    for name, (text, again) in WAITS.items():
        yield Fault(
            name=f"429 with Retry-After: {name}",
            play=steps(answer(nested(), ("Retry-After", text), status=429)),
            errors=(RateLimitError,),
            taken=False,
            again=again,
        )
    for name in ("1", "121", "a word", "a date past"):
        text, again = WAITS[name]
        # Without seconds that can be read, a 503 does not say that the call was not taken.
        yield Fault(
            name=f"503 with Retry-After: {name}",
            play=steps(answer(nested(), ("Retry-After", text), status=503)),
            errors=(ServerError,),
            taken=again is None,
            again=again,
        )
    for header in ("RetryAfter", "X-RateLimit-RetryAfter", "RETRY-AFTER"):
        yield Fault(
            name=f"429 with {header}",
            play=steps(answer(nested(), (header, "2"), status=429)),
            errors=(RateLimitError,),
            taken=False,
            again=True,
        )
    twice = (("Retry-After", "1"), ("Retry-After", "999999"))
    yield Fault(
        name="429 with two waits that differ",
        play=lambda good: (answer(nested(), *twice, status=429),),
        errors=(RateLimitError,),
        taken=False,
    )


# -- what no header should be ------------------------------------------------------------------

LINES: dict[str, bytes] = {
    "a value of 64 kB": b"X-Large: " + b"a" * 65_536,
    "1,000 headers": b"\r\n".join(b"X-Many-%d: %b" % (n, b"a" * 55) for n in range(1_000)),
    "a name of 64 kB": b"X-" + b"a" * 65_536 + b": 1",
    "a name with a space": b"X Y: 1",
    "a name that ends in a space": b"X-Y : 1",
    "no name": b": 1",
    "no colon": b"nothing at all",
    "a name that is no text": b"X-\xff\x80: 1",
    "a value that is no text": b"X-Y: \xff\x80\xfe",
    "a value in UTF-8": "X-Y: ünï, 日本".encode(),
    "a zero byte": b"X-Y: a\x00b",
    "control characters": b"X-Y: a\x01\x08\x1b[2Jb",
    "a line that goes on": b"X-Y: a\r\n  b",
    "a bare carriage return": b"X-Y: a\rb",
    "a bare line feed": b"X-Y: a\nX-Z: b",
    "a cookie": b"Set-Cookie: a=b; Domain=example.com",
    "Connection: close": b"Connection: close",
    "Connection: upgrade": b"Connection: upgrade\r\nUpgrade: h2c",
    "Keep-Alive of no time": b"Connection: keep-alive\r\nKeep-Alive: timeout=0, max=0",
    "two dates": b"Date: Sun, 01 Mar 2026 11:00:00 GMT\r\nDate: Mon, 02 Mar 2026 11:00:00 GMT",
    "a broken date": b"Date: tomorrow",
    "a date past all others": b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
    "a date to come": b"Date: Fri, 31 Dec 9999 23:59:59 GMT",
    "a location with 200": b"Location: https://elsewhere.example/me",
    "a refresh": b"Refresh: 0; url=https://elsewhere.example/me",
    "another service": b'Alt-Svc: h3=":443"; ma=2592000\r\nX-Powered-By: PHP/4.0',
    "a trailer that never comes": b"Trailer: X-Sum",
    "a part of a range": b"Content-Range: bytes 0-1/9999",
}
"""Lines of the head of an answer that is good else."""

_MAY_BREAK = {
    "a value of 64 kB",
    "1,000 headers",
    "a name of 64 kB",
    "a name with a space",
    "a name that ends in a space",
    "no name",
    "no colon",
    "a name that is no text",
    "a zero byte",
    "control characters",
    "a line that goes on",
    "a bare carriage return",
    "a bare line feed",
    "Connection: upgrade",
}


def _lines() -> Iterator[Fault]:
    for name, line in LINES.items():
        yield Fault(
            name=f"headers: {name}",
            play=partial(_among_the_others, line=line),
            value="own",
            errors=BROKEN if name in _MAY_BREAK else (),
        )
    yield Fault(
        name="headers: none but the length",
        play=lambda good: (head(("Content-Length", str(len(good.body)))), good.body),
        value="own",
    )
    yield Fault(
        name="headers: none at all",
        play=lambda good: (head(), good.body, FIN),
        value="own",
    )


def _among_the_others(good: Good, line: bytes) -> tuple[Step, ...]:
    first, _, rest = good.whole.partition(b"\r\n")
    return (first + b"\r\n" + line + b"\r\n" + rest,)


FAULTS = [*_limits(), *_waits(), *_lines()]
