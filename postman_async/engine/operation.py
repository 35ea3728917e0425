"""The description of one endpoint, as the generated code holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from attrs import Factory, field, frozen

if TYPE_CHECKING:
    from postman_async.options import CallOptions

__all__ = ["Caller", "FileBody", "Operation", "Parameter", "Result", "SyncCaller"]

Location: TypeAlias = Literal["path", "query", "field", "document"]
"""Where an argument goes: into the path, the query, a key of the body, or it *is* the body."""

Paging: TypeAlias = Literal["cursor", "offset"]


@frozen
class Parameter:
    """One argument of an operation: its Python name, its name on the wire, its location.

    Args:
        kind_of: the field whose kind it tells (``json``, ``string``, ``file``) when left out.

    """

    name: str
    wire: str
    location: Location
    required: bool = False
    kind_of: str | None = None


@frozen
class FileBody:
    """The body of a call when one of its fields is a file.

    Args:
        content_type: ``multipart/form-data``, or the type of the file where it is all of the body.
        fields: the wire names of the fields that can be given then.

    """

    content_type: str
    fields: tuple[str, ...]


def _is_single(result: Result) -> bool:
    return None not in {result.model, result.key} and not (result.many or result.maps)


@frozen
class Result:
    """What a 2xx answer holds.

    Args:
        model: where the class is found, as ``module:Class`` below the models package, or
            ``None`` for plain JSON.
        key: the one key of the body that is unwrapped, or ``None`` for the whole body.
        many: the value is an array of that model.
        maps: how many maps, one in the other, hold the models: 2 for ``{type: {id: model}}``.
        paging: the array is one page of many, and how the next one is asked for.
        single: it is one model under one key.

    """

    model: str | None
    key: str | None = None
    many: bool = False
    paging: Paging | None = None
    maps: int = 0
    single: bool = field(init=False, repr=False, default=Factory(_is_single, takes_self=True))


def _names(operation: Operation) -> frozenset[str]:
    return frozenset(parameter.name for parameter in operation.parameters)


def _takes_body(operation: Operation) -> bool:
    return any(parameter.location in {"field", "document"} for parameter in operation.parameters)


@frozen(kw_only=True, eq=False)
class Operation:
    """One endpoint of the service.

    Args:
        id: its public name, ``namespace.method``.
        method: the HTTP method.
        path: its path, with ``{python_name}`` where a path parameter goes.
        parameters: its arguments, in the order of the method's signature.
        wrapper: the key that the body's fields or document are wrapped in.
        file_body: the body when one of the fields is a file, where that can be.
        result: what a 2xx answer holds.
        bucket: the name of the limit it counts against besides the user's own.
        long_poll: the service answers only when its work is done, so silence is no failure.
        names: the names of its arguments.
        takes_body: whether any of them goes into a body.

    """

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    wrapper: str | None = None
    file_body: FileBody | None = None
    result: Result = field(default=Result(None))
    bucket: str | None = None
    long_poll: bool = False
    names: frozenset[str] = field(init=False, repr=False, default=Factory(_names, takes_self=True))
    takes_body: bool = field(init=False, repr=False, default=Factory(_takes_body, takes_self=True))

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does what sending it once does (GET, PUT, DELETE)."""
        return self.method in {"GET", "PUT", "DELETE"}


class Caller(Protocol):
    """What an async namespace needs of its client."""

    async def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Send one call and return its parsed answer."""
        ...

    @property
    def raw(self) -> Caller:
        """The same client, whose answers are `RawResponse` objects."""
        ...


class SyncCaller(Protocol):
    """What a sync namespace needs of its client."""

    def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Send one call and return its parsed answer."""
        ...

    @property
    def raw(self) -> SyncCaller:
        """The same client, whose answers are `RawResponse` objects."""
        ...
