"""Which fields of a model are read with it and which at their first access, and by what source."""

from __future__ import annotations

import ast

import pytest

from postman_async.codegen.ir import Api, Field, Model, ModelRef, Type
from postman_async.codegen.lower import lower
from postman_async.codegen.read import read
from postman_async.codegen.readers import Group, groups
from postman_async.engine.data.convert import load_model
from postman_async.engine.data.plan import plan_of, writer_of

REFS = [model.ref for models in lower(read()).models.values() for model in models]


def group_of(**kinds: dict[str, str]) -> Group:
    """Make the plans of models, given the annotations of their fields."""
    refs = {name: ModelRef("things", name) for name in kinds}

    def made(name: str, kind: str) -> Field:
        named = {node.id for node in ast.walk(ast.parse(kind)) if isinstance(node, ast.Name)}
        models = frozenset(refs[each] for each in named & refs.keys())
        return Field(name, name, Type(kind, models), required=False, doc="it.")

    models = [
        Model(refs[name], "it.", False, tuple(made(*item) for item in fields.items()))
        for name, fields in kinds.items()
    ]
    return groups(Api((), {"things": tuple(models)}))["things"]


@pytest.mark.parametrize(
    ("kind", "way", "expression"),
    [
        ("str | None", "plain", ""),
        ("dict[str, Any]", "plain", ""),
        ("Part | None", "eager", ""),
        ("str | Part", "eager", ""),
        ("list[Part]", "lazy",
         "[read_part(item) if type(item) is dict else item for item in value]"
         " if type(value) is list else value"),
        ("dict[str, Part] | None", "lazy",
         "{key: read_part(item) if type(item) is dict else item for key, item in value.items()}"
         " if type(value) is dict else value"),
        ("list[list[Part]]", "lazy",
         "[[read_part(item1) if type(item1) is dict else item1 for item1 in item]"
         " if type(item) is list else item for item in value] if type(value) is list else value"),
    ],
)  # fmt: skip
def test_a_field_is_read_by_its_type(kind: str, way: str, expression: str) -> None:
    group = group_of(Thing={"field": kind}, Part={"id": "str"})
    (thing, _) = group.models
    ways = {"plain": thing.plain, "eager": thing.eager, "lazy": thing.lazy}
    assert [name for name, fields in ways.items() if fields] == [way]
    assert [*group.readers.values()] == ([expression] if expression else [])


def test_models_that_hold_themselves_or_each_other_are_lazy() -> None:
    group = group_of(A={"a": "A | None", "b": "B"}, B={"a": "A", "c": "C"}, C={"id": "int"})
    a, b, _ = group.models
    assert [f.name for f in a.lazy] == ["a", "b"]
    assert ([f.name for f in b.lazy], [f.name for f in b.eager]) == (["a"], ["c"])
    assert group.readers["read_optional_a"] == "read_a(value) if type(value) is dict else value"


@pytest.mark.parametrize("ref", REFS, ids=str)
def test_each_model_has_generated_functions_and_deletable_lazy_fields(ref: ModelRef) -> None:
    cls = load_model(str(ref))
    assert plan_of(cls).read.__module__ == f"postman_async.models.readers.{ref.module}"
    assert writer_of(cls).__module__ == f"postman_async.models.writers.{ref.module}"
    assert set(plan_of(cls).lazy) == set(cls.lazy_fields)
    model = plan_of(cls).read({})
    for name in cls.lazy_fields:
        delattr(model, name)
        assert getattr(model, name) is None
