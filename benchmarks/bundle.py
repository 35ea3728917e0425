"""Our description as one document, for tools that do not follow references across files."""

from __future__ import annotations

from typing import Any

from postman_async.spec import load

__all__ = ["bundled"]


def bundled() -> dict[str, Any]:
    """Return one OpenAPI document with all paths and components of the files."""
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Postman API", "version": "1"},
        "paths": {},
        "components": {},
    }
    for document in load().values():
        whole["paths"].update(_local(document.get("paths", {})))
        for kind, parts in document.get("components", {}).items():
            whole["components"].setdefault(kind, {}).update(_local(parts))
    return whole


def _local(node: Any) -> Any:
    """Point every reference into the one document."""
    if isinstance(node, dict):
        return {
            key: f"#/{value.partition('#/')[2]}" if key == "$ref" else _local(value)
            for key, value in node.items()
        }
    return [_local(item) for item in node] if isinstance(node, list) else node
