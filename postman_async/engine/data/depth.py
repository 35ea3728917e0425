"""What is done with JSON data of any depth: nothing here recurses.

Python's own comparison, its `repr` and its `pickle` do, and give up at some hundred levels: how
many depends on who calls them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

__all__ = ["DEEPEST", "flattened", "is_deep", "same", "unflattened"]

Link: TypeAlias = tuple[int, Any, int]
"""A place in a part (its index, and the key in it), and the index of the part that is there."""

DEEPEST = 10_000
"""More levels than any JSON reader takes: what goes deeper holds itself."""


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
    """Whether JSON data has more than so many levels of objects and arrays."""
    level = [data]
    for _ in range(levels + 1):
        level = [part for part in level if isinstance(part, dict | list)]
        if not level:
            return False
        level = [inner for part in level for _, inner in _items(part)]
    return True


def flattened(data: Any) -> tuple[list[Any], list[Link]]:
    """Take JSON data apart: objects and arrays, each without those it holds, and their links."""
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
    """Put together what `flattened` took apart."""
    for holder, key, index in links:
        parts[holder][key] = parts[index]
    return parts[0]


def _items(part: Any) -> Iterator[tuple[Any, Any]]:
    return iter(part.items() if isinstance(part, dict) else enumerate(part))
