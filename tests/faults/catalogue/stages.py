"""The connection: each way of breaking it, at each stage of a call."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator

from postman_async import BadRequestError, PostmanError
from tests.faults.fault import (
    BROKEN,
    CUT,
    SILENT,
    UNREACHED,
    Fault,
    Good,
    Stage,
    begun,
    steps,
)
from tests.faults.service import FOREIGN
from tests.faults.wire import FIN, RESET, STALL, Drip, Pause, Step, answer, chunked, head

__all__ = ["FAULTS"]

GARBAGE = b"\x00\xff\x16\x03garbage\r\n\r\n\x80"

BREAKS: dict[str, tuple[Step, ...]] = {
    "reset": (RESET,),
    "end": (FIN,),
    "stall": (STALL,),
    "drip": (Drip(b"x"),),
    "garbage": (GARBAGE, FIN),
}
"""What a peer does instead of going on."""


def _errors(kind: str) -> tuple[type[PostmanError], ...]:
    return SILENT if kind == "stall" else (*SILENT, *BROKEN) if kind == "drip" else BROKEN


# -- before HTTP -------------------------------------------------------------------------------


def _lookups() -> Iterator[Fault]:
    refusals = {
        "no such name": socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        "no name server": socket.gaierror(socket.EAI_AGAIN, "Temporary failure"),
        "a broken name server": socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"),
        "no system resources": OSError(errno.EMFILE, "Too many open files"),
        "never": None,
    }
    for name, raises in refusals.items():
        yield Fault(name=f"look-up: {name}", stage=Stage.LOOKUP, raises=raises, errors=UNREACHED)


def _connects() -> Iterator[Fault]:
    for name in (
        "ECONNREFUSED",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "ETIMEDOUT",
        "ECONNRESET",
        "ECONNABORTED",
        "EADDRNOTAVAIL",
        "EACCES",
        "EMFILE",
        "ENFILE",
        "ENOBUFS",
    ):
        raises = OSError(getattr(errno, name), name)
        yield Fault(name=f"connect: {name}", stage=Stage.CONNECT, raises=raises, errors=UNREACHED)
    yield Fault(name="connect: never", stage=Stage.CONNECT, errors=UNREACHED)


def _handshakes() -> Iterator[Fault]:
    plain = answer(b"a client sent a plain HTTP request to an HTTPS port", status=400)
    replies: dict[str, tuple[Step, ...]] = {
        "reset": (RESET,),
        "end": (FIN,),
        "stall": (STALL,),
        "drip": (b"\x16\x03\x03\x10\x00", Drip(b"\x00", 1.0)),
        "garbage": (GARBAGE, FIN),
        "plain HTTP": (plain, FIN),
        "half a record": (b"\x16\x03\x03\x00\x7a\x02\x00", RESET),
        "alert handshake_failure": (b"\x15\x03\x03\x00\x02\x02\x28", FIN),
        "alert unrecognized_name": (b"\x15\x03\x03\x00\x02\x02\x70", FIN),
    }
    for name, moves in replies.items():
        yield Fault(name=f"TLS: {name}", stage=Stage.TLS, play=steps(*moves), errors=UNREACHED)
    for name in ("of another host", "of a stranger", "expired"):
        yield Fault(
            name=f"TLS: a certificate {name}",
            stage=Stage.TLS,
            certificate=name,
            errors=UNREACHED,
        )


# -- before the answer -------------------------------------------------------------------------


def _before_the_answer() -> Iterator[Fault]:
    stages = {
        "a connection just made": Stage.ACCEPT,
        "half of the request": Stage.HALF,
        "the request": Stage.ANSWER,
    }
    for kind, moves in BREAKS.items():
        for words, stage in stages.items():
            yield Fault(
                name=f"{kind} after {words}",
                stage=stage,
                play=steps(*moves),
                errors=_errors(kind),
                taken=stage is Stage.ANSWER,
            )
        yield Fault(
            name=f"{kind} after a request on a kept connection",
            play=steps(*moves),
            errors=_errors(kind),
            warm=True,
        )


def _answers_half_way() -> Iterator[Fault]:
    """A service may answer before it has read the request, and read no more of it."""
    refusal = answer(b'{"error": {"name": "tooLarge", "message": "no"}}', status=413)
    last = refusal.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    refusals: dict[str, tuple[Step, ...]] = {
        "and closes": (refusal, FIN),
        "and resets": (refusal, Pause(1.0), RESET),
        "and says that it will close": (last, STALL),
    }
    for name, moves in refusals.items():
        yield Fault(
            name=f"413 after half of the request, {name}",
            stage=Stage.HALF,
            play=steps(*moves),
            errors=(BadRequestError, *BROKEN),
            taken=False,
        )


# -- within the answer -------------------------------------------------------------------------

Cut = Callable[[Good], bytes]


def _places() -> dict[str, Cut]:
    """How much of an answer is sent before it breaks, by what it breaks in."""

    def at(mark: bytes, further: int = 0) -> Cut:
        return lambda good: good.whole[: good.whole.index(mark) + further]

    def in_chunks(part: float) -> Cut:
        def cut(good: Good) -> bytes:
            sent = chunked(good.body, 50)
            begins = head(("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
            return begins + sent[: int(len(sent) * part)]

        return cut

    return {
        "the version": lambda good: b"HTT",
        "the status": lambda good: b"HTTP/1.1 2",
        "the reason": lambda good: b"HTTP/1.1 200 O",
        "the status line's end": lambda good: b"HTTP/1.1 200 OK\r",
        "a header's name": at(b"Content-Length", 7),
        "a header's value": at(b"Content-Length", 17),
        "the empty line": at(b"\r\n\r\n", 3),
        "the body's beginning": at(b"\r\n\r\n", 4),
        "the body": lambda good: good.whole[: -(len(good.body) // 2)],
        "the body's last byte": lambda good: good.whole[:-1],
        "the first chunk": in_chunks(0.1),
        "the last chunk": in_chunks(0.97),
    }


def _within_the_answer() -> Iterator[Fault]:
    for where, cut in _places().items():
        for kind, moves in BREAKS.items():
            if kind == "garbage" and "body" in where:
                continue  # any byte is as good as another there
            yield Fault(
                name=f"{kind} within {where}",
                play=begun(cut, *moves),
                errors=_errors(kind),
            )


def _over_tls() -> Iterator[Fault]:
    """The same over TLS, where an end without a goodbye may be an attack."""
    for kind in ("reset", "end", "stall"):
        for where in ("the status", "the body"):
            cut = _places()[where]
            yield Fault(
                name=f"{kind} within {where} over TLS",
                stage=Stage.ANSWER,
                play=begun(cut, *BREAKS[kind]),
                errors=_errors(kind),
                certificate="good",
            )
    yield Fault(
        name="end after a body of no length over TLS",
        play=lambda good: (head(("Content-Type", "application/json")), good.body, FIN),
        value="own",
        errors=CUT,
        certificate="good",
    )


# -- after the answer --------------------------------------------------------------------------


WAITS: dict[str, tuple[Step, ...]] = {"at once": (), "later": (Pause(1.0),)}


def _after_the_answer() -> Iterator[Fault]:
    """What a connection is spoiled with once it is idle: the next call must not notice."""
    other = answer(b'{"monitor": {"id": "%b"}, "run": {}}' % FOREIGN.encode())
    spoils: dict[str, tuple[Step, ...]] = {
        "reset": (RESET,),
        "end": (FIN,),
        "garbage": (GARBAGE,),
        "another answer": (other,),
        "two other answers": (other, other),
        "half of another answer": (other[:40],),
        "a 408": (answer(b"", status=408), FIN),
        "line breaks": (b"\r\n\r\n",),
    }
    for name, moves in spoils.items():
        for when, before in WAITS.items():
            yield Fault(
                name=f"{name} after the answer, {when}",
                play=begun(lambda good: good.whole, *before, *moves),
                value="own",
                errors=BROKEN if when == "at once" else (),
            )


FAULTS = [
    *_lookups(),
    *_connects(),
    *_handshakes(),
    *_before_the_answer(),
    *_answers_half_way(),
    *_within_the_answer(),
    *_over_tls(),
    *_after_the_answer(),
]
