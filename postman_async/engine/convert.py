"""The one converter between JSON data and models: nothing is coerced, nothing is lost.

A model keeps the document it was read from.  From there it knows the order of the keys, the keys
it has no field for and the explicit nulls, without having looked for them while it was read.

- A value whose JSON type is not the promised one is kept as it came.
- Plain values are copied into their fields at once.  What holds further models stays JSON until
  it is looked at: the depth of a document does not matter, and what nobody reads costs nothing.
- What is written is the document, with the fields as they are now.

It works on subclasses of `postman_async.models.base.Model` and knows none by name.
"""

from __future__ import annotations

import functools
import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin

from attrs import fields, frozen, has, resolve_types
from cattrs import Converter

__all__ = ["from_dict", "load_model", "reader", "to_dict"]

T = TypeVar("T")
Read: TypeAlias = Callable[[Any], Any]

_PLAIN = frozenset({str, int, float, bool, types.NoneType})
_DEEPEST = 10_000
"""More levels than any JSON reader takes: what goes deeper holds itself."""


def members(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union without None; of anything else, itself."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(a for a in get_args(annotation) if a is not types.NoneType)
    return (annotation,)


def _holds_model(annotation: Any) -> bool:
    if any(has(a) for a in members(annotation) if isinstance(a, type)):
        return True
    return any(_holds_model(inner) for a in members(annotation) for inner in get_args(a))


def _as_it_is(value: Any) -> Any:
    return value


def _read_of(annotation: Any) -> Read:
    """Make what reads a field of this type: it chooses by the JSON type of the value."""
    by_type: dict[type, Read] = {}
    for member in filter(_holds_model, members(annotation)):
        if get_origin(member) is list:
            by_type[list] = _list_of(_read_of(get_args(member)[0]))
        elif get_origin(member) is dict:
            by_type[dict] = _dict_of(_read_of(get_args(member)[1]))
        else:
            by_type[dict] = functools.partial(_read_model, member)
    return lambda value: by_type.get(type(value), _as_it_is)(value)


def _list_of(read: Read) -> Read:
    return lambda value: [read(item) for item in value]


def _dict_of(read: Read) -> Read:
    return lambda value: {key: read(item) for key, item in value.items()}


def _read_model(cls: Any, value: Any) -> Any:
    """Look the class up at the first value, so that classes may hold themselves."""
    return reader(cls)(value)


@frozen
class Plan:
    """What reading and writing need to know of a class.

    Args:
        names: Python name to wire name of its fields.
        plain: of each field that is copied at once, what sets it and its wire name.
        late: of each field that holds models, its wire name and what reads it.

    """

    names: Mapping[str, str]
    plain: tuple[tuple[Callable[[Any, Any], None], str], ...]
    late: Mapping[str, tuple[str, Read]]


def _plan(cls: Any) -> Plan:
    resolve_types(cls)
    own = [a for a in fields(cls) if not a.name.startswith("_")]
    names = {a.name: cls.wire_names.get(a.name, a.name) for a in own}
    late = {a.name: a.type for a in own if _holds_model(a.type)}
    return Plan(
        names=names,
        plain=tuple(
            (getattr(cls, name).__set__, wire) for name, wire in names.items() if name not in late
        ),
        late={name: (names[name], _read_of(annotation)) for name, annotation in late.items()},
    )


plan_of: Callable[[Any], Plan] = functools.cache(_plan)
"""The plan of a class, made when the class is first met."""


def _structure_factory(cls: Any) -> Callable[[Any, Any], Any]:
    plain, new = plan_of(cls).plain, cls.__new__

    def hook(document: Any, _: Any) -> Any:
        if not isinstance(document, dict):
            return document
        model = new(cls)
        model._source = document
        model._extra = model._nulls = None
        get = document.get
        for put, wire in plain:
            put(model, get(wire))
        return model

    return hook


def read_late(model: Any, name: str) -> Any:
    """Read a field that holds models, at its first use.

    Raises:
        AttributeError: the class has no such field.

    """
    late = plan_of(type(model)).late.get(name)
    if late is None:
        kind = type(model).__name__
        raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=model)
    wire, read = late
    value = read((model._source or {}).get(wire))
    setattr(model, name, value)
    return value


def unknown_of(model: Any) -> dict[str, Any]:
    """What the document has beside the fields."""
    known = set(plan_of(type(model)).names.values())
    return {key: value for key, value in (model._source or {}).items() if key not in known}


def nulls_of(model: Any) -> set[str]:
    """The names of the fields that the document has as null."""
    source, names = model._source or {}, plan_of(type(model)).names
    return {name for name, wire in names.items() if wire in source and source[wire] is None}


def _now(model: Any, name: str, wire: str) -> Any:
    """The value of a field; as it stands in the document, where nobody has looked at it."""
    try:
        return object.__getattribute__(model, name)
    except AttributeError:
        return (model._source or {}).get(wire)


def _level(model: Any) -> dict[str, Any]:
    """Write one level of a model: its own keys, those of its document first and in their order."""
    source = model._source or {}
    nulls = nulls_of(model) if model._nulls is None else model._nulls
    content: dict[str, Any] = {}
    for name, wire in plan_of(type(model)).names.items():
        value = _now(model, name, wire)
        if value is not None or name in nulls:
            content[wire] = value
    content.update(unknown_of(model) if model._extra is None else model._extra)
    ordered = {key: content.pop(key) for key in source if key in content}
    return {**ordered, **content}


def _is_model(cls: Any) -> bool:
    return has(cls) and hasattr(cls, "wire_names")


CONVERTER = Converter()
"""The one converter; its hooks are made when a class is first met."""

CONVERTER.register_structure_hook_factory(_is_model, _structure_factory)
CONVERTER.register_unstructure_hook_factory(_is_model, lambda _: to_dict)


def _reader(cls: Any) -> Read:
    hook = CONVERTER.get_structure_hook(cls)
    return lambda data: hook(data, cls)


reader: Callable[[Any], Read] = functools.cache(_reader)
"""What makes a model of JSON data that is the model's own from then on."""


@functools.cache
def load_model(reference: str) -> Any:
    """Import the model that an operation names as ``module:Class``."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(f"postman_async.models.{module}"), name)


def from_dict(data: Any, model: type[T]) -> T:
    """Make a model from JSON data (a mapping); what is no mapping comes back as it is.

    The data is copied first: changing it later does not change the model, nor the other way.
    """
    made: T = reader(model)(to_dict(data))
    return made


def to_dict(value: Any) -> Any:
    """Make JSON data from a model, or from lists and mappings that hold models.

    The result is a copy, and its depth does not matter.

    Raises:
        RecursionError: the value holds itself.

    """
    root = [value]
    waiting: list[tuple[Any, Any, int]] = [(root, 0, 0)]
    while waiting:
        holder, place, depth = waiting.pop()
        opened = _opened(holder[place])
        if opened is None:
            continue
        if depth > _DEEPEST:
            raise RecursionError("it holds itself")
        holder[place] = opened
        items = opened.items() if isinstance(opened, dict) else enumerate(opened)
        waiting += [(opened, key, depth + 1) for key, v in items if type(v) not in _PLAIN]
    return root[0]


def _opened(value: Any) -> dict[str, Any] | list[Any] | None:
    """Copy one level of what holds other values; None for anything else."""
    if isinstance(value, dict | Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    return _level(value) if _is_model(type(value)) else None
