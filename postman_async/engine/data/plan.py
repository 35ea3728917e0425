"""The plan of a class of models: how its models are made from JSON and written as JSON.

The plans of the package's own models are generated source, in ``models/readers`` and
``models/writers``: functions that name each field, for a loop over the fields would take twice
the time.  Any other subclass of `postman_async.Model` gets a plan that loops over a table.

A model keeps the JSON object it was read from (its document).  Plain values are put into their
fields as they came.  Fields that hold models may be *lazy*: their slot stays empty, and
``Model.__getattr__``, which Python calls for an empty slot, reads them at the first access.  So
the depth of a document does not matter, and what nobody reads costs nothing.  In a large answer
the values of lazy fields are even left JSON text (`RawJson`) until then.
"""

from __future__ import annotations

import functools
import importlib
import operator
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import Factory, field, fields, frozen, has

__all__ = [
    "Document",
    "LazyField",
    "ModelPlan",
    "RawJson",
    "Read",
    "members",
    "merged",
    "names_of",
    "new",
    "plan_of",
    "raw_value",
    "slot_value",
    "types_of",
    "write_list",
    "writer_of",
]

T = TypeVar("T")
Read: TypeAlias = Callable[[Any], Any]


def _cached(function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Cache by class; to type checkers, the classes of models are not hashable."""
    return functools.cache(function)


new = object.__new__
"""Makes a model with empty slots."""

slot_value = object.__getattribute__
"""Returns the value of a field; raises AttributeError for a lazy field that was not read yet."""


@frozen
class LazyField:
    """A field that is read at its first access.

    Args:
        wire: its key in the document.
        read: makes the value of the field from JSON data.

    """

    wire: str
    read: Read


def _lazy_keys(plan: ModelPlan) -> frozenset[str]:
    return frozenset(lazy.wire for lazy in plan.lazy.values())


@frozen
class ModelPlan:
    """How the models of a class are read.

    Args:
        read: makes a model of a JSON object, which becomes the document of the model.
        lazy: the lazy fields, by their Python names.
        lazy_keys: the keys of the document that may stay `RawJson`.

    """

    read: Read
    lazy: Mapping[str, LazyField] = Factory(dict)
    lazy_keys: frozenset[str] = field(init=False, default=Factory(_lazy_keys, takes_self=True))


@_cached
def plan_of(cls: Any) -> ModelPlan:
    """Return the plan of a class of models: the generated one, or one made of its annotations."""
    plan: ModelPlan | None = _generated(cls, "readers", "PLANS")
    return _table_plan(cls) if plan is None else plan


@_cached
def writer_of(cls: Any) -> Read:
    """Return the function that writes an unchanged model without a copy.

    For a model that it cannot write, it returns the model itself.
    """
    write: Read | None = _generated(cls, "writers", "WRITERS")
    return _itself if write is None else write


def _generated(cls: Any, folder: str, table: str) -> Any:
    """Look a class up in the generated module beside its own; None for hand-written classes."""
    package, _, module = cls.__module__.rpartition(".")
    if package != "postman_async.models":
        return None
    return getattr(importlib.import_module(f"{package}.{folder}.{module}"), table).get(cls)


def _itself(value: Any) -> Any:
    return value


# -- the fields of a class ---------------------------------------------------------------------


@_cached
def names_of(cls: Any) -> Mapping[str, str]:
    """Return the key of each field in the document, by its Python name."""
    names = [a.name for a in fields(cls) if not a.name.startswith("_")]
    return {name: cls.wire_names.get(name, name) for name in names}


@_cached
def types_of(cls: Any) -> Mapping[str, Any]:
    """Return the type of each field, by its Python name."""
    found = get_type_hints(cls)
    return {name: found[name] for name in names_of(cls)}


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, without None; of any other type, the type itself."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(a for a in get_args(annotation) if a is not types.NoneType)
    return (annotation,)


# -- values that are read later ----------------------------------------------------------------


class RawJson:
    """A value of a document that is still JSON text."""

    __slots__ = ("_read", "text")

    def __init__(self, text: Any, read: Read) -> None:
        self.text = text
        self._read = read

    def data(self) -> Any:
        """Read the text."""
        return self._read(self.text)


class Document(dict[str, Any]):
    """A document with `RawJson` values; whoever iterates over it (attrs does) gets JSON data."""

    def items(self) -> Any:
        """Read the raw values, then iterate."""
        for key, value in super().items():
            if type(value) is RawJson:
                self[key] = value.data()
        return super().items()


def raw_value(model: Any, wire: str) -> Any:
    """Return what the document of a model has under a key; `RawJson` is read once."""
    source = model._source
    if source is None:
        return None
    value = source.get(wire)
    if type(value) is RawJson:
        value = source[wire] = value.data()
    return value


# -- what generated writers share --------------------------------------------------------------


def write_list(
    value: Any, cls: Any, write: Read, source: dict[str, Any], wire: str, changed: dict[str, Any]
) -> None:
    """Write a list of models into ``changed``, unless all of them are as in the document.

    Args:
        value: the value of the field, a list unless the service or the user drifts.
        cls: the class of its models.
        write: the writer of that class.
        source: the document of the model that has the field.
        wire: the key of the field.
        changed: the values that differ from those of the document, by their keys.

    """
    if type(value) is list:
        known = source.get(wire)
        made = [write(each) if type(each) is cls else each for each in value]
        if _same_items(made, known):
            return
        value = made
    changed[wire] = value


def _same_items(made: list[Any], known: Any) -> bool:
    same_length = type(known) is list and len(made) == len(known)
    return same_length and all(map(operator.is_, made, known))


def merged(model: Any, source: dict[str, Any], changed: dict[str, Any]) -> Any:
    """Return a document with changed values; the model itself where a value may have to go."""
    if any(value is None for value in changed.values()):
        return model
    return {**source, **changed}


# -- plans of hand-written classes -------------------------------------------------------------


def _table_plan(cls: Any) -> ModelPlan:
    kinds, names = types_of(cls), names_of(cls)
    readers = [(name, wire, _reader_of(kinds[name])) for name, wire in names.items()]

    def read(document: Any) -> Any:
        model = new(cls)
        model._source = document
        model._extra = model._nulls = None
        for name, wire, read_value in readers:
            setattr(model, name, read_value(document.get(wire)))
        return model

    return ModelPlan(read)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and has(annotation)


def _holds_model(annotation: Any) -> bool:
    if any(map(_is_model, members(annotation))):
        return True
    return any(_holds_model(inner) for a in members(annotation) for inner in get_args(a))


def _reader_of(annotation: Any) -> Read:
    """Make the function that reads a value of this type; another value is kept as it is."""
    by_type: dict[type, Read] = {}
    for member in filter(_holds_model, members(annotation)):
        if get_origin(member) is list:
            by_type[list] = _list_reader(_reader_of(get_args(member)[0]))
        elif get_origin(member) is dict:
            by_type[dict] = _dict_reader(_reader_of(get_args(member)[1]))
        else:
            by_type[dict] = functools.partial(_read_model, member)
    return lambda value: by_type.get(type(value), _itself)(value)


def _list_reader(read: Read) -> Read:
    return lambda value: [read(item) for item in value]


def _dict_reader(read: Read) -> Read:
    return lambda value: {key: read(item) for key, item in value.items()}


def _read_model(cls: Any, value: Any) -> Any:
    """Look the plan up at the first value, so that a class may hold itself."""
    try:
        return plan_of(cls).read(value)
    except RecursionError:  # nested too deeply: this part stays JSON data
        return value
