"""The intermediate form: what the templates need to know, and nothing of OpenAPI."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

__all__ = [
    "Api",
    "Bucket",
    "Failure",
    "Field",
    "FileBody",
    "Method",
    "Model",
    "ModelRef",
    "Namespace",
    "Param",
    "Result",
    "Type",
]


@frozen(order=True)
class ModelRef:
    """A model class, and the module of the models package it is in."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


@frozen
class Type:
    """A Python annotation and the models it names."""

    python: str
    models: frozenset[ModelRef] = frozenset()


@frozen
class Param:
    """A parameter of a method.

    Args:
        positional: it can be given without its name.
        kind_of: the wire name of the field whose kind it tells when left out.

    """

    name: str
    wire: str
    location: Literal["path", "query", "field", "document"]
    type: Type
    required: bool
    doc: str
    positional: bool = False
    kind_of: str | None = None


@frozen
class FileBody:
    """What a body is like that holds a file: its content type and its fields."""

    content_type: str
    fields: tuple[str, ...]


@frozen
class Result:
    """The answer of a method.

    Args:
        item: the type of one entry where it is an array.
        model: its model, or that of its entries.
        key: the key of the body that is unwrapped.
        maps: how many maps, one in the other, hold the models.

    """

    type: Type
    doc: str
    item: Type | None = None
    model: ModelRef | None = None
    key: str | None = None
    maps: int = 0


@frozen
class Failure:
    """An error that a method can raise, and when."""

    error: str
    doc: str


@frozen
class Method:
    """An operation as a method of its namespace.

    Args:
        path: its path, with ``{parameter}`` where one goes.
        wrapper: the key that the body is wrapped in.
        file_body: the body when one of the fields is a file.
        paging: how further pages are asked for.

    """

    id: str
    name: str
    http: str
    path: str
    summary: str
    description: str
    params: tuple[Param, ...]
    wrapper: str | None
    file_body: FileBody | None
    result: Result
    paging: Literal["cursor", "offset"] | None
    bucket: str | None
    long_poll: bool
    failures: tuple[Failure, ...]

    @property
    def models(self) -> frozenset[ModelRef]:
        """The models that its signature names."""
        return self.result.type.models.union(*(p.type.models for p in self.params))

    @property
    def positional(self) -> tuple[Param, ...]:
        """The positional parameters."""
        return tuple(p for p in self.params if p.positional)

    @property
    def rest(self) -> tuple[Param, ...]:
        """The keyword-only parameters, required ones first."""
        named = [p for p in self.params if not p.positional]
        return tuple(sorted(named, key=lambda p: not p.required))

    @property
    def iterator(self) -> str:
        """The name of the method that walks over all pages."""
        return "iter" if self.name == "list" else f"iter_{self.name.removeprefix('list_')}"

    @property
    def fixed_paging(self) -> frozenset[str]:
        """The parameters that the walk over all pages sets by itself."""
        return frozenset({self.paging} if self.paging else ())


@frozen
class Field:
    """A field of a model."""

    name: str
    wire: str
    type: Type
    required: bool
    doc: str


@frozen
class Model:
    """A class of the models package.

    Args:
        base: the hand-written class that it extends, if any.

    """

    ref: ModelRef
    doc: str
    open_ended: bool
    fields: tuple[Field, ...]
    base: str | None = None

    @property
    def wire_names(self) -> dict[str, str]:
        """Python name to wire name, where the two differ."""
        return {f.name: f.wire for f in self.fields if f.name != f.wire}


@frozen
class Namespace:
    """One attribute of the client.

    Args:
        base: the hand-written class that it extends, if any.

    """

    name: str
    class_name: str
    doc: str
    methods: tuple[Method, ...]
    base: str | None = None


@frozen
class Bucket:
    """A published limit: at most so many calls in so many seconds; None counts every call."""

    name: str | None
    calls: int
    seconds: float


@frozen
class Api:
    """The whole: namespaces by name, models by module, and the limits."""

    namespaces: tuple[Namespace, ...]
    models: dict[str, tuple[Model, ...]] = field(factory=dict)
    buckets: tuple[Bucket, ...] = ()
