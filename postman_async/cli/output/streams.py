"""Where output goes: a stdout that outlives its reader, and text that cannot steer a terminal."""

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
"""Columns of a terminal below which tables do without rules."""

_KEPT_BY_JSON = r"\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"
_IN_JSON = re.compile(f"[{_KEPT_BY_JSON}]")
_IN_TEXT = re.compile(rf"[\x00-\x1f{_KEPT_BY_JSON}\ud800-\udfff]")
"""What moves a cursor, colours a terminal, ends a line or turns the direction of a text.

And half a character, which no terminal can show.
"""


class Format(StrEnum):
    """The forms that an answer can be shown in."""

    table = "table"
    json = "json"


class _Stream(io.TextIOBase):
    """A standard stream that may end early: the rest is then written nowhere.

    Its reader may leave (``| head``), which is no fault; what else is wrong, such as a full disk,
    is kept in ``fault``.  Either way the work goes on, and its other results are not lost.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.fault: str | None = None

    @property
    def _stream(self) -> TextIO:
        stream = getattr(sys, self._name)
        # While rich shows something live, it stands before the stream, and would show it twice.
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
            self._leave(error)
            return len(text)

    def write_bytes(self, content: bytes) -> None:
        """Write bytes as they are, after the text that was written before them."""
        try:
            self._stream.flush()
            self._stream.buffer.write(content)
            self._stream.flush()
        except OSError as error:
            self._leave(error)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._leave(error)

    def _leave(self, error: OSError) -> None:
        """Send the rest nowhere: what is buffered would exit_with_error again when Python ends."""
        if not isinstance(error, BrokenPipeError):
            self.fault = f"cannot write to {self._name}: {error.strerror}"
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


stdout = _Stream("stdout")
"""The command's output."""

stderr = _Stream("stderr")
"""The command's word about its output."""


def ensure_streams() -> None:
    """Open the standard streams that were closed (``>&-``), where Python has None for them."""
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
    r"""Return the text with what could steer a terminal written out, as in ``\x1b``."""
    return _IN_TEXT.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def attribute(value: object, *names: str) -> Any:
    """Follow attributes as far as they go: an answer may lack what the specification promises."""
    for name in names:
        value = getattr(value, name, None)
    return value


def dump_json(value: Any) -> str:
    """Write JSON for people and scripts; what could steer a terminal is escaped.

    So is all but ASCII where stdout is not UTF-8, since JSON knows no other encoding.
    """
    utf8 = codecs.lookup(stdout.encoding).name == "utf-8"
    text = json.dumps(value, ensure_ascii=not utf8, indent=2)
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def console(*, no_color: bool = False, to_stderr: bool = False) -> Console:
    """Make rich's console; ``NO_COLOR`` and ``no_color`` keep colours out."""
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
    """Show rows under headings: ruled on a terminal, aligned lines in a pipe."""
    texts = [["" if cell is None else clean(str(cell)) for cell in row] for row in rows]
    if stdout.isatty():
        _show_ruled(headings, texts)
    else:
        shown = [list(headings), *texts] if any(headings) else texts
        write("\n".join(_aligned(shown)))


def _show_ruled(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    shown = console()
    table = Table(header_style="bold", show_header=any(headings))
    if shown.width < NARROW:
        table.box = None
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    shown.print(table)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ((cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]
