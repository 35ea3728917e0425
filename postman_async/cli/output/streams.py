"""The standard streams: robust against closed pipes, and without terminal controls in text."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "NARROW",
    "Format",
    "attribute",
    "clean",
    "console",
    "dump_json",
    "ensure_streams",
    "show_table",
    "stderr",
    "stdout",
    "write",
    "write_bytes",
]

NARROW = 80
"""Columns of a terminal below which tables have no rules."""

_KEPT_BY_JSON = r"\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"
_IN_JSON = re.compile(f"[{_KEPT_BY_JSON}]")
_IN_TEXT = re.compile(rf"[\x00-\x1f{_KEPT_BY_JSON}\ud800-\udfff]")
"""Characters that move a cursor, colour a terminal, end a line or change the writing direction.

And halves of surrogate pairs, which no terminal can show.
"""


class Format(StrEnum):
    """The output formats of commands that show an answer."""

    table = "table"
    json = "json"


class _Stream(io.TextIOBase):
    """A standard stream that never raises; after an error, output is discarded.

    A closed pipe (``| head``) is not an error.  The message of another error, such as a full disk,
    is kept in ``error``.  Either way the command goes on, and its other results are not lost.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.error: str | None = None

    @property
    def _stream(self) -> TextIO:
        stream = getattr(sys, self._name)
        # A live display of rich replaces the stream by a proxy, which would show the text twice.
        return cast("TextIO", getattr(stream, "rich_proxied_file", stream))

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            return self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError as error:
            self._discard_output(error)
            return len(text)

    def write_bytes(self, content: bytes) -> None:
        """Write bytes as they are, after the text that was written before them."""
        try:
            self._stream.flush()
            self._stream.buffer.write(content)
            self._stream.flush()
        except OSError as error:
            self._discard_output(error)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._discard_output(error)

    def _discard_output(self, error: OSError) -> None:
        """Discard further output; the buffer would fail once more when Python ends."""
        if not isinstance(error, BrokenPipeError):
            self.error = f"cannot write to {self._name}: {error.strerror}"
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._stream.fileno())
        os.close(null)


stdout = _Stream("stdout")
"""The command's output."""

stderr = _Stream("stderr")
"""The command's messages."""


def ensure_streams() -> None:
    """Open the null device for standard streams that are closed (``>&-``), so None in Python."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def write(text: str) -> None:
    """Write a text and a line break to stdout."""
    stdout.write(f"{text}\n")
    stdout.flush()


def write_bytes(content: bytes) -> None:
    """Write bytes to stdout."""
    stdout.write_bytes(content)


def clean(text: str) -> str:
    r"""Return the text with terminal controls written as escapes such as ``\x1b``."""
    return _IN_TEXT.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def attribute(value: object, *names: str) -> Any:
    """Return a nested attribute, or None: an answer may lack what the specification promises."""
    for name in names:
        value = getattr(value, name, None)
    return value


def dump_json(value: Any) -> str:
    """Return JSON for people and scripts, with terminal controls escaped.

    Where stdout is not UTF-8, all but ASCII is escaped, since JSON has no other encoding.
    """
    utf8 = codecs.lookup(stdout.encoding).name == "utf-8"
    text = json.dumps(value, ensure_ascii=not utf8, indent=2)
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def console(*, no_color: bool = False, to_stderr: bool = False) -> Console:
    """Make the console of rich; ``NO_COLOR`` and ``no_color`` turn colours off."""
    from rich.console import Console

    colourless = no_color or bool(os.environ.get("NO_COLOR"))
    stream = stderr if to_stderr else stdout
    return Console(
        file=cast("TextIO", stream),
        color_system=None if colourless else "auto",
        no_color=colourless,
        highlight=False,
    )


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table: with rules on a terminal, as aligned lines elsewhere."""
    texts = [["" if cell is None else clean(str(cell)) for cell in row] for row in rows]
    if stdout.isatty():
        _show_ruled(headings, texts)
    else:
        lines = [list(headings), *texts] if any(headings) else texts
        write("\n".join(_aligned(lines)))


def _show_ruled(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    target = console()
    table = Table(header_style="bold", show_header=any(headings))
    if target.width < NARROW:
        table.box = None
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    target.print(table)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ((cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]
