"""What reading and writing need to know of a class of models, and the functions made of it.

The two functions of a class are written out for its fields and compiled when the class is first
met, as attrs and cattrs make theirs: a loop over the fields would take three times as long.

- ``read`` makes a model of a JSON object.  Plain values are put into their fields as they came,
  and a model that is the value of a field is made with the one that holds it.  Lists and mappings
  of models are *late*: they stay JSON until they are looked at, so that the depth of a document
  does not matter, and what nobody reads costs nothing.  In a large answer they are `Unread` text
  until then.
- ``level`` gives the JSON data of a model: the very document it was read from, where nothing in
  it was changed, else a new one whose unchanged parts are those of the document.  Models that it
  cannot tell in a hurry are left in it, or come back themselves.
"""

from __future__ import annotations

import functools
import inspect
import operator
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, Union, get_args, get_origin

from attrs import fields, frozen, has

__all__ = [
    "Document",
    "Late",
    "Plan",
    "Read",
    "Unread",
    "level_of",
    "members",
    "plan_of",
    "told",
]

Read: TypeAlias = Callable[[Any], Any]


def members(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union without None; of anything else, itself."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(a for a in get_args(annotation) if a is not types.NoneType)
    return (annotation,)


class Unread:
    """A part of a document that is still text."""

    __slots__ = ("_read", "text")

    def __init__(self, text: Any, read: Read) -> None:
        self.text = text
        self._read = read

    def data(self) -> Any:
        """Make JSON data of it."""
        return self._read(self.text)


class Document(dict[str, Any]):
    """A document with parts that are text, which nobody sees who walks over it, as attrs does."""

    def items(self) -> Any:
        """Read what is unread."""
        for key, value in super().items():
            if type(value) is Unread:
                self[key] = value.data()
        return super().items()


def told(model: Any, wire: str) -> Any:
    """What the document of a model has under a key; text is read, once."""
    source = model._source
    if source is None:
        return None
    value = source.get(wire)
    if type(value) is Unread:
        value = source[wire] = value.data()
    return value


@frozen
class Late:
    """A field that is read when it is looked at.

    Args:
        read: makes its value of JSON data.
        get: gets what is in its place of the model; an AttributeError if nobody has looked yet.
        levels: makes JSON data of its value, given that in the document.

    """

    read: Read
    get: Callable[[Any], Any]
    levels: Callable[[Any, Any], Any]


@frozen
class Plan:
    """What reading and writing need to know of a class.

    Args:
        names: Python name to wire name of its fields.
        types: the type of each field, by its Python name.
        late: the fields that are read when they are looked at, by their Python names.
        inner: the class of each field that is read with the model and is one itself.
        unread: the keys of the document that may be `Unread` text.
        read: makes a model of a JSON object, which is the model's own from then on.

    """

    names: Mapping[str, str]
    types: Mapping[str, Any]
    late: Mapping[str, Late]
    inner: Mapping[str, Any]
    unread: frozenset[str]
    read: Read


def _plan(cls: Any) -> Plan:
    found = {name: kind for name, kind in _types(cls) if not name.startswith("_")}
    kinds = {a.name: found[a.name] for a in fields(cls) if a.name in found}
    names = {name: cls.wire_names.get(name, name) for name in kinds}
    _under_way.add(cls)
    inner = {name: model for name, kind in kinds.items() if (model := _inner(kind))}
    late = {
        name: _late(cls, name, names[name], kind)
        for name, kind in kinds.items()
        if name not in inner and _holds_model(kind)
    }
    read = _read_function(cls, names, late, inner)
    _under_way.discard(cls)
    return Plan(names, kinds, late, inner, frozenset(names[name] for name in late), read)


plan_of: Callable[[Any], Plan] = functools.cache(_plan)
"""The plan of a class, made when the class is first met."""


# -- the types of the fields ---------------------------------------------------------------------


def _types(cls: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and type of each field (`typing.get_type_hints` takes four times as long)."""
    for base in reversed(cls.__mro__):
        for name, kind in inspect.get_annotations(base).items():
            is_text = isinstance(kind, str)
            yield name, _evaluated(kind, base.__module__) if is_text else kind


@functools.cache
def _evaluated(annotation: str, module: str) -> Any:
    return eval(annotation, vars(sys.modules[module]))  # noqa: S307 - the text of our own classes


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and has(annotation)


@functools.cache
def _holds_model(annotation: Any) -> bool:
    if any(map(_is_model, members(annotation))):
        return True
    return any(_holds_model(inner) for a in members(annotation) for inner in get_args(a))


_under_way: set[Any] = set()
"""The classes whose plans are being made: a field that leads back to one of them must be late."""


def _inner(annotation: Any) -> Any:
    """Return the class of the model that a field holds; None if it holds none, or many."""
    holding = [m for m in members(annotation) if _holds_model(m)]
    if len(holding) == 1 and _is_model(holding[0]) and holding[0] not in _under_way:
        return holding[0]
    return None


# -- late fields ---------------------------------------------------------------------------------


def _late(cls: Any, name: str, wire: str, kind: Any) -> Late:
    """Put a property in the place of a field's slot, which keeps the value."""
    slot = inspect.getattr_static(cls, name)
    if isinstance(slot, property):  # that of a class it extends
        slot = _SLOTS[slot]
    get, put, read = slot.__get__, slot.__set__, _read_of(kind)

    def look(model: Any) -> Any:
        try:
            return get(model)
        except AttributeError:
            value = read(told(model, wire))
        put(model, value)
        return value

    def leave_out(model: Any) -> None:
        put(model, None)
        model.nulls.discard(name)

    looking = property(look, put, leave_out)
    _SLOTS[looking] = slot
    setattr(cls, name, looking)
    return Late(read, get, _levels_of(kind))


_SLOTS: dict[property, Any] = {}
"""The slots that properties have taken the place of."""


def _levels_of(annotation: Any) -> Callable[[Any, Any], Any]:
    lists = [m for m in members(annotation) if get_origin(m) is list]
    model = _inner(get_args(lists[0])[0]) if lists else None

    def levels(value: Any, document: Any) -> Any:
        if model is None or type(value) is not list:
            return value
        level = level_of(model)
        made = [level(item) if type(item) is model else item for item in value]
        return document if _same(made, document) else made

    return levels


def _same(made: list[Any], document: Any) -> bool:
    same_length = type(document) is list and len(made) == len(document)
    return same_length and all(map(operator.is_, made, document))


def _read_of(annotation: Any) -> Read:
    """Make what reads a field of this type: it chooses by the JSON type of the value."""
    by_type: dict[type, Read] = {}
    for member in filter(_holds_model, members(annotation)):
        if get_origin(member) is list:
            by_type[list] = _list_of(get_args(member)[0])
        elif get_origin(member) is dict:
            by_type[dict] = _dict_of(_read_of(get_args(member)[1]))
        else:
            by_type[dict] = functools.partial(_read_model, member)
    return lambda value: by_type.get(type(value), _as_it_is)(value)


def _list_of(annotation: Any) -> Read:
    """The usual list holds models of one class, which leaves nothing to choose for each item."""
    model, read = _inner(annotation), _read_of(annotation)

    def read_models(value: Any) -> Any:
        read = plan_of(model).read
        return [read(item) if type(item) is dict else item for item in value]

    return (lambda value: [read(item) for item in value]) if model is None else read_models


def _dict_of(read: Read) -> Read:
    return lambda value: {key: read(item) for key, item in value.items()}


def _read_model(cls: Any, value: Any) -> Any:
    """Look the class up at the first value, so that classes may hold themselves."""
    return plan_of(cls).read(value)


def _as_it_is(value: Any) -> Any:
    return value


# -- the two functions ---------------------------------------------------------------------------

_READ = """\
def read(document):
    model = new(cls)
    model._source = document
    model._extra = model._nulls = None
    get = document.get
    {fields}
    return model
"""
_READ_PLAIN = """
    model.{name} = get({wire!r})"""
_READ_INNER = """
    value = get({wire!r})
    model.{name} = read_{name}(value) if type(value) is dict else value"""


def _read_function(
    cls: Any, names: Mapping[str, str], late: Mapping[str, Late], inner: Mapping[str, Any]
) -> Read:
    known: dict[str, Any] = {f"read_{name}": plan_of(model).read for name, model in inner.items()}
    lines = [
        (_READ_INNER if name in inner else _READ_PLAIN).format(name=name, wire=wire)
        for name, wire in names.items()
        if name not in late
    ]
    known |= {"cls": cls, "new": cls.__new__}
    read: Read = _made("read", _READ.format(fields="".join(lines)), known)
    return read


_LEVEL = """\
def level(model):
    source = model._source
    if source is None:
        return model
    get = source.get
    changed = {{}}
    {fields}
    if model._extra is not None or model._nulls is not None:
        return model
    return {{**source, **changed}} if changed else source
"""
_LEVEL_PLAIN = """
    if model.{name} is not get({wire!r}):
        return model"""
_LEVEL_INNER = """
    value, document = model.{name}, get({wire!r})
    if value is not document:
        if value is None:
            return model
        if type(value) is class_{name}:
            value = level_{name}(value)
        if value is not document:
            changed[{wire!r}] = value"""
_LEVEL_LATE = """
    try:
        value = get_{name}(model)
    except AttributeError:
        pass
    else:
        document = get({wire!r})
        if value is not document:
            if value is None:
                return model
            value = levels_{name}(value, document)
            if value is not document:
                changed[{wire!r}] = value"""


def _level_function(cls: Any) -> Read:
    plan = plan_of(cls)
    known: dict[str, Any] = {}
    lines = []
    for name, wire in plan.names.items():
        line = _LEVEL_PLAIN
        if late := plan.late.get(name):
            known |= {f"get_{name}": late.get, f"levels_{name}": late.levels}
            line = _LEVEL_LATE
        elif model := plan.inner.get(name):
            known |= {f"class_{name}": model, f"level_{name}": level_of(model)}
            line = _LEVEL_INNER
        lines.append(line.format(name=name, wire=wire))
    level: Read = _made("level", _LEVEL.format(fields="".join(lines)), known)
    return level


level_of: Callable[[Any], Read] = functools.cache(_level_function)
"""The function ``level`` of a class, made when a model of it is first written."""


def _made(name: str, text: str, known: dict[str, Any]) -> Any:
    exec(compile(text, f"<{name}>", "exec"), known)  # noqa: S102 - the texts above
    return known[name]
