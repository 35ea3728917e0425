"""How models are read and written: what the templates ``readers`` and ``writers`` need.

A field that holds models is read in one of two ways.  A single model is read together with the
model that holds it (*eager*).  Lists and mappings of models, and models that may hold themselves,
are read at the first access (*lazy*), so that the depth of a document does not matter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import Factory, define, field, frozen

from postman_async.codegen.ir import Api, Model, ModelRef
from postman_async.codegen.names import snake

__all__ = ["FieldPlan", "Group", "ModelFunctions", "groups"]

Kinds: TypeAlias = Mapping[str, ModelRef]
"""The models that an annotation names."""


@frozen
class FieldPlan:
    """How one field is read and written.

    Args:
        name: its Python name.
        wire: its key in the document.
        model: the model of an eager field.
        reader: the function that reads a lazy field.
        item: the model of the items, where a lazy field is a list of one model.

    """

    name: str
    wire: str
    model: ModelRef | None = None
    reader: str | None = None
    item: ModelRef | None = None


@frozen
class ModelFunctions:
    """The fields of a model, by the way they are read."""

    ref: ModelRef
    fields: tuple[FieldPlan, ...]

    @property
    def name(self) -> str:
        """The name of the model in the names of its functions."""
        return snake(self.ref.name)

    @property
    def plain(self) -> list[FieldPlan]:
        """The fields that hold no model."""
        return [f for f in self.fields if f.model is None and f.reader is None]

    @property
    def eager(self) -> list[FieldPlan]:
        """The fields whose model is read with this one."""
        return [f for f in self.fields if f.model is not None]

    @property
    def lazy(self) -> list[FieldPlan]:
        """The fields that are read at their first access."""
        return [f for f in self.fields if f.reader is not None]


@define
class Group:
    """The models of one module, and the functions that read their lazy fields.

    Args:
        readers: the expression that each function returns for its ``value``, by its name.
        used: the models whose readers or writers are called.

    """

    name: str
    models: list[ModelFunctions] = field(factory=list)
    readers: dict[str, str] = field(factory=dict)
    used: set[ModelRef] = field(factory=set)

    def lazy_fields(self, model: Model) -> list[str]:
        """Return the names of the lazy fields of a model."""
        return [f.name for found in self.models if found.ref == model.ref for f in found.lazy]

    @property
    def imports(self) -> dict[str, list[ModelRef]]:
        """The models of other modules, by their module."""
        found: dict[str, list[ModelRef]] = {}
        for ref in sorted(self.used):
            if ref.module != self.name:
                found.setdefault(ref.module, []).append(ref)
        return found


def groups(api: Api) -> dict[str, Group]:
    """Return the plans of the models, by their module."""
    made: dict[str, Group] = {}
    eager = _EagerModels.of(model for models in api.models.values() for model in models)
    for name, models in api.models.items():
        group = made[name] = Group(name)
        for model in models:
            fields = tuple(_field_plans(model, group, eager))
            group.models.append(ModelFunctions(model.ref, fields))
    return made


def _field_plans(model: Model, group: Group, eager: _EagerModels) -> Iterator[FieldPlan]:
    for each in model.fields:
        kinds = {ref.name: ref for ref in each.type.models}
        kind = ast.parse(each.type.python, mode="eval").body
        group.used |= each.type.models
        if not kinds:
            yield FieldPlan(each.name, each.wire)
            continue
        single = _single(kind, kinds)
        if single and not eager.leads(single, model.ref):
            yield FieldPlan(each.name, each.wire, model=single)
        else:
            reader = f"read_{'optional_' if single else ''}{_name(kind, kinds)}"
            group.readers[reader] = _expression(kind, "value", kinds)
            yield FieldPlan(each.name, each.wire, reader=reader, item=_item(kind, kinds))


# -- which fields are eager --------------------------------------------------------------------


@frozen
class _EagerModels:
    """The models that each model holds in a field of its own."""

    held: Mapping[ModelRef, frozenset[ModelRef]] = Factory(dict)

    @classmethod
    def of(cls, models: Iterable[Model]) -> _EagerModels:
        return cls({model.ref: frozenset(_held(model)) for model in models})

    def leads(self, start: ModelRef, end: ModelRef) -> bool:
        """Whether a model holds another one, at any depth, or is the same."""
        waiting, seen = [start], {start}
        while waiting:
            ref = waiting.pop()
            if ref == end:
                return True
            new = self.held.get(ref, frozenset()) - seen
            seen |= new
            waiting += new
        return False


def _held(model: Model) -> Iterator[ModelRef]:
    for each in model.fields:
        kinds = {ref.name: ref for ref in each.type.models}
        single = _single(ast.parse(each.type.python, mode="eval").body, kinds)
        if single is not None:
            yield single


def _single(kind: ast.expr, kinds: Kinds) -> ModelRef | None:
    """Return the model of a field that holds one, and nothing else that holds models."""
    holding = _holding(kind, kinds)
    if len(holding) == 1 and isinstance(holding[0], ast.Name):
        return kinds[holding[0].id]
    return None


def _item(kind: ast.expr, kinds: Kinds) -> ModelRef | None:
    """Return the model of a list; None for anything else, and for a list of several models."""
    holding = _holding(kind, kinds)
    if (
        len(holding) == 1
        and isinstance(holding[0], ast.Subscript)
        and _origin(holding[0]) == "list"
    ):
        return _single(holding[0].slice, kinds)
    return None


# -- annotations -------------------------------------------------------------------------------


def _members(kind: ast.expr) -> list[ast.expr]:
    """Return the alternatives of a union."""
    if isinstance(kind, ast.BinOp):
        return [*_members(kind.left), *_members(kind.right)]
    return [kind]


def _holding(kind: ast.expr, kinds: Kinds) -> list[ast.expr]:
    """Return the alternatives that are a model or hold models."""
    return [
        member
        for member in _members(kind)
        if any(isinstance(node, ast.Name) and node.id in kinds for node in ast.walk(member))
    ]


def _origin(kind: ast.Subscript) -> str:
    assert isinstance(kind.value, ast.Name)
    return kind.value.id


def _inner(kind: ast.Subscript) -> ast.expr:
    """Return the type of the items of a list, or of the values of a mapping."""
    return kind.slice.elts[1] if isinstance(kind.slice, ast.Tuple) else kind.slice


def _name(kind: ast.expr, kinds: Kinds) -> str:
    """Spell a type out, for the name of its function: ``list_of_execution``."""
    parts = []
    for member in _holding(kind, kinds):
        if isinstance(member, ast.Subscript):
            parts.append(f"{_origin(member)}_of_{_name(_inner(member), kinds)}")
        elif isinstance(member, ast.Name):
            parts.append(snake(member.id))
    return "_or_".join(parts)


def _expression(kind: ast.expr, value: str, kinds: Kinds, depth: int = 0) -> str:
    """Write the expression that reads a value; a value of another type is kept."""
    text, item, key = value, f"item{depth or ''}", f"key{depth or ''}"
    for member in reversed(_holding(kind, kinds)):
        if isinstance(member, ast.Name):
            text = f"read_{snake(member.id)}({value}) if type({value}) is dict else {text}"
            continue
        assert isinstance(member, ast.Subscript)
        inner = _expression(_inner(member), item, kinds, depth + 1)
        if _origin(member) == "list":
            text = f"[{inner} for {item} in {value}] if type({value}) is list else {text}"
        else:
            items = f"{key}: {inner} for {key}, {item} in {value}.items()"
            text = f"{{{items}}} if type({value}) is dict else {text}"
    return text
