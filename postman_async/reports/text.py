"""Text that came from elsewhere, made fit to be shown: pure, and the same for all formats."""

from __future__ import annotations

import re

__all__ = ["apart", "label", "one_line", "shortened", "visible"]

# C0 and C1 controls but for tab and line feed; marks that turn the writing direction, which can
# make a text read as another; lone surrogates, which no encoding can write; noncharacters.
_PLANES_END = "".join(f"{chr(n << 16 | 0xFFFE)}{chr(n << 16 | 0xFFFF)}" for n in range(1, 17))
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufeff"
    f"{_PLANES_END}]"
)


def visible(text: str) -> str:
    r"""Write what cannot be seen, or not be encoded, as an escape such as ``\u202e``."""
    if text.isprintable():
        return text
    return _HIDDEN.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def shortened(text: str, limit: int) -> str:
    """Cut a text after ``limit`` characters, and say how many more there were."""
    more = len(text) - limit
    return text if more <= 0 else f"{text[:limit]}… ({more} more characters)"


def one_line(text: str, limit: int = 300) -> str:
    """Make a text a single, visible, bounded line, for names and headings."""
    return shortened(" ".join(visible(text).split()), limit)


def label(text: str) -> str:
    """Make a text a name that can be seen."""
    return one_line(text) or "unnamed"


def apart(name: str, taken: set[str]) -> str:
    """Number a name that is taken already, and take it."""
    told, number = name, 1
    while told in taken:
        number += 1
        told = f"{name} ({number})"
    taken.add(told)
    return told
