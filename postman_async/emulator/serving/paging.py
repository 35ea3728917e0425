"""Cursors: opaque to clients; each encodes the position of the last entry of a page."""

from __future__ import annotations

import base64
import binascii

from postman_async.emulator.errors import bad_request

__all__ = ["cursor_of", "position_of"]

_HIGHEST = 2**62


def cursor_of(position: int) -> str:
    """Return the cursor of the page after a position in the order of creation."""
    return base64.urlsafe_b64encode(f"after:{position}".encode()).decode()


def position_of(cursor: str | None) -> int:
    """Return the position that a cursor encodes: 0 without one; an error if it is invalid."""
    if cursor is None:
        return 0
    try:
        word, _, digits = base64.b64decode(cursor, b"-_", validate=True).decode().partition(":")
        if word == "after" and digits.isascii() and digits.isdecimal() and len(digits) < 19:
            return min(int(digits), _HIGHEST)
    except (ValueError, binascii.Error):
        pass
    raise bad_request("Invalid cursor", "invalidCursorError")
