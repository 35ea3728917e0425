"""Pydantic models equal to ours: the same fields, names and types, unknown keys kept."""

from __future__ import annotations

import functools
import types
from typing import Any, Literal, Union, get_args, get_origin

import pydantic
from attrs import NOTHING, fields, has, resolve_types

from postman_async import models

__all__ = ["answer_model", "equal_model", "made_models"]

_CONFIG = pydantic.ConfigDict(extra="allow", populate_by_name=True)
_MADE: dict[str, type[pydantic.BaseModel]] = {}


def equal_model(name: str) -> type[pydantic.BaseModel]:
    """Return the pydantic model that equals the one of `postman_async.models` of that name."""
    cls = getattr(models, name)
    _make(cls)
    for made in _MADE.values():
        made.model_rebuild(_types_namespace=_MADE)
    return _MADE[name]


@functools.cache
def answer_model(key: str) -> type[pydantic.BaseModel]:
    """Return the model of a whole answer, ``{key: document}``."""
    name = {"run": "MonitorRun", "environment": "Environment", "collection": "Collection"}[key]
    made: Any = pydantic.create_model("Answer", **{key: (equal_model(name), ...)})  # type: ignore[call-overload]
    _MADE["Answer"] = made
    return made  # type: ignore[no-any-return]


def made_models() -> list[tuple[str, type[pydantic.BaseModel]]]:
    """Return the models made so far, by their names."""
    return list(_MADE.items())


def _make(cls: Any) -> None:
    if cls.__name__ in _MADE:
        return
    _MADE[cls.__name__] = pydantic.BaseModel  # a placeholder, for classes that hold themselves
    resolve_types(cls)
    content: dict[str, Any] = {}
    for attribute in fields(cls):
        if attribute.name.startswith("_"):
            continue
        wire = cls.wire_names.get(attribute.name, attribute.name)
        default = ... if attribute.default is NOTHING else None
        field = pydantic.Field(default, alias=wire)
        content[attribute.name] = (_annotation(attribute.type), field)
    _MADE[cls.__name__] = pydantic.create_model(cls.__name__, __config__=_CONFIG, **content)


def _annotation(kind: Any) -> Any:
    """Translate a type; our classes become forward references by name."""
    if isinstance(kind, type) and has(kind):
        _make(kind)
        return f"{kind.__name__}"
    origin = get_origin(kind)
    if origin is None or origin is Literal:
        return kind
    inner = [_annotation(member) for member in get_args(kind)]
    if origin in (Union, types.UnionType):
        return Union[tuple(_forward(member) for member in inner)]  # noqa: UP007 - forward names
    return types.GenericAlias(origin, tuple(_forward(member) for member in inner))


def _forward(member: Any) -> Any:
    from typing import ForwardRef

    return ForwardRef(member) if isinstance(member, str) else member
