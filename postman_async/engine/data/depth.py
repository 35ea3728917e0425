"""Comparison and flattening of JSON data of any depth, without recursion.

Python's own comparison, ``repr`` and ``pickle`` recurse.  They fail at some hundred levels; how
many depends on the depth of the stack they are called from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

__all__ = ["DEEPEST", "flattened", "is_deep", "same", "unflattened"]

Link: TypeAlias = tuple[int, Any, int]
"""The index of a part, a key in it, and the index of the part that is its value."""

DEEPEST = 10_000
"""More levels than any JSON reader accepts: deeper data contains itself."""


def same(one: Any, other: Any) -> bool:
    """Compare JSON data."""
    try:
        return bool(one == other)
    except RecursionError:
        pass
    waiting = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            waiting += [(left[key], right[key]) for key in left]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            waiting += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


def is_deep(data: Any, levels: int) -> bool:
    """Whether JSON data has more levels of objects and arrays than ``levels``."""
    level = [data]
    for _ in range(levels + 1):
        level = [part for part in level if isinstance(part, dict | list)]
        if not level:
            return False
        level = [inner for part in level for _, inner in _items(part)]
    return True


def flattened(data: Any) -> tuple[list[Any], list[Link]]:
    """Split JSON data into its objects and arrays, each without the inner ones, and links."""
    parts: list[Any] = []
    links: list[Link] = []
    waiting: list[tuple[Any, int, Any]] = [(data, -1, None)]
    for part, holder, key in waiting:
        index = len(parts)
        if holder >= 0:
            links.append((holder, key, index))
        inner = [(k, v) for k, v in _items(part) if isinstance(v, dict | list)]
        parts.append(part.copy())
        for k, v in inner:
            parts[index][k] = None
            waiting.append((v, index, k))
    return parts, links


def unflattened(parts: list[Any], links: list[Link]) -> Any:
    """Join the parts that `flattened` made."""
    for holder, key, index in links:
        parts[holder][key] = parts[index]
    return parts[0]


def _items(part: Any) -> Iterator[tuple[Any, Any]]:
    return iter(part.items() if isinstance(part, dict) else enumerate(part))
