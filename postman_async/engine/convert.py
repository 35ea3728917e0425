"""The one converter between JSON data and models: nothing is coerced, nothing is lost.

It works on any attrs class with `wire_names`, ``_extra`` and ``_nulls`` (see
`postman_async.models.base.Model`) and knows no model by name.

- A value whose JSON type is not the promised one is kept as it came.
- Keys the class has no field for go to its ``extra``; explicit nulls are remembered.
- Hooks are made once for each class, when it is first met.
"""

from __future__ import annotations

import functools
import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

from attrs import NOTHING, fields, has, resolve_types
from cattrs import Converter, override
from cattrs.gen import make_dict_structure_fn

__all__ = ["from_dict", "load_model", "to_dict"]

T = TypeVar("T")
Hook: TypeAlias = Callable[[Any, Any], Any]


class _Keep:
    """The hook of plain JSON values.  Being falsy, cattrs inlines it as a plain copy."""

    __slots__ = ()

    def __call__(self, value: Any, _: Any = None) -> Any:
        return value

    def __bool__(self) -> Literal[False]:
        return False


KEEP = _Keep()


def members(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union without None; of anything else, itself."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(a for a in get_args(annotation) if a is not types.NoneType)
    return (annotation,)


def _holds_model(annotation: Any) -> bool:
    if any(has(a) for a in members(annotation) if isinstance(a, type)):
        return True
    return any(_holds_model(inner) for a in members(annotation) for inner in get_args(a))


def _hook(converter: Converter, annotation: Any) -> Hook:
    """Make the hook of a field's type: by the value's JSON type, or `KEEP`."""
    by_type: dict[type, Hook] = {}
    for member in filter(_holds_model, members(annotation)):
        if get_origin(member) is list:
            by_type[list] = _list_hook(converter, get_args(member)[0])
        elif get_origin(member) is dict:
            by_type[dict] = _dict_hook(converter, get_args(member)[1])
        else:
            by_type[dict] = _model_hook(converter, member)
    return _choose(by_type) if by_type else KEEP


def _choose(by_type: dict[type, Hook]) -> Hook:
    find = by_type.get

    def hook(value: Any, annotation: Any) -> Any:
        chosen = find(type(value))
        return value if chosen is None else chosen(value, annotation)

    return hook


def _list_hook(converter: Converter, inner: Any) -> Hook:
    hook = _hook(converter, inner)
    return lambda value, _: [hook(item, inner) for item in value]


def _dict_hook(converter: Converter, inner: Any) -> Hook:
    hook = _hook(converter, inner)
    return lambda value, _: {key: hook(item, inner) for key, item in value.items()}


def _model_hook(converter: Converter, cls: Any) -> Hook:
    """Look the class's hook up at the first value, so that classes may hold themselves."""
    found: list[Hook] = []

    def hook(value: Any, _: Any) -> Any:
        if not found:
            found.append(converter.get_structure_hook(cls))
        return found[0](value, cls)

    return hook


def wire_fields(cls: Any) -> dict[str, str]:
    """Python name to wire name of a model's fields."""
    names: Mapping[str, str] = cls.wire_names
    return {a.name: names.get(a.name, a.name) for a in fields(cls) if not a.name.startswith("_")}


def _structure_factory(cls: Any) -> Hook:
    """Build the hook of a model: cattrs fills the fields, the rest is remembered beside them."""
    resolve_types(cls)
    names = wire_fields(cls)
    overrides = {
        a.name: override(rename=names[a.name], struct_hook=_hook(CONVERTER, a.type))
        if a.name in names
        else override(omit=True)
        for a in fields(cls)
    }
    fill = make_dict_structure_fn(
        cls,
        CONVERTER,
        _cattrs_detailed_validation=False,
        _cattrs_use_linecache=False,
        **overrides,  # type: ignore[arg-type]
    )
    required = tuple(names[a.name] for a in fields(cls) if a.name in names and a.default is NOTHING)
    return _remembering(fill, required, {wire: name for name, wire in names.items()})


def _remembering(fill: Any, required: tuple[str, ...], names: Mapping[str, str]) -> Hook:
    """Add what cattrs does not know of: unknown keys, explicit nulls, missing required keys."""
    all_known = frozenset(names).issuperset

    def hook(value: Any, cls: Any) -> Any:
        if not isinstance(value, dict):
            return value
        missing = [key for key in required if key not in value]
        model = fill({**dict.fromkeys(missing), **value} if missing else value, cls)
        if not all_known(value):
            model._extra = {key: item for key, item in value.items() if key not in names}
        if None in value.values():
            model._nulls = {names[key] for key, v in value.items() if v is None and key in names}
        return model

    return hook


def _unstructure_factory(cls: Any) -> Callable[[Any], dict[str, Any]]:
    names = tuple(wire_fields(cls).items())

    def hook(model: Any) -> dict[str, Any]:
        nulls = model._nulls or ()
        content: dict[str, Any] = {}
        for name, wire in names:
            value = getattr(model, name)
            if value is not None or name in nulls:
                content[wire] = to_dict(value)
        if model._extra:
            content.update(to_dict(model._extra))
        return content

    return hook


def _is_model(cls: Any) -> bool:
    return has(cls) and hasattr(cls, "wire_names")


CONVERTER = Converter()
"""The one converter; its hooks are made when a class is first met."""

CONVERTER.register_structure_hook_factory(_is_model, functools.cache(_structure_factory))
CONVERTER.register_unstructure_hook_factory(_is_model, functools.cache(_unstructure_factory))


def from_dict(data: Any, model: type[T]) -> T:
    """Make a model from JSON data (a mapping); what is no mapping comes back as it is."""
    made: T = CONVERTER.get_structure_hook(model)(data, model)
    return made


def to_dict(value: Any) -> Any:
    """Make JSON data from a model, or from lists and mappings that hold models."""
    if isinstance(value, str | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {key: to_dict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_dict(item) for item in value]
    if _is_model(type(value)):
        return CONVERTER.get_unstructure_hook(type(value))(value)
    return value


@functools.cache
def load_model(reference: str) -> Any:
    """Import the model that an operation names as ``module:Class``."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(f"postman_async.models.{module}"), name)
