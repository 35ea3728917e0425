"""The answer of a call: its type, where in the body it is, and its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from postman_async.codegen.annotations import union
from postman_async.codegen.ir import Param, Result, Type
from postman_async.codegen.lower.source import Source
from postman_async.codegen.read import Located

__all__ = ["accepted", "echo", "fixed_paging", "redirects", "result", "value"]

_JSON = "application/json"
_START = {"cursor": "cursor", "offset": "offset", "scim": "startIndex"}
"""The wire name of the parameter that a walk over all pages sets, by the way of paging."""


def result(source: Source) -> Result:
    """Make the result of the first 2xx answer that has a body."""
    answers = _answers(source)
    if not answers:
        raise source.error("has no 2xx answer")
    full = next((part for part in answers.values() if "content" in part.node), None)
    if full is None:
        return Result(Type("None"), next(iter(answers.values())).node["description"])
    made = _result(source, full)
    empty = tuple(status for status, part in answers.items() if "content" not in part.node)
    if not empty:
        return made
    return evolve(made, type=union([made.type, Type("None")]), empty=empty)


def _answers(source: Source) -> dict[int, Located]:
    """Return the answers that are no errors, without the one that starts a task on request."""
    task = source.word("x-task", {})
    found = {
        int(status): source.resolve(source.part.at(node))
        for status, node in source.word("responses", {}).items()
        if status.startswith(("2", "3"))
    }
    return {s: part for s, part in found.items() if not (s == 202 and "when" in task)} or found


def _result(source: Source, part: Located) -> Result:
    doc, content = part.node["description"], part.node["content"]
    if _JSON not in content:
        return _text(source, part, doc)
    if len(content) > 1:
        return _text_or_json(source, part, doc)
    key, schema = _unwrapped(source, part.at(content[_JSON]["schema"]))
    made = value(source, schema, doc, key, paged=source.word("x-paging") is not None)
    optional = isinstance(source.word("x-unwrap"), str)
    return evolve(made, meta=source.word("x-paging-meta", "meta"), optional_key=optional)


def _text(source: Source, part: Located, doc: str) -> Result:
    for kind, media in part.node["content"].items():
        if media["schema"].get("type") != "string":
            raise source.error(f"answers {kind}, which must be a string")
    return Result(Type("str"), doc, text="only")


def _text_or_json(source: Source, part: Located, doc: str) -> Result:
    """Return JSON parsed, and any other type as text."""
    content = dict(part.node["content"])
    parsed = source.read(part.at(content.pop(_JSON)["schema"]))
    text = _text(source, part.at({"content": content}), doc)
    return evolve(text, type=union([text.type, parsed]), text="also")


def redirects(source: Source) -> tuple[int, ...]:
    """Return the statuses from 300 to 399 that are answers; they must have no body."""
    found = {s: part for s, part in _answers(source).items() if s >= 300}
    if any("content" in part.node for part in found.values()):
        raise source.error("describes a redirect with a body")
    return tuple(found)


def accepted(source: Source) -> tuple[tuple[str, str], ...]:
    """Return the Accept header of a call whose answer is text."""
    for part in _answers(source).values():
        content = part.node.get("content")
        if content and set(content) != {_JSON}:
            return (("Accept", ", ".join(content)),)
    return ()


def value(
    source: Source, schema: Located, doc: str, key: str | None, *, paged: bool = False
) -> Result:
    """Make the result of a schema: one value, a list, or maps of models."""
    found = source.resolve(schema)
    if found.node.get("type") == "array":
        return _list(source, found, doc, key, paged=paged)
    if paged:
        raise source.error("is paged, but does not answer a list")
    maps, innermost = _in_maps(source, found)
    ref = source.model(innermost)
    return Result(source.read(schema), doc, None, ref, key, maps if ref else 0)


def _list(source: Source, part: Located, doc: str, key: str | None, *, paged: bool) -> Result:
    item = source.resolve(part.at(part.node["items"]))
    item_type = source.read(item)
    many = "Page" if paged else "list"
    returns = Type(f"{many}[{item_type.python}]", item_type.models)
    return Result(returns, doc, item_type, source.model(item), key)


def _in_maps(source: Source, part: Located) -> tuple[int, Located]:
    """Look into maps of maps: how many there are, and what the innermost holds."""
    inner = part.node.get("additionalProperties")
    if not isinstance(inner, dict) or "properties" in part.node:
        return 0, part
    maps, innermost = _in_maps(source, source.resolve(part.at(inner)))
    return maps + 1, innermost


# -- where in the body the value is ------------------------------------------------------------


def _unwrapped(source: Source, schema: Located) -> tuple[str | None, Located]:
    wanted = source.word("x-unwrap")
    if wanted is False:
        return None, schema
    if isinstance(wanted, str):
        return wanted, _at(source, schema, wanted.split("."))
    if "$ref" in schema.node:
        return None, schema
    properties: Mapping[str, Any] = schema.node.get("properties", {})
    keys = [key for key in properties if key != source.word("x-paging-meta", "meta")]
    if len(keys) != 1:
        return None, schema
    return keys[0], schema.at(properties[keys[0]])


def echo(source: Source) -> tuple[str, ...]:
    """Return the keys to the id that the answer repeats, below the key that wraps the value."""
    keys: list[str] = source.word("x-echo", [])
    if keys:
        content = source.node["responses"]["200"]["content"]
        _at(source, source.part.at(content[_JSON]["schema"]), keys)
    return tuple(keys[1:])


def _at(source: Source, schema: Located, keys: list[str]) -> Located:
    """Follow keys into the schema of an answer; ``*`` is the only key of a map."""
    for key in keys:
        found = source.resolve(schema)
        inner = found.node.get("additionalProperties") if key == "*" else None
        node = found.node.get("properties", {}).get(key, inner)
        if not isinstance(node, dict):
            raise source.error(f"names the key {key!r}, which the answer does not have")
        schema = found.at(node)
    return schema


def fixed_paging(source: Source, arguments: tuple[Param, ...]) -> frozenset[str]:
    """Return the arguments that a walk over all pages sets by itself."""
    paging = source.word("x-paging")
    if paging is None:
        return frozenset()
    if paging not in _START:
        raise source.error(f"has an x-paging that is none of {sorted(_START)}: {paging!r}")
    names = {p.name for p in arguments if p.wire == _START[paging] and p.location == "query"}
    if not names:
        raise source.error(f"is paged by {paging}, but has no query parameter {_START[paging]!r}")
    return frozenset(names)
