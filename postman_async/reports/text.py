"""Makes foreign text fit to be shown; all formats share these functions."""

from __future__ import annotations

import re

from attrs import define, field

__all__ = ["Names", "clean", "excerpt", "label", "one_line", "shortened", "visible"]

# C0 and C1 controls but for tab and line feed; marks that turn the writing direction, which can
# make a text read as another; lone surrogates, which no encoding can write; noncharacters.
_PLANES_END = "".join(f"{chr(n << 16 | 0xFFFE)}{chr(n << 16 | 0xFFFF)}" for n in range(1, 17))
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufeff"
    f"{_PLANES_END}]"
)
_READ_AHEAD = 8
"""How many times the limit of a line is read of a text, which may be mostly spaces."""


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


def excerpt(text: str, limit: int) -> str:
    """Cut a text, then make it visible; the part that is cut off is not read, however long."""
    more = len(text) - limit
    shown = visible(text[:limit])
    return shown if more <= 0 else f"{shown}… ({more} more characters)"


def one_line(text: str, limit: int = 300) -> str:
    """Make a text a single, visible, bounded line, for names and headings."""
    head = text[: limit * _READ_AHEAD]
    line = " ".join(visible(head).split())
    more = max(0, len(line) - limit) + len(text) - len(head)
    return f"{line[:limit]}… ({more} more characters)" if more else line


def label(text: str) -> str:
    """Make a text a visible name: one line, or ``unnamed``."""
    return one_line(text) or "unnamed"


def clean(text: str) -> str:
    """Replace halves of surrogate pairs, which UTF-8 cannot hold, by U+FFFD, and join pairs.

    jq, orjson and msgspec refuse a whole file for one such escape.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@define
class Names:
    """Makes names unique: a name that is taken gets a number.

    The next number of each name is remembered, so that n monitors of one name cost n steps and
    not n².
    """

    _next: dict[str, int] = field(factory=dict)

    def unique(self, name: str) -> str:
        """Return the name, with a number if it is taken."""
        number = self._next.get(name, 1)
        candidate = name if number == 1 else f"{name} ({number})"
        while candidate in self._next:
            number += 1
            candidate = f"{name} ({number})"
        self._next[name] = number + 1
        self._next.setdefault(candidate, 2)
        return candidate
