"""Strict reading: each location where an answer differs from its model.

A new value in a closed list of values is not a fault: the service may add values at any time.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_origin

from attrs import NOTHING, fields_dict, has

from postman_async.engine.data.convert import load_model
from postman_async.engine.data.paths import MISSING, find
from postman_async.engine.data.plan import members, names_of, types_of

if TYPE_CHECKING:
    from postman_async.engine.operation import Result

__all__ = ["answer_faults", "faults"]

_Part: TypeAlias = tuple[Any, Any, str]
"""A value, the promised type, and the path of the value."""

_JSON_NAMES = {
    dict: "an object", list: "an array", str: "a string", int: "an integer", float: "a number",
    bool: "a boolean", types.NoneType: "null",
}  # fmt: skip


def answer_faults(result: Result, body: Any) -> Iterator[str]:
    """Yield each difference between a 2xx body and the result of its operation."""
    path = "$"
    if result.keys and not (result.optional_key and find(body, result.keys) is MISSING):
        inner = find(body, result.keys)
        if inner is MISSING:
            yield f"$.{result.key}: missing"
            return
        path, body = f"$.{result.key}", inner
    yield from faults(body, _annotation(result), path)


def _annotation(result: Result) -> Any:
    promised: Any = Any if result.model is None else load_model(result.model)
    if result.many:
        return types.GenericAlias(list, promised)
    for _ in range(result.maps):
        promised = types.GenericAlias(dict, (str, promised))
    return promised


def faults(value: Any, annotation: Any, path: str = "$") -> Iterator[str]:
    """Yield each difference between JSON data and the type of a model, as ``path: what``."""
    waiting: list[_Part | str] = [(value, annotation, path)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        else:
            waiting += reversed([*_look(*part)])


def _look(value: Any, annotation: Any, path: str) -> Iterator[_Part | str]:
    """Check one value: yield its fault, or its parts that are still to be checked."""
    nullable = types.NoneType in get_args(annotation)
    if annotation is Any or (value is None and nullable):
        return
    fitting = [member for member in members(annotation) if _fits(value, member)]
    if fitting:
        yield from _inner(value, fitting[0], path)
    else:
        wanted = " or ".join(dict.fromkeys(_name_of(m) for m in members(annotation)))
        yield f"{path}: {_JSON_NAMES.get(type(value), type(value).__name__)} instead of {wanted}"


def _inner(value: Any, member: Any, path: str) -> Iterator[_Part | str]:
    if has(member):
        yield from _object(value, member, path)
    elif get_origin(member) is list:
        for index, item in enumerate(value):
            yield item, get_args(member)[0], f"{path}[{index}]"
    elif get_origin(member) is dict:
        for key, item in value.items():
            yield item, get_args(member)[1], f"{path}.{key}"


def _object(value: dict[str, Any], cls: Any, path: str) -> Iterator[_Part | str]:
    names, types_by_name, known = names_of(cls), types_of(cls), fields_dict(cls)
    for name, wire in names.items():
        if wire in value:
            yield value[wire], types_by_name[name], f"{path}.{wire}"
        elif known[name].default is NOTHING and cls.stand_ins.get(wire) not in value:
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
