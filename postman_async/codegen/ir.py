"""The intermediate form: what the templates need to know, and nothing of OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import Factory, field, frozen

__all__ = [
    "Api",
    "Bucket",
    "Credential",
    "Failure",
    "Field",
    "FileBody",
    "Method",
    "Model",
    "ModelRef",
    "Namespace",
    "Param",
    "Result",
    "TaskStart",
    "Type",
]

Credential: TypeAlias = Literal["key", "none", "basic", "scim"]
Location: TypeAlias = Literal["path", "query", "header", "field", "document", "user", "password"]


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
        name: the Python name.
        wire: the name on the wire.
        location: where the argument goes.
        type: what may be given.
        required: whether it must be given.
        doc: what it is, as a sentence.
        positional: it can be given without its name.
        kind_of: the wire name of the field whose kind it names by default.
        joined: a sequence is sent as one value, separated by commas.
        integer: it is a path parameter that is a number.
        flag: what is sent for True.
        replaces_key: when it is given, the API key is not sent.

    """

    name: str
    wire: str
    location: Location
    type: Type
    required: bool
    doc: str
    positional: bool = False
    kind_of: str | None = None
    joined: bool = False
    integer: bool = False
    flag: str | None = None
    replaces_key: bool = False


@frozen
class FileBody:
    """What a body is like that holds a file: its content type and its fields."""

    content_type: str
    fields: tuple[str, ...]


@frozen
class Result:
    """The answer of a method.

    Args:
        type: the annotation of the value.
        doc: what it is.
        item: the type of one entry where it is an array.
        model: its model, or that of its entries.
        key: the key, or the keys joined by dots, under which the value is.
        maps: how many maps, one in the other, hold the models.
        meta: the key of what is said about a page.
        optional_key: the value may come without the key.
        text: the body is text, only or unless its type says that it is JSON.
        empty: the statuses whose answers have no body.

    """

    type: Type
    doc: str
    item: Type | None = None
    model: ModelRef | None = None
    key: str | None = None
    maps: int = 0
    meta: str = "meta"
    optional_key: bool = False
    text: Literal["only", "also"] | None = None
    empty: tuple[int, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether there is no value at all."""
        return self.type.python == "None"


@frozen
class TaskStart:
    """How the work that a method starts is followed; the words are those of the spec's `x-task`.

    Args:
        others: the path parameters of the look besides the id of the task.

    """

    look: str
    result: Result | None
    id: str | None = None
    address: str | None = None
    status: str = "status"
    reason: str | None = None
    expires: bool = False
    when: str | None = None
    others: tuple[str, ...] = ()

    @property
    def type(self) -> Type:
        """The annotation of the handle."""
        result = Type("None") if self.result is None else self.result.type
        return Type(f"Task[{result.python}]", result.models)


@frozen
class Failure:
    """An error that a method can raise: its class, when, and the service's names for it."""

    error: str
    doc: str
    names: tuple[str, ...] = ()


@frozen
class Method:
    """An operation as a method of its namespace.

    Args:
        path: its path, with ``{parameter}`` where one goes.
        params: its parameters, in the order of the request.
        headers: the headers that every call sends.
        query: the query parameters that every call sends.
        wrapper: the key that the body is wrapped in.
        content_type: the type of a JSON body.
        file_body: the body when one of the fields is a file.
        redirects: the statuses from 300 to 399 that are answers.
        paging: how further pages are asked for.
        fixed_paging: the parameters that a walk over all pages sets by itself.
        failures: the errors that are special to it.
        deprecated: what to use instead, as a sentence; ``None`` for a method that is current.
        echo: the keys that lead to where the answer repeats the last id of the path.

    """

    id: str
    name: str
    http: str
    path: str
    summary: str
    description: str
    params: tuple[Param, ...]
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    wrapper: str | None
    content_type: str
    file_body: FileBody | None
    result: Result
    task: TaskStart | None
    redirects: tuple[int, ...]
    paging: Literal["cursor", "offset", "scim"] | None
    fixed_paging: frozenset[str]
    bucket: str | None
    long_poll: bool
    safe: bool
    credential: Credential
    failures: tuple[Failure, ...]
    deprecated: str | None
    echo: tuple[str, ...] = ()

    @property
    def returns(self) -> str:
        """The annotation of what it returns; see `overloads` for a task that is optional."""
        if self.task is None:
            return self.result.type.python
        if self.task.when is None:
            return self.task.type.python
        return f"{self.task.type.python} | {self.result.type.python}"

    @property
    def overloads(self) -> tuple[tuple[str, str], ...]:
        """The annotations of the parameter that asks for a task, each with what is returned."""
        if self.task is None or self.task.when is None:
            return ()
        plain, task = self.result.type.python, self.task.type.python
        return (
            ("Literal[True]", task),
            ("Literal[False] | Unset = UNSET", plain),
            ("bool", f"{task} | {plain}"),
        )

    @property
    def models(self) -> frozenset[ModelRef]:
        """The models that its signature names."""
        types = [self.result.type, *(p.type for p in self.params)]
        if self.task is not None:
            types.append(self.task.type)
        return frozenset().union(*(t.models for t in types))

    @property
    def positional(self) -> tuple[Param, ...]:
        """The positional parameters."""
        return tuple(p for p in self.params if p.positional)

    @property
    def echoed(self) -> str:
        """The parameter that the answer repeats."""
        return [p.name for p in self.params if p.location == "path"][-1]

    @property
    def rest(self) -> tuple[Param, ...]:
        """The keyword-only parameters, required ones first."""
        named = [p for p in self.params if not p.positional]
        return tuple(sorted(named, key=lambda p: not p.required))

    @property
    def iterator(self) -> str:
        """The name of the method that walks over all pages."""
        return "iter" if self.name == "list" else f"iter_{self.name.removeprefix('list_')}"


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
        stand_ins: wire names of required fields, and of those that can be in their places.

    """

    ref: ModelRef
    doc: str
    open_ended: bool
    fields: tuple[Field, ...]
    base: str | None = None
    stand_ins: Mapping[str, str] = Factory(dict)

    @property
    def wire_names(self) -> dict[str, str]:
        """Python name to wire name, where the two differ."""
        return {f.name: f.wire for f in self.fields if f.name != f.wire}


@frozen
class Namespace:
    """One attribute of the client, or of another namespace.

    Args:
        name: its name, ``collections`` or ``collections.comments``.
        module: the name of its modules.
        class_name: the name of its class.
        base: the hand-written class that it extends, if any.
        children: its sub-namespaces.

    """

    name: str
    module: str
    class_name: str
    doc: str
    methods: tuple[Method, ...]
    base: str | None = None
    children: tuple[Namespace, ...] = ()

    @property
    def attribute(self) -> str:
        """The attribute under which it is found."""
        return self.name.rpartition(".")[2]


@frozen
class Bucket:
    """A published limit: at most so many calls in so many seconds; None counts every call."""

    name: str | None
    calls: int
    seconds: float


@frozen
class Api:
    """The whole: all namespaces, models by module, and the limits."""

    namespaces: tuple[Namespace, ...]
    models: dict[str, tuple[Model, ...]] = field(factory=dict)
    buckets: tuple[Bucket, ...] = ()

    @property
    def top(self) -> tuple[Namespace, ...]:
        """The namespaces that are attributes of the client."""
        return tuple(n for n in self.namespaces if "." not in n.name)

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods of all namespaces."""
        return tuple(method for n in self.namespaces for method in n.methods)
