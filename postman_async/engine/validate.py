"""Strict reading: every place where an answer is not what its model promises.

A new value in a closed list of values is no fault: the service may add some at any time.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from attrs import NOTHING, fields, has, resolve_types

from postman_async.engine.convert import load_model, members, wire_fields

if TYPE_CHECKING:
    from postman_async.engine.operation import Result

__all__ = ["answer_faults", "faults"]

_JSON_NAMES = {
    dict: "an object", list: "an array", str: "a string", int: "an integer", float: "a number",
    bool: "a boolean", types.NoneType: "null",
}  # fmt: skip


def answer_faults(result: Result, body: Any) -> Iterator[str]:
    """Yield each fault of a 2xx body against what the operation promises."""
    path = "$"
    if result.key is not None:
        if not isinstance(body, dict) or result.key not in body:
            yield f"$.{result.key}: missing"
            return
        path, body = f"$.{result.key}", body[result.key]
    yield from faults(body, _annotation(result), path)


def _annotation(result: Result) -> Any:
    promised: Any = Any if result.model is None else load_model(result.model)
    if result.many:
        return types.GenericAlias(list, promised)
    for _ in range(result.maps):
        promised = types.GenericAlias(dict, (str, promised))
    return promised


def faults(value: Any, annotation: Any, path: str = "$") -> Iterator[str]:
    """Yield each fault of the JSON ``value`` against a model's type, as ``path: what``."""
    nullable = types.NoneType in get_args(annotation)
    if annotation is Any or (value is None and nullable):
        return
    fitting = [member for member in members(annotation) if _fits(value, member)]
    if not fitting:
        wanted = " or ".join(dict.fromkeys(_name_of(m) for m in members(annotation)))
        yield f"{path}: {_JSON_NAMES.get(type(value), type(value).__name__)} instead of {wanted}"
        return
    yield from _inner(value, fitting[0], path)


def _inner(value: Any, member: Any, path: str) -> Iterator[str]:
    if has(member):
        yield from _object(value, member, path)
    elif get_origin(member) is list:
        for index, item in enumerate(value):
            yield from faults(item, get_args(member)[0], f"{path}[{index}]")
    elif get_origin(member) is dict:
        for key, item in value.items():
            yield from faults(item, get_args(member)[1], f"{path}.{key}")


def _object(value: dict[str, Any], cls: Any, path: str) -> Iterator[str]:
    resolve_types(cls)
    names = wire_fields(cls)
    for attribute in fields(cls):
        wire = names.get(attribute.name)
        if wire is None:
            continue
        if wire in value:
            yield from faults(value[wire], attribute.type, f"{path}.{wire}")
        elif attribute.default is NOTHING:
            yield f"{path}.{wire}: missing"
    if not cls.open_ended:
        unknown = value.keys() - set(names.values())
        yield from (f"{path}.{key}: not in the specification" for key in sorted(unknown))


def _json_type(member: Any) -> type:
    if has(member):
        return dict
    if get_origin(member) is Literal:
        return type(get_args(member)[0])
    plain: type = get_origin(member) or member
    return plain


def _fits(value: Any, member: Any) -> bool:
    if member is Any:
        return True
    wanted = _json_type(member)
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, wanted) or (wanted is float and isinstance(value, int))


def _name_of(member: Any) -> str:
    return _JSON_NAMES.get(_json_type(member), str(member))
