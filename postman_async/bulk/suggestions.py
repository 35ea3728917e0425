"""Suggests names for a pattern that matches none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import islice

__all__ = ["suggest_names"]

_MAX_SUGGESTIONS = 3
_MAX_NAMES = 2000
_MAX_LENGTH = 100
"""Bounds of the work: the time grows with the number and the length of the names."""


def suggest_names(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that are most similar to a pattern.

    Args:
        pattern: a pattern of `fnmatch`.
        names: names that it does not match.

    Returns:
        At most three names; those that differ in case only come first.

    """
    wanted = pattern[:_MAX_LENGTH].casefold()
    known = [name[:_MAX_LENGTH] for name in islice(names, _MAX_NAMES)]
    similar = [name for name in known if fnmatchcase(name.casefold(), wanted)]
    by_part: dict[str, list[str]] = {}
    for name in known:
        by_part.setdefault(_compared_part(name.casefold(), wanted), []).append(name)
    for text in difflib.get_close_matches(wanted.strip("*"), by_part, n=_MAX_SUGGESTIONS):
        similar += by_part[text]
    return list(dict.fromkeys(similar))[:_MAX_SUGGESTIONS]


def _compared_part(name: str, pattern: str) -> str:
    """Return the part of a name that is compared: without what a star at an end matches."""
    length = len(pattern.strip("*"))
    if pattern.endswith("*") and not pattern.startswith("*"):
        return name[:length]
    return name[-length:] if pattern.startswith("*") and not pattern.endswith("*") else name
