"""The one converter between JSON data and models: nothing is coerced, nothing is lost.

A model keeps the document it was read from.  From there it knows the order of the keys, the keys
it has no field for and the explicit nulls, without having looked for them while it was read.

- A value whose JSON type is not the promised one is kept as it came.
- What is written is the document, with the fields as they are now: each part that nobody changed
  is handed on as it is, without a copy.

It works on subclasses of `postman_async.models.base.Model` and knows none by name.  How the
fields of a class are read and compared is in `postman_async.engine.data.plan`.
"""

from __future__ import annotations

import functools
import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from attrs import has
from cattrs import Converter

from postman_async.engine.data.depth import DEEPEST
from postman_async.engine.data.plan import Read, level_of, plan_of, told
from postman_async.errors import NestingError

__all__ = ["from_dict", "load_model", "one_level", "read_field", "reader", "to_dict"]

T = TypeVar("T")

_PLAIN = frozenset({str, int, float, bool, types.NoneType})


def unknown_of(model: Any) -> dict[str, Any]:
    """What the document has beside the fields."""
    known = set(plan_of(type(model)).names.values())
    source = model._source or {}
    return {key: source[key] for key in source if key not in known}


def nulls_of(model: Any) -> set[str]:
    """The names of the fields that the document has as null."""
    source, names = model._source or {}, plan_of(type(model)).names
    return {name for name, wire in names.items() if wire in source and source[wire] is None}


def _now(model: Any, name: str, wire: str) -> Any:
    """The value of a field; as it stands in the document, where nobody has looked at it."""
    late = plan_of(type(model)).late.get(name)
    if late is None:
        return getattr(model, name)
    try:
        return late.get(model)
    except AttributeError:
        return told(model, wire)


def _level(model: Any) -> dict[str, Any]:
    """Write one level of a model: its own keys, those of its document first and in their order."""
    source = model._source or {}
    names = plan_of(type(model)).names
    values = {name: _now(model, name, wire) for name, wire in names.items()}
    nulls = nulls_of(model) if model._nulls is None else model._nulls
    content: dict[str, Any] = {}
    for (name, wire), value in zip(names.items(), values.values(), strict=True):
        if value is not None or name in nulls:
            content[wire] = value
    content.update(unknown_of(model) if model._extra is None else model._extra)
    ordered = {key: content.pop(key) for key in source if key in content}
    return {**ordered, **content}


def _is_model(cls: Any) -> bool:
    return has(cls) and hasattr(cls, "wire_names")


CONVERTER = Converter()
"""The one converter; its hooks are made when a class is first met."""

CONVERTER.register_structure_hook_factory(_is_model, lambda cls: _hook(reader(cls)))
CONVERTER.register_unstructure_hook_factory(_is_model, lambda _: to_dict)


def _hook(read: Read) -> Callable[[Any, Any], Any]:
    return lambda data, _: read(data)


def _reader(cls: Any) -> Read:
    read = plan_of(cls).read
    return lambda data: read(data) if isinstance(data, dict) else data


reader: Callable[[Any], Read] = functools.cache(_reader)
"""What makes a model of JSON data that is the model's own from then on."""


@functools.cache
def load_model(reference: str) -> Any:
    """Import the model that an operation names as ``module:Class``."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(f"postman_async.models.{module}"), name)


def read_field(model: Any, name: str, data: Any) -> Any:
    """Read JSON data as the value of a field that holds models; the model is not changed."""
    return plan_of(type(model)).late[name].read(data)


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
        NestingError: the value holds itself, or is nested too deeply.

    """
    root = [value]
    waiting: list[tuple[Any, Any, int]] = [(root, 0, 0)]
    while waiting:
        holder, place, depth = waiting.pop()
        opened = _opened(holder[place])
        if opened is None:
            continue
        if depth > DEEPEST:
            raise NestingError(f"it holds itself, or is nested over {DEEPEST} levels deep")
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
    return dict(_level(value)) if _is_model(type(value)) else None


def one_level(value: Any) -> Any:
    """Make JSON data of a model or mapping, in which some values may still be models.

    It is to be written and not to be changed: what is unchanged of the document of a model is
    that document itself.

    Raises:
        TypeError: there is no JSON data of such a value.

    """
    if isinstance(value, Mapping):
        return dict(value)
    if not _is_model(type(value)):
        raise TypeError(f"{type(value).__name__} is not JSON")
    try:
        made = level_of(type(value))(value)
    except RecursionError:  # folders within folders
        made = value
    return _level(value) if made is value else made
