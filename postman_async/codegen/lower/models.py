"""The models that methods name, and those that these name."""

from __future__ import annotations

from postman_async.codegen.annotations import is_model, model_ref, type_of
from postman_async.codegen.ir import Field, Model, ModelRef
from postman_async.codegen.lower.source import description
from postman_async.codegen.names import field_name
from postman_async.codegen.read import Located, Spec, SpecError

__all__ = ["models"]


def models(spec: Spec, used: set[ModelRef]) -> dict[str, tuple[Model, ...]]:
    """Make the models by module, in the order of the spec."""
    parts = {model_ref(part): part for part in spec.schemas() if is_model(part)}
    made: dict[ModelRef, Model] = {}
    waiting = set(used)
    while waiting:
        ref = waiting.pop()
        made[ref] = _model(spec, parts[ref])
        waiting |= {inner for f in made[ref].fields for inner in f.type.models if inner not in made}
    modules: dict[str, list[Model]] = {}
    for ref in parts:
        if ref in made:
            modules.setdefault(ref.module, []).append(made[ref])
    return {name: tuple(modules[name]) for name in sorted(modules)}


def _model(spec: Spec, part: Located) -> Model:
    required = part.node.get("required", ())
    if "description" not in part.node:
        raise SpecError(f"{part.file}: {part.name} needs a description")
    return Model(
        model_ref(part),
        part.node["description"],
        part.node.get("additionalProperties") is True,
        tuple(
            _field(spec, part.at(node), wire, required=wire in required)
            for wire, node in part.node["properties"].items()
        ),
        part.node.get("x-python-base"),
        {
            node["x-instead-of"]: wire
            for wire, node in part.node["properties"].items()
            if "x-instead-of" in node
        },
    )


def _field(spec: Spec, part: Located, wire: str, *, required: bool) -> Field:
    doc = description(spec, part, wire)
    return Field(field_name(wire), wire, type_of(spec, part, "read"), required, doc)
