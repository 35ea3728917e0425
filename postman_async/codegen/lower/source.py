"""One operation of the spec, as the steps of `lower` see it."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from postman_async.codegen.annotations import is_model, model_ref, type_of
from postman_async.codegen.ir import ModelRef, Type
from postman_async.codegen.read import Located, Node, Spec, SpecError

__all__ = ["Source", "description"]


@frozen
class Source:
    """An operation, and the spec that its references point into.

    Args:
        spec: the whole spec.
        http: the HTTP method.
        path: the path, as the spec writes it.
        part: the operation itself.
        item: the path item that holds it.

    """

    spec: Spec
    http: str
    path: str
    part: Located
    item: Located

    @property
    def node(self) -> Node:
        """The words of the operation."""
        return self.part.node

    @property
    def id(self) -> str:
        """The public name."""
        return str(self.node.get("operationId"))

    def error(self, complaint: str) -> SpecError:
        """Make the error that names the file and the operation."""
        return SpecError(f"{self.part.file}: {self.id} {complaint}")

    def word(self, name: str, default: Any = None) -> Any:
        """Return what the spec says, or the default."""
        return self.node.get(name, default)

    def resolve(self, part: Located) -> Located:
        """Follow a reference."""
        return self.spec.resolve(part)

    def read(self, part: Located) -> Type:
        """Return the annotation of what is read."""
        return type_of(self.spec, part, "read")

    def give(self, part: Located) -> Type:
        """Return the annotation of what a caller gives."""
        return type_of(self.spec, part, "give")

    def model(self, part: Located) -> ModelRef | None:
        """Return the model of a schema, if it is one."""
        return model_ref(part) if is_model(part) else None


def description(spec: Spec, part: Located, name: str) -> str:
    """Return the description of a parameter or a field, which every one must have."""
    doc: str | None = spec.resolve(part).node.get("description")
    if not doc:
        raise SpecError(f"{part.file}: {name} needs a description")
    return doc
