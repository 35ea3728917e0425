"""Path, query and header arguments, and the constants among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from attrs import frozen

from postman_async.codegen.annotations import union
from postman_async.codegen.ir import Param, Type
from postman_async.codegen.lower.source import Source, description
from postman_async.codegen.names import parameter_name
from postman_async.codegen.read import Located, Node

__all__ = ["Parameters", "parameters"]

_IN_PATH = re.compile(r"\{([^}]*)\}")
_LOCATIONS = frozenset({"path", "query", "header"})


@frozen
class Parameters:
    """What the parameters of an operation become.

    Args:
        path: the path, with Python's names of its arguments, and constants in place.
        arguments: the arguments; those of the path first, in its order.
        headers: the constant headers.
        query: the constant query parameters.

    """

    path: str
    arguments: tuple[Param, ...]
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]


def parameters(source: Source) -> Parameters:
    """Make arguments and constants of all parameters that hold for an operation."""
    shared = (source.item.at(node) for node in source.item.node.get("parameters", ()))
    own = (source.part.at(node) for node in source.word("parameters", ()))
    found = [source.resolve(part) for part in (*shared, *own)]
    for part in found:
        _check(source, part.node)
    constants = {location: _constants(found, location) for location in _LOCATIONS}
    arguments = [_argument(source, part) for part in found if not _is_constant(part)]
    path = _path(source, arguments, constants["path"])
    order = _IN_PATH.findall(source.path)
    arguments.sort(key=lambda p: order.index(p.wire) if p.positional else len(order))
    headers, query = tuple(constants["header"].items()), tuple(constants["query"].items())
    return Parameters(path, tuple(arguments), headers, query)


def _check(source: Source, node: Node) -> None:
    if "name" not in node or node.get("in") not in _LOCATIONS or "schema" not in node:
        raise source.error(f"has a parameter without name, schema or a known `in`: {dict(node)}")
    if node["in"] == "path" and not node.get("required"):
        raise source.error(f"must require its path parameter {node['name']!r}")


def _path(source: Source, arguments: list[Param], constants: dict[str, str]) -> str:
    """Write the path with Python's names, and with its constants."""
    names = {p.wire: p.name for p in arguments if p.location == "path"}
    if sorted(_IN_PATH.findall(source.path)) != sorted([*names, *constants]):
        raise source.error("has other parameters than its path")
    parts = {wire: f"{{{name}}}" for wire, name in names.items()}
    parts |= {wire: quote(value, safe="") for wire, value in constants.items()}
    return _IN_PATH.sub(lambda match: parts[match[1]], source.path)


def _is_constant(part: Located) -> bool:
    return "const" in part.node["schema"]


def _constants(found: Iterable[Located], location: str) -> dict[str, str]:
    """Return the constants of one location, spelled as they are sent."""
    here = (part.node for part in found if part.node["in"] == location and _is_constant(part))
    return {node["name"]: _spelled(node["schema"]["const"]) for node in here}


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _argument(source: Source, part: Located) -> Param:
    node, schema = part.node, source.resolve(part.at(part.node["schema"]))
    location, joined = node["in"], _is_joined(source, node)
    type_ = source.give(part.at(node["schema"]))
    if location == "header":
        _check_header(source, node, schema.node)
    return Param(
        name=parameter_name(node["name"], node.get("x-python-name")),
        wire=node["name"],
        location=location,
        type=union([Type("str"), type_]) if joined else type_,
        required=node.get("required", False),
        doc=description(source.spec, part, node["name"]),
        positional=location == "path",
        joined=joined,
        integer=location == "path" and schema.node.get("type") == "integer",
        flag=node.get("x-flag"),
        replaces_key=node.get("x-replaces-key", False),
    )


def _is_joined(source: Source, node: Node) -> bool:
    """Whether a list is one value with commas: OpenAPI's `explode: false`."""
    if node.get("style", "form" if node["in"] == "query" else "simple") not in {"form", "simple"}:
        raise source.error(f"has a style that is not understood: {node['style']!r}")
    joined = node.get("explode") is False
    if joined and (node["in"] != "query" or node["schema"].get("type") != "array"):
        raise source.error(f"joins {node['name']!r}, which is no list in the query")
    return joined


def _check_header(source: Source, node: Node, schema: Node) -> None:
    if schema.get("type") != ("boolean" if "x-flag" in node else "string"):
        wanted = "a string, or a boolean with x-flag"
        raise source.error(f"has a header argument {node['name']!r} that is not {wanted}")
