"""Which names a pattern that fits none of them was probably meant to fit."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import islice

__all__ = ["near_matches"]

_SHOWN = 3
_LOOKED_AT = 2000
_LONGEST = 100
"""Bounds of the work: comparing takes longer the more and the longer the names are."""


def near_matches(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that are nearest to a pattern: those that differ in case only come first.

    Args:
        pattern: as `fnmatch` takes it.
        names: names that it does not fit.

    """
    wanted = pattern[:_LONGEST].casefold()
    known = [name[:_LONGEST] for name in islice(names, _LOOKED_AT)]
    near = [name for name in known if fnmatchcase(name.casefold(), wanted)]
    alike: dict[str, list[str]] = {}
    for name in known:
        alike.setdefault(_compared(name.casefold(), wanted), []).append(name)
    for text in difflib.get_close_matches(wanted.strip("*"), alike, n=_SHOWN):
        near += alike[text]
    return list(dict.fromkeys(near))[:_SHOWN]


def _compared(name: str, pattern: str) -> str:
    """Cut off what a star at an end of the pattern stands for."""
    length = len(pattern.strip("*"))
    if pattern.endswith("*") and not pattern.startswith("*"):
        return name[:length]
    return name[-length:] if pattern.startswith("*") and not pattern.endswith("*") else name
