"""Durations such as ``90``, ``90s``, ``20m`` and ``1h30m``."""

from __future__ import annotations

import re

import typer

__all__ = ["parse_duration"]

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(?<![\d.])(\d++(?:\.\d++)?)([smh])", re.ASCII)
_PLAIN = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def parse_duration(text: str) -> float:
    """Return the seconds of a duration; a number without a unit is seconds.

    Raises:
        typer.BadParameter: the text is not a duration, or a duration of zero.

    """
    plain = text.strip().lower()
    parts = [("", plain)] if _PLAIN.fullmatch(plain) else _parts(plain)
    seconds = sum(float(number) * _SECONDS[unit] for unit, number in parts)
    if not 0 < seconds < float("inf"):
        raise typer.BadParameter(f"{text!r} is not a duration; write it as 90s, 20m or 1h30m")
    return seconds


def _parts(text: str) -> list[tuple[str, str]]:
    """Split ``1h30m`` into units and numbers; return nothing for a malformed text."""
    found = [(match[2], match[1]) for match in _PART.finditer(text)]
    whole = "".join(number + unit for unit, number in found)
    return found if whole == text else []
