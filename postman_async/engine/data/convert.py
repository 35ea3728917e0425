"""The one converter between JSON data and models: nothing is coerced, nothing is lost.

A model keeps the document it was read from.  The document has the order of the keys, the keys
without a field and the explicit nulls, so reading need not look for them.

- A value of another JSON type than promised is kept as it came.
- Writing gives the document with the current values of the fields.  A part that was not changed
  is used as it is, without a copy.

The plan of a class (`postman_async.engine.data.plan`) says how its models are read and written.
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
from postman_async.engine.data.plan import (
    Read,
    names_of,
    plan_of,
    raw_value,
    slot_value,
    writer_of,
)
from postman_async.errors import NestingError

__all__ = ["from_dict", "load_model", "one_level", "read_field", "reader", "to_dict"]

T = TypeVar("T")

_PLAIN = frozenset({str, int, float, bool, types.NoneType})


def unknown_of(model: Any) -> dict[str, Any]:
    """Return the part of the document that the model has no fields for."""
    known = set(names_of(type(model)).values())
    source = model._source or {}
    return {key: source[key] for key in source if key not in known}


def nulls_of(model: Any) -> set[str]:
    """Return the names of the fields that are null in the document."""
    source, names = model._source or {}, names_of(type(model))
    return {name for name, wire in names.items() if wire in source and source[wire] is None}


def _value(model: Any, name: str, wire: str) -> Any:
    """Return the value of a field; of a lazy field that was not read, that of the document."""
    if name not in plan_of(type(model)).lazy:
        return getattr(model, name)
    try:
        return slot_value(model, name)
    except AttributeError:
        return raw_value(model, wire)


def _level(model: Any) -> dict[str, Any]:
    """Write one level of a model: the keys of its document in their order, then the new ones."""
    source = model._source or {}
    names = names_of(type(model))
    values = {name: _value(model, name, wire) for name, wire in names.items()}
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
"""Return the function that makes a model of a JSON object, which the model keeps.

Any other value comes back as it is.
"""


@functools.cache
def load_model(reference: str) -> Any:
    """Import the model that an operation names as ``module:Class``."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(f"postman_async.models.{module}"), name)


def read_field(model: Any, name: str, data: Any) -> Any:
    """Read JSON data as the value of a field that holds models; the model is not changed."""
    return plan_of(type(model)).lazy[name].read(data)


def from_dict(data: Any, model: type[T]) -> T:
    """Make a model from JSON data (a mapping); any other value comes back as it is.

    The data is copied, so later changes of it do not change the model, and vice versa.
    """
    made: T = reader(model)(to_dict(data))
    return made


def to_dict(value: Any) -> Any:
    """Make JSON data from a model, or from lists and mappings that hold models.

    The result is a copy, of any depth.

    Raises:
        NestingError: the value holds itself, or is nested too deeply.

    """
    root = [value]
    waiting: list[tuple[Any, Any, int]] = [(root, 0, 0)]
    while waiting:
        holder, key, depth = waiting.pop()
        opened = _opened(holder[key])
        if opened is None:
            continue
        if depth > DEEPEST:
            raise NestingError(f"it holds itself, or is nested over {DEEPEST} levels deep")
        holder[key] = opened
        items = opened.items() if isinstance(opened, dict) else enumerate(opened)
        waiting += [(opened, inner, depth + 1) for inner, v in items if type(v) not in _PLAIN]
    return root[0]


def _opened(value: Any) -> dict[str, Any] | list[Any] | None:
    """Copy one level of what holds other values; None for anything else."""
    if isinstance(value, dict | Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    return dict(_level(value)) if _is_model(type(value)) else None


def one_level(value: Any) -> Any:
    """Make JSON data of a model or mapping; some of its values may still be models.

    The result must not be changed: unchanged parts are those of the document itself.

    Raises:
        TypeError: the value cannot be written as JSON.

    """
    if isinstance(value, Mapping):
        return dict(value)
    if not _is_model(type(value)):
        raise TypeError(f"{type(value).__name__} is not JSON")
    try:
        made = writer_of(type(value))(value)
    except RecursionError:  # folders within folders
        made = value
    return _level(value) if made is value else made
