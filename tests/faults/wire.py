"""What a fault is made of: bytes to send, and what else a peer can do to a connection."""

from __future__ import annotations

import enum
from http import HTTPStatus
from typing import TypeAlias

from attrs import frozen

__all__ = [
    "FIN",
    "RESET",
    "STALL",
    "Drip",
    "Header",
    "Move",
    "Pause",
    "Step",
    "answer",
    "chunked",
    "head",
]

Header: TypeAlias = tuple[str, str]

JSON: Header = ("Content-Type", "application/json")


class Move(enum.Enum):
    """What a peer does besides sending; no step comes after it."""

    RESET = "abort the connection (RST)"
    FIN = "close the sending side (FIN)"
    STALL = "hold the connection open and say nothing more"


RESET, FIN, STALL = Move.RESET, Move.FIN, Move.STALL


@frozen
class Drip:
    """Send the content byte by byte, over and over, with so many seconds between two bytes."""

    content: bytes
    every: float = 20.0


@frozen
class Pause:
    """Wait so many seconds before the next step."""

    seconds: float


Step: TypeAlias = bytes | Move | Drip | Pause


def head(*headers: Header, status: int | str = 200, version: str = "HTTP/1.1") -> bytes:
    """Write the status line, the headers and the empty line; characters are sent as Latin-1."""
    lines = [f"{version} {status} {_phrase(status)}", *(f"{n}: {v}" for n, v in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _phrase(status: int | str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return "Whatever"


def answer(body: bytes = b"", *headers: Header, status: int | str = 200) -> bytes:
    """Write an answer with its length; a content type that is given replaces that of JSON."""
    named = {name.lower() for name, _ in headers}
    default = [] if "content-type" in named else [JSON]
    return head(*default, ("Content-Length", str(len(body))), *headers, status=status) + body


def chunked(body: bytes, size: int = 100) -> bytes:
    """Write a body in chunks, the last one included."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
