"""The files of the description as one OpenAPI document, for tools that read one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postman_async import spec


def bundle() -> dict[str, Any]:
    """Return one document with the content of all files and internal references."""
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Postman API", "version": "1"},
        "security": [{"apiKey": []}],
        "paths": {},
        "components": {},
    }
    for file in spec.load().values():
        _join(document["paths"], file["paths"])
        for kind, parts in file.get("components", {}).items():
            _join(document["components"].setdefault(kind, {}), parts)
    joined: dict[str, Any] = _pointing_inside(document)
    return joined


def _join(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Merge parts; different parts with one name would make the references ambiguous."""
    for name, part in more.items():
        assert into.get(name, part) == part, f"{name} stands in two files"
        into[name] = part


def _pointing_inside(value: Any) -> Any:
    if isinstance(value, list):
        return [_pointing_inside(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    inside = {key: _pointing_inside(entry) for key, entry in value.items()}
    if isinstance(inside.get("$ref"), str):
        inside["$ref"] = "#" + inside["$ref"].partition("#")[2]
    return inside
