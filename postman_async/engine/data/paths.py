"""Where a value is inside a JSON document; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["MISSING", "find", "find_text"]

MISSING: Any = object()
"""What is found where the document has no such value."""


def find(document: Any, keys: Sequence[str]) -> Any:
    """Follow keys into a document.

    Args:
        document: parsed JSON.
        keys: keys of objects and indexes of arrays; ``*`` is the only key of an object.

    Returns:
        The value, or `MISSING`.

    """
    for key in keys:
        document = _inside(document, key)
    return document


def find_text(document: Any, path: str | None) -> str | None:
    """Return the text or number at a path with dots, as text; None where there is none."""
    found = MISSING if path is None else find(document, path.split("."))
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found)


def _inside(document: Any, key: str) -> Any:
    if isinstance(document, dict):
        if key == "*" and len(document) == 1:
            return next(iter(document.values()))
        return document.get(key, MISSING)
    if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
        return document[int(key)]
    return MISSING
