"""From schemas to Python annotations.

A type is written for one of two roles: what is *read* is exact (``list[Ref]``), what a caller
*gives* is generous (``Sequence[Ref | Mapping[str, Any]]``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from postman_async.codegen.ir import ModelRef, Type
from postman_async.codegen.read import Located, Spec, SpecError

__all__ = ["Role", "is_model", "model_ref", "type_of", "union"]

Role: TypeAlias = Literal["read", "give"]

_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_FILE = "bytes | PathLike[str] | BinaryIO"
_ORDER = ("None",)
"""What stands last in a union."""


def is_model(part: Located) -> bool:
    """Whether a resolved schema is a class of its own."""
    return "properties" in part.node and part.name is not None


def model_ref(part: Located) -> ModelRef:
    """Return where the class of a named schema is."""
    assert part.name is not None
    return ModelRef(part.file.removesuffix(".yaml").replace("/", "_"), part.name)


def union(types: Iterable[Type]) -> Type:
    """Join types, each named once, ``None`` last."""
    given = list(types)
    names = dict.fromkeys(name for t in given for name in _alternatives(t.python))
    ordered = sorted(names, key=lambda name: name in _ORDER)
    return Type(" | ".join(ordered), frozenset().union(*(t.models for t in given)))


def _alternatives(python: str) -> list[str]:
    """Split a union at its top level."""
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(python):
        depth += (letter == "[") - (letter == "]")
        if letter == "|" and depth == 0:
            parts.append(python[start:index].strip())
            start = index + 1
    return [*parts, python[start:].strip()]


def type_of(spec: Spec, part: Located, role: Role) -> Type:
    """Return the annotation of a schema."""
    found = spec.resolve(part)
    node = found.node
    if is_model(found):
        return _model(found, role)
    if "properties" in node:
        raise SpecError(f"{part.file}: an object needs a name in components: {list(node)}")
    if "contentMediaType" in node:
        return union([Type(_FILE)])
    if "oneOf" in node:
        return union(type_of(spec, found.at(choice), role) for choice in node["oneOf"])
    if "x-known-values" in node:
        values = ", ".join(f'"{value}"' for value in node["x-known-values"])
        return union([Type(f"Literal[{values}]"), *_by_names(spec, found, role)])
    return union(_by_names(spec, found, role))


def _model(part: Located, role: Role) -> Type:
    ref = model_ref(part)
    python = ref.name if role == "read" else f"{ref.name} | Mapping[str, Any]"
    return Type(python, frozenset({ref}))


def _by_names(spec: Spec, part: Located, role: Role) -> list[Type]:
    """Read ``type``, which is one name or several."""
    names = part.node.get("type")
    if names is None:
        return [Type("Any")]
    listed = [names] if isinstance(names, str) else names
    return [_by_name(spec, name, part, role) for name in listed]


def _by_name(spec: Spec, name: str, part: Located, role: Role) -> Type:
    if name == "array":
        return _holding(spec, part, "items", "list[{}]" if role == "read" else "Sequence[{}]", role)
    if name == "object":
        form = "dict[str, {}]" if role == "read" else "Mapping[str, {}]"
        return _holding(spec, part, "additionalProperties", form, role)
    if part.node.get("format") == "date-time" and role == "give":
        return Type("str | datetime")
    if name not in _PLAIN:
        raise SpecError(f"{part.file}: there is no type {name!r}")
    return Type(_PLAIN[name])


def _holding(spec: Spec, part: Located, key: str, form: str, role: Role) -> Type:
    inner = part.node.get(key)
    entry = type_of(spec, part.at(inner), role) if isinstance(inner, dict) else Type("Any")
    return Type(form.format(entry.python), entry.models)
