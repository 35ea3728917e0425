"""Replacement of ``{{name}}`` in texts by the values of variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["PLACEHOLDER", "fill", "scope"]

PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")
"""A placeholder; its group is the name of the variable."""

_LEVELS = 10  # a value may contain placeholders; the limit ends cycles
_MAX_CHARACTERS = 10_000_000


def scope(*lists: Any) -> dict[str, str]:
    """Return the enabled variables of some lists by name; later lists take precedence."""
    found: dict[str, str] = {}
    for entry in _entries(lists):
        key = entry.get("key") or entry.get("id")  # old collections use the key "id"
        if isinstance(key, str) and entry.get("enabled") is not False and not entry.get("disabled"):
            found[key] = _text(entry.get("value"))
    return found


def _entries(lists: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for entries in lists:
        if isinstance(entries, list):
            yield from (entry for entry in entries if isinstance(entry, dict))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Replace the placeholders of a text; those without a variable stay."""
    for _ in range(_LEVELS):
        filled = PLACEHOLDER.sub(lambda found: variables.get(found[1].strip(), found[0]), text)
        if filled == text or len(filled) > _MAX_CHARACTERS:
            return filled
        text = filled
    return text
