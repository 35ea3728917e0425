"""The form of an answer: its first line, its lengths, its chunks, its encodings, and their lies."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator

from tests.faults.fault import (
    BROKEN,
    REFUSED,
    SILENT,
    UNREADABLE,
    Errors,
    Fault,
    Good,
    Play,
    Value,
    begun,
    steps,
    well,
)
from tests.faults.wire import FIN, RESET, STALL, Header, Step, answer, chunked, head

__all__ = ["FAULTS"]

JSON: Header = ("Content-Type", "application/json")
CHUNKED: Header = ("Transfer-Encoding", "chunked")


# -- the first line ----------------------------------------------------------------------------

FIRST_LINES: dict[str, tuple[bytes, Value]] = {
    "HTTP/0.9": (b"", "no"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n", "own"),
    "HTTP/1.2": (b"HTTP/1.2 200 OK\r\n", "own"),
    "HTTP/2": (b"HTTP/2 200\r\n", "own"),
    "HTTP/11.1": (b"HTTP/11.1 200 OK\r\n", "own"),
    "http in small letters": (b"http/1.1 200 OK\r\n", "own"),
    "no version": (b"200 OK\r\n", "no"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", "no"),
    "no reason": (b"HTTP/1.1 200\r\n", "own"),
    "no reason but a space": (b"HTTP/1.1 200 \r\n", "own"),
    "two spaces": (b"HTTP/1.1  200  OK\r\n", "own"),
    "a reason of 64 kB": (b"HTTP/1.1 200 " + b"O" * 65_536 + b"\r\n", "own"),
    "a reason that is no text": (b"HTTP/1.1 200 \xff\xfe\x00\r\n", "own"),
    "a status of two figures": (b"HTTP/1.1 20 OK\r\n", "no"),
    "a status of four figures": (b"HTTP/1.1 2000 OK\r\n", "no"),
    "a status in letters": (b"HTTP/1.1 two OK\r\n", "no"),
    "a negative status": (b"HTTP/1.1 -200 OK\r\n", "no"),
    "an Arabic status": (b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK\r\n", "no"),
    "an empty line first": (b"\r\nHTTP/1.1 200 OK\r\n", "own"),
    "only a line feed": (b"HTTP/1.1 200 OK\n", "own"),
}
"""First lines, and whether an answer with such a line may be taken."""


def _with_first_line(line: bytes) -> Play:
    return lambda good: (line + good.whole.partition(b"\r\n")[2], FIN)


def _first_lines() -> Iterator[Fault]:
    for name, (line, value) in FIRST_LINES.items():
        yield Fault(
            name=f"first line: {name}",
            play=_with_first_line(line),
            value=value,
            errors=BROKEN,
        )


def _after(beginning: bytes) -> Play:
    return lambda good: (beginning + good.whole,)


def _interim() -> Iterator[Fault]:
    for status in (100, 102, 103):
        for times in (1, 3):
            begins = head(("Link", "</x>; rel=preload"), status=status) * times
            yield Fault(
                name=f"{times} x {status} before the answer",
                play=_after(begins),
                value="own",
            )
    lonely: dict[str, tuple[Step, Errors]] = {"stall": (STALL, SILENT), "end": (FIN, BROKEN)}
    for kind, (step, errors) in lonely.items():
        yield Fault(
            name=f"100 and then {kind}",
            play=steps(head(status=100), step),
            errors=errors,
        )
    upgrade = head(("Upgrade", "websocket"), ("Connection", "Upgrade"), status=101)
    further: dict[str, tuple[Step, ...]] = {
        "": (),
        " and bytes of it": (b"\x81\x05hello",),
        " and an end": (FIN,),
    }
    for kind, rest in further.items():
        yield Fault(
            name=f"101{kind}",
            play=steps(upgrade, *rest),
            errors=(*BROKEN, *SILENT, *REFUSED),
        )


# -- lengths -----------------------------------------------------------------------------------


def _with(*headers: Header) -> Callable[[Good], tuple[Step, ...]]:
    return lambda good: (head(JSON, *headers), good.body, FIN)


LENGTHS: dict[str, tuple[Callable[[int], list[str]], Value]] = {
    "one too small": (lambda n: [str(n - 1)], "no"),
    "one too large": (lambda n: [str(n + 1)], "no"),
    "much too large": (lambda n: [str(10**20)], "no"),
    "zero": (lambda n: ["0"], "no"),
    "negative": (lambda n: [f"-{n}"], "no"),
    "with a plus": (lambda n: [f"+{n}"], "own"),
    "hexadecimal": (lambda n: [hex(n)], "no"),
    "with a fraction": (lambda n: [f"{n}.0"], "own"),
    "empty": (lambda n: [""], "own"),
    "a word": (lambda n: ["long"], "own"),
    "with zeros before it": (lambda n: [f"000{n}"], "own"),
    "with spaces": (lambda n: [f"  {n}  "], "own"),
    "given twice": (lambda n: [str(n), str(n)], "own"),
    "given twice, differently": (lambda n: [str(n), str(n + 5)], "own"),
    "a list": (lambda n: [f"{n}, {n}"], "own"),
    "of 5,000 figures": (lambda n: ["9" * 5_000], "no"),
}
"""Values of Content-Length, and whether the answer may be taken all the same."""


def _lengths() -> Iterator[Fault]:
    for name, (values, value) in LENGTHS.items():

        def play(good: Good, values: Callable[[int], list[str]] = values) -> tuple[Step, ...]:
            stated = [("Content-Length", text) for text in values(len(good.body))]
            return head(JSON, *stated), good.body, FIN

        yield Fault(name=f"length: {name}", play=play, value=value, errors=BROKEN)
    yield Fault(
        name="length: one too small, and the connection is kept",
        play=lambda good: (head(JSON, ("Content-Length", str(len(good.body) - 1))), good.body),
        errors=BROKEN,
    )
    yield Fault(
        name="length: one too large, and a stall",
        play=lambda good: (
            head(JSON, ("Content-Length", str(len(good.body) + 1))),
            good.body,
            STALL,
        ),
        errors=SILENT,
    )
    lengthless: dict[str, tuple[Step, Value, Errors]] = {
        "end": (FIN, "own", ()),
        "reset": (RESET, "own", BROKEN),
        "stall": (STALL, "no", SILENT),
    }
    for kind, (step, value, errors) in lengthless.items():
        yield Fault(
            name=f"length: none, and {kind}",
            play=begun(lambda good: head(JSON) + good.body, step),
            value=value,
            errors=errors,
        )


TRANSFERS: dict[str, tuple[tuple[Header, ...], Value]] = {
    "chunked, and a length": ((CHUNKED, ("Content-Length", "5")), "no"),
    "a length, and chunked": ((("Content-Length", "5"), CHUNKED), "no"),
    "chunked twice": ((("Transfer-Encoding", "chunked, chunked"),), "no"),
    "identity": ((("Transfer-Encoding", "identity"),), "own"),
    "unknown": ((("Transfer-Encoding", "rot13"),), "own"),
    "gzip, but it is not": ((("Transfer-Encoding", "gzip"),), "own"),
    "chunked, but not last": ((("Transfer-Encoding", "chunked, identity"),), "own"),
    "chunked, but it is not": ((CHUNKED,), "no"),
}


def _transfers() -> Iterator[Fault]:
    for name, (headers, value) in TRANSFERS.items():
        play = _with(*headers)
        yield Fault(name=f"transfer: {name}", play=play, value=value, errors=BROKEN)


CHUNKS: dict[str, tuple[Callable[[bytes], bytes], Value]] = {
    "in one byte each": (lambda body: chunked(body, 1), "own"),
    "of a size that is a word": (lambda body: b"xyz\r\n" + body, "no"),
    "of a negative size": (lambda body: b"-5\r\n" + body, "no"),
    "of a size beyond 64 bits": (lambda body: b"f" * 17 + b"\r\n" + body, "no"),
    "of a size with 0x": (lambda body: b"0x%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n", "no"),
    "of an empty size": (lambda body: b"\r\n" + body, "no"),
    "of a size in 100,000 zeros": (lambda body: b"0" * 100_000 + chunked(body), "own"),
    "with extensions": (
        lambda body: b'%x;a=b;c="d"\r\n%b\r\n0;last\r\n\r\n' % (len(body), body),
        "own",
    ),
    "with an extension of 64 kB": (
        lambda body: b"%x;%b\r\n%b\r\n0\r\n\r\n" % (len(body), b"a" * 65_536, body),
        "own",
    ),
    "without the line's end after one": (
        lambda body: b"%x\r\n%b0\r\n\r\n" % (len(body), body),
        "no",
    ),
    "with line feeds alone": (lambda body: b"%x\n%b\n0\n\n" % (len(body), body), "own"),
    "with good trailers": (
        lambda body: chunked(body)[:-2] + b"X-Sum: 1\r\n\r\n",
        "own",
    ),
    "with bad trailers": (lambda body: chunked(body)[:-2] + b"no trailer\r\n\r\n", "own"),
    "with trailers of 64 kB": (
        lambda body: chunked(body)[:-2] + b"X-Sum: " + b"1" * 65_536 + b"\r\n\r\n",
        "own",
    ),
    "and more bytes after the last": (lambda body: chunked(body) + b"more", "own"),
    "without the last": (lambda body: chunked(body)[:-5], "no"),
}
"""Bodies in chunks, and whether they may be taken."""


def _in_chunks(written: Callable[[bytes], bytes]) -> Play:
    return lambda good: (head(JSON, CHUNKED), written(good.body), FIN)


def _chunks() -> Iterator[Fault]:
    for name, (written, value) in CHUNKS.items():
        yield Fault(
            name=f"chunks {name}",
            play=_in_chunks(written),
            value=value,
            errors=BROKEN,
        )


# -- encodings ---------------------------------------------------------------------------------


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def _broken_sum(body: bytes) -> bytes:
    packed = gzip.compress(body)
    return packed[:-8] + b"\x00\x01\x02\x03" + packed[-4:]


ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes], Value]] = {
    "gzip": ("gzip", gzip.compress, "own"),
    "x-gzip": ("x-gzip", gzip.compress, "own"),
    "GZIP in capitals": ("GZIP", gzip.compress, "own"),
    "gzip in two members": (
        "gzip",
        lambda body: gzip.compress(body[:20]) + gzip.compress(body[20:]),
        "own",
    ),
    "gzip twice": ("gzip, gzip", lambda body: gzip.compress(gzip.compress(body)), "own"),
    "gzip, cut": ("gzip", lambda body: gzip.compress(body)[:-12], "no"),
    "gzip without its sums": ("gzip", lambda body: gzip.compress(body)[:-8], "own"),
    "gzip with a wrong sum": ("gzip", _broken_sum, "no"),
    "gzip, and more bytes": ("gzip", lambda body: gzip.compress(body) + b"more", "own"),
    "gzip, but plain": ("gzip", bytes, "no"),
    "gzip, but deflate": ("gzip", zlib.compress, "no"),
    "gzip of nothing": ("gzip", lambda body: gzip.compress(b""), "no"),
    "gzip, but nothing": ("gzip", lambda body: b"", "no"),
    "gzip of 512 kB of blanks": ("gzip", lambda body: gzip.compress(b" " * 2**19), "no"),
    "plain, but gzip": ("identity", gzip.compress, "no"),
    "deflate": ("deflate", zlib.compress, "own"),
    "deflate without its frame": ("deflate", _raw_deflate, "own"),
    "deflate, cut": ("deflate", lambda body: zlib.compress(body)[:-10], "no"),
    "deflate, but gzip": ("deflate", gzip.compress, "no"),
    "deflate, but plain": ("deflate", bytes, "no"),
    "br, but plain": ("br", bytes, "own"),
    "br, but garbage": ("br", lambda body: b"\x8b\x02\x80\xff\x00\xfe", "no"),
    "zstd, but garbage": ("zstd", lambda body: b"\x28\xb5\x2f\xfd\xff\xff", "no"),
    "an unknown one": ("rot13", bytes, "own"),
    "an empty one": ("", bytes, "own"),
}
"""Content encodings: what the header says, what the body is, whether it may be taken."""


def _encoded(stated: str, packed: Callable[[bytes], bytes]) -> Play:
    return lambda good: (answer(packed(good.body), ("Content-Encoding", stated)),)


def _encodings() -> Iterator[Fault]:
    for name, (stated, packed, value) in ENCODINGS.items():
        yield Fault(
            name=f"encoding: {name}",
            play=_encoded(stated, packed),
            value=value,
            errors=BROKEN,
        )
    yield Fault(
        name="encoding: gzip with the length of the plain text",
        play=lambda good: (
            head(JSON, ("Content-Encoding", "gzip"), ("Content-Length", str(len(good.body) + 99))),
            gzip.compress(good.body),
            FIN,
        ),
        errors=BROKEN,
    )
    yield Fault(
        name="encoding: gzip in chunks, cut between two",
        play=lambda good: (
            head(JSON, CHUNKED, ("Content-Encoding", "gzip")),
            chunked(gzip.compress(good.body), 20)[:-9],
            FIN,
        ),
        errors=BROKEN,
    )


def _empty() -> Iterator[Fault]:
    """Answers that promise no body, or say that they have none."""
    for status in (204, 205):
        yield Fault(
            name=f"{status} without a body",
            play=steps(head(status=status)),
            value="any",
            errors=(*UNREADABLE, *SILENT),
        )
        yield Fault(
            name=f"{status} with a body",
            play=well(status=status),
            value="any",
            errors=BROKEN,
        )
    for status in (200, 201, 202):
        yield Fault(
            name=f"{status} with an empty body",
            play=steps(answer(b"", status=status)),
            errors=UNREADABLE,
        )


FAULTS = [
    *_first_lines(),
    *_interim(),
    *_lengths(),
    *_transfers(),
    *_chunks(),
    *_encodings(),
    *_empty(),
]
